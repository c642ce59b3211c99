"""Writes vectors.json beside this file: one absence, then one segment of three groups, from the reference alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.golden.segment import reference as ref

CAMERA, STREAM, COMMUNE = "valclair-c07", "main", "valclair"
START_US = 1_795_529_556_123_456  # 2026-11-24T14:12:36.123456Z
HOUR_KEY_ID = "000102030405060708090a0b0c0d0e0f"
NAME = f"{CAMERA}.{STREAM}.20261124T141236123456Z.{HOUR_KEY_ID}.3"
ZONES, CODEC = "zs-0012", "avc1.64001F"


def stretch(label: str, length: int) -> bytes:
    """Deterministic bytes that anybody can make again: SHAKE-256 of the label."""
    return hashlib.shake_256(label.encode()).digest(length)


def vectors() -> dict[str, Any]:
    hour_key = stretch("guet vector hour key", 32)
    key = ref.segment_key(hour_key, NAME)
    absence = ref.absence(CAMERA, STREAM, 1, START_US - 5_000_000, START_US, "camera-unreachable")
    zero = ref.genesis(CAMERA, STREAM)
    one = ref.link(zero, absence)
    head = ref.header(NAME, COMMUNE, ZONES, CODEC, size=(1920, 1080), origin=1, sequence=2, previous=one)
    file, link, groups, start = head, ref.link(one, head), [], START_US
    header_link = link
    # Around the chunk bounds: one short chunk, exactly one full chunk, two full chunks and a rest.
    for number, (length, duration, units) in enumerate(
        [(700, 2_000_000, 50), (16384, 1_960_000, 49), (40_000, 40_000, 1)]
    ):
        plain = stretch(f"guet vector group {number}", length)
        salt = stretch(f"guet vector salt {number}", 24)
        its_key, context = ref.group_key(key, number), ref.context(CAMERA, NAME, number)
        sealed = ref.seal(its_key, salt, context, plain)
        record = ref.group_header(number, start, duration, units, plain, sealed)
        link = ref.link(link, record)
        groups.append(
            {
                "number": number, "utc_us": start, "duration_us": duration, "units": units,
                "offset": len(file) + len(record), "length": len(sealed),
                "plaintext": f"SHAKE-256('guet vector group {number}', {length})",
                "plain_sha256": hashlib.sha256(plain).hexdigest(), "group_key": its_key.hex(),
                "context": context.hex(), "header": record.hex(), "sealed_sha256": hashlib.sha256(sealed).hexdigest(),
                "link": link.hex(),
            }
        )  # fmt: skip
        file += record + sealed
        start += duration
    return {
        "comment": "see README.md; made by generate.py",
        "camera": CAMERA, "stream": STREAM, "commune": COMMUNE, "name": NAME, "zone_set_id": ZONES, "codec": CODEC,
        "width": 1920, "height": 1080, "origin": "live", "start_us": START_US, "end_us": start,
        "genesis": zero.hex(),
        "absence": {"sequence": 1, "start_us": START_US - 5_000_000, "end_us": START_US, "cause": "camera-unreachable",
                    "record": absence.hex(), "link": one.hex()},
        "hour_key": hour_key.hex(), "segment_key": key.hex(),
        "header": head.hex(), "header_sequence": 2, "header_link": header_link.hex(), "groups": groups,
        "file_sha256": hashlib.sha256(file).hexdigest(), "file": file.hex(),
    }  # fmt: skip


if __name__ == "__main__":
    path = Path(__file__).with_name("vectors.json")
    path.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="ascii")
