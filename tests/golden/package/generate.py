"""Writes vectors.json beside this file: a sealed package of three parts, from the segment format's reference alone."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from tests.golden.segment import reference as ref

PACKAGE = "E-0139-20261124T163120000000Z"
SIZES = (100, 16_384, 37)


def stretch(label: str, length: int) -> bytes:
    """Deterministic bytes that anybody can make again: SHAKE-256 of the label."""
    return hashlib.shake_256(label.encode()).digest(length)


def vectors() -> dict[str, Any]:
    """The package key, the sealed file, and what it opens to."""
    key, plain, sealed = stretch("guet vector package key", 32), b"", b"GUETPKG1"
    for number, size in enumerate(SIZES):
        part = stretch(f"guet vector package part {number}", size)
        part_key = ref.hkdf_sha256(key, b"guet/package-part/v1\0" + struct.pack(">I", number))
        context = b"guet/package/v1\0" + PACKAGE.encode() + b"\0" + struct.pack(">IB", number, number == len(SIZES) - 1)
        message = ref.seal(part_key, stretch(f"guet vector package salt {number}", 24), context, part)
        sealed += struct.pack(">I", len(message)) + message
        plain += part
    return {
        "package": PACKAGE,
        "package_key": key.hex(),
        "sealed": sealed.hex(),
        "plain_sha256": hashlib.sha256(plain).hexdigest(),
        "plain_bytes": len(plain),
    }


if __name__ == "__main__":
    Path(__file__).with_name("vectors.json").write_text(json.dumps(vectors(), indent=1) + "\n")
