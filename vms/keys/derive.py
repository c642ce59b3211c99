"""From a camera-hour key to the key of one group: two HKDF-SHA-256 steps, as ``docs/formats/segment.md`` says.

Whoever holds a segment key can open that segment and no other; whoever holds a group key, that group and no other. So
the keeper hands out exactly the groups of a window (P-40) and never a key from higher up.
"""

from __future__ import annotations

import struct
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.utils import Buffer

KEY_BYTES: Final = 32
SEGMENT_INFO: Final = b"guet/segment-key/v1\0"
GROUP_INFO: Final = b"guet/group-key/v1\0"
GROUP_CONTEXT: Final = b"guet/group/v1\0"


def segment_key(hour_key: Buffer, segment_name: str) -> bytes:
    """The 32-byte key of one segment; the name holds camera, stream, start, hour key and fence."""
    return _hkdf(hour_key, SEGMENT_INFO + segment_name.encode("ascii"))


def group_key(key_of_segment: Buffer, number: int) -> bytes:
    """The 32-byte key of group ``number`` (from 0) of a segment."""
    return _hkdf(key_of_segment, GROUP_INFO + struct.pack(">I", number))


def group_context(camera: str, segment_name: str, number: int) -> bytes:
    """The context bytes that tie a sealed group to its camera, segment and number."""
    return b"".join(
        (GROUP_CONTEXT, camera.encode("ascii"), b"\0", segment_name.encode("ascii"), b"\0", struct.pack(">I", number))
    )


def _hkdf(key: Buffer, info: bytes) -> bytes:
    # No salt: the input key is uniformly random already, and domains are kept apart by ``info``.
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)
