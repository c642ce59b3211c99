"""Decodes an uploaded photograph and writes it anew, in a process of its own that dies with it.

What comes out has nothing of the file that came in but its picture, turned upright: no position, no camera's serial
number, no second file behind it. The process has no session, no key and no socket; its memory and its time are bounded.

In: the file on stdin. Out: a JPEG on stdout and status 0, or a refusal as JSON and status ``REFUSED``.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import cv2
import numpy as np

from vms.errors import BadInput
from web.photo_header import UPLOAD_LIMIT_BYTES, damaged, photo_size

REFUSED: Final = 3
SIDE_LIMIT_PX: Final = 1600
SIDES_PX: Final = (SIDE_LIMIT_PX, 1000, 600)
KEPT_LIMIT_BYTES: Final = 300 * 1024
QUALITIES: Final = (82, 70, 55, 40)
MEMORY_BYTES: Final = 1024 * 1024 * 1024
CPU_LIMIT_S: Final = 30
PAGE_BYTES: Final = resource.getpagesize()


def remade(data: bytes) -> bytes:
    """The photograph as it is kept: at most 1600 pixels a side and 300 KiB; BadInput for anything that lies."""
    photo_size(data)
    with _warnings() as said:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    # libjpeg fills what is missing with grey, and only says so.
    if picture is None or any(b"Corrupt JPEG" in one and b"extraneous" not in one for one in said):
        raise damaged()
    for side in SIDES_PX:
        small = _fitted(picture, side)
        for quality in QUALITIES:
            ok, made = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if ok and len(made) <= KEPT_LIMIT_BYTES:
                return bytes(made)
    raise damaged()


def _fitted(picture: Any, side: int) -> Any:
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


@contextmanager
def _warnings() -> Iterator[list[bytes]]:
    """What the decoder's libraries write to the error output meanwhile, by line."""
    reader, writer = os.pipe2(os.O_NONBLOCK)
    kept = os.dup(2)
    os.dup2(writer, 2)
    said: list[bytes] = []
    try:
        yield said
    finally:
        os.dup2(kept, 2)
        os.close(writer)
        os.close(kept)
        said += os.read(reader, 65_536).splitlines()
        os.close(reader)


def _bound() -> None:
    with open("/proc/self/statm", "rb") as told:
        used = int(told.read().split()[0]) * PAGE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> int:
    """Remake the photograph on stdin; the exit status."""
    cv2.setNumThreads(1)
    _bound()
    data = sys.stdin.buffer.read(UPLOAD_LIMIT_BYTES + 1)
    try:
        made = remade(data)
    except BadInput as error:
        sys.stdout.write(json.dumps(error.to_dict()))
        return REFUSED
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
