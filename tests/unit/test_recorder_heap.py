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
