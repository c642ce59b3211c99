"""GStreamer's RTSP server for a test: where it listens and what it says it sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers.process import running, wait_for

SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian's Python, for which the GObject bindings are packaged."""

SCRIPT = Path(__file__).with_name("gst_rtsp.py")


@dataclass(frozen=True, slots=True)
class SentByGst:
    """What the server's side counts for one client."""

    mount: str
    units: int
    packets: int
    ended: bool


@dataclass(frozen=True, slots=True)
class GstPeer:
    """A running server. ``digests`` are the SHA-256 of the slices of the clip's access units, in order."""

    urls: tuple[str, ...]
    counts_path: Path

    def _counts(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.counts_path.read_text())
        return told

    @property
    def digests(self) -> list[str]:
        """Unit n of a client has digest n modulo their number."""
        return list(self._counts()["digests"])

    def sent(self) -> list[SentByGst]:
        """The counts, at most a second old; final once the peer has stopped."""
        return [SentByGst(**client) for client in self._counts()["clients"]]


@contextmanager
def gst_rtsp(clip: Path, folder: Path, *, mounts: int = 1, address: str = "127.0.0.1") -> Iterator[GstPeer]:
    """Serve an H.264 MP4 on ``mounts`` URLs; log and counts go to ``folder``."""
    log, counts = folder / "gst-rtsp.log", folder / "gst-rtsp.json"
    python = SYSTEM_PYTHON if Path(SYSTEM_PYTHON).exists() else sys.executable
    command = [python, str(SCRIPT), "--clip", str(clip), "--mounts", str(mounts), "--address", address]
    with running([*command, "--counts", str(counts)], log) as process:

        def urls() -> tuple[str, ...] | None:
            lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith('{"event"')]
            return tuple(json.loads(lines[0])["urls"]) if lines else None

        yield GstPeer(wait_for(process, log, urls), counts)
