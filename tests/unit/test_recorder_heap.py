"""What a recorder's process holds before its first camera: no decoders, one heap, a collector that seldom walks."""

from __future__ import annotations

import subprocess
import sys


def said(program: str) -> str:
    """What a program of its own prints."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_no_decoder_is_loaded_where_no_camera_is_masked() -> None:
    loaded = "import sys, recorder.service; print({'av', 'cv2', 'numpy'} & set(sys.modules))"
    assert said(loaded) == "set()"


def test_a_settled_process_still_frees_cycles_and_returns_large_blocks() -> None:
    program = (
        "import gc, weakref\n"
        "from recorder import heap\n"
        "heap.settle()\n"
        "class Node: pass\n"
        "node = Node(); node.me = node; seen = weakref.ref(node); del node\n"
        "big = bytes(8 << 20); del big\n"
        "gc.collect()\n"
        "print(gc.get_freeze_count() > 1000, gc.get_threshold()[0] == heap.YOUNG_LIMIT_COUNT, seen() is None)"
    )
    assert said(program) == "True True True"


def test_what_a_stall_has_filled_is_given_back_and_what_comes_and_goes_is_kept() -> None:
    program = (
        "import re\n"
        "from recorder import heap\n"
        "from pathlib import Path\n"
        "def held_mib():\n"
        "    told = Path('/proc/self/smaps_rollup').read_text()\n"
        "    return int(re.search('Rss: +([0-9]+)', told)[1]) // 1024\n"
        "heap.settle()\n"
        "ours = heap.Heap()\n"
        "pieces = [b'x' * 100_000 for _ in range(3000)]\n"
        "kept = pieces[9::10]\n"
        "full = held_mib()\n"
        "busy = [ours.give_back() for _ in range(40)]\n"
        "del pieces\n"
        "looks = [ours.give_back() for _ in range(heap.LOOKS_COUNT + 5)]\n"
        "print(any(busy), looks.index(True) == heap.LOOKS_COUNT - 1, sum(looks), full - held_mib() > 200)"
    )
    assert said(program) == "False True 1 True"
