"""The little of MP4 (ISO/IEC 14496-12) that a package needs: boxes, the fragments' clock, and the NAL units in them.

A stored group is ``ftyp moov moof mdat`` with the capture time (UTC, 90 kHz) as its decode time. In a package's video
the same ``moof mdat`` follow one another with a decode time that starts at zero, since players expect it: that one
field, ``tfdt``, differs by the same amount everywhere, and adding it back gives the stored bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vms.errors import Damaged

BOXES_LIMIT: Final = 100_000
FRAGMENT_LIMIT_BYTES: Final = 64 * 1024 * 1024
_NESTED: Final = frozenset({b"moof", b"traf"})


@dataclass(frozen=True, slots=True)
class Box:
    """A box in some bytes: its type, where it starts, where its contents start, where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that fill ``data[start:end]``; Damaged when they do not."""
    stop = len(data) if end is None else end
    count = 0
    while start < stop:
        count += 1
        if stop - start < 8 or count > BOXES_LIMIT:
            raise Damaged("Une boîte MP4 est tronquée.", where=f"octet {start}")
        size = int.from_bytes(data[start : start + 4], "big")
        body = start + 8
        if size == 1 and stop - start >= 16:
            size, body = int.from_bytes(data[start + 8 : start + 16], "big"), start + 16
        if size < body - start or start + size > stop:
            raise Damaged("Une boîte MP4 a une longueur impossible.", where=f"octet {start}")
        yield Box(data[start + 4 : start + 8], start, body, start + size)
        start += size


def split_group(plain: bytes) -> tuple[bytes, bytes]:
    """A stored group's initialisation segment (``ftyp moov``) and its fragment (``moof mdat``); Damaged otherwise."""
    found = list(boxes(plain))
    if [box.kind for box in found] != [b"ftyp", b"moov", b"moof", b"mdat"]:
        raise Damaged("Ce groupe d’images n’a pas la forme attendue.")
    return plain[: found[2].start], plain[found[2].start :]


def decode_time_90k(fragment: bytes) -> int:
    """The fragment's decode time, in 90 kHz ticks."""
    at = _decode_time_at(fragment)
    return int.from_bytes(fragment[at : at + 8], "big")


def shifted(fragment: bytes, by_90k: int) -> bytes:
    """The fragment with its decode time moved by so many ticks, every other byte the same; Damaged out of range."""
    return b"".join(shifted_parts(fragment, by_90k))


def shifted_parts(fragment: bytes, by_90k: int) -> tuple[memoryview, bytes, memoryview]:
    """The same in three pieces, without a copy: what stands before the decode time, the new one, what follows."""
    at = _decode_time_at(fragment)
    moved = int.from_bytes(fragment[at : at + 8], "big") + by_90k
    if not 0 <= moved < 1 << 64:
        raise Damaged("L’horloge du fragment sort de ses bornes.")
    view = memoryview(fragment)
    return view[:at], moved.to_bytes(8, "big"), view[at + 8 :]


def nal_units(fragment: bytes) -> list[list[bytes]]:
    """The NAL units of each sample of a fragment of ours: one track, one run, 4-byte lengths; Damaged otherwise."""
    return [[fragment[start:end] for start, end in sample] for sample in nal_spans(fragment)]


def nal_spans(fragment: bytes) -> list[list[tuple[int, int]]]:
    """Where these NAL units start and end in the fragment; Damaged as ``nal_units``."""
    found = list(boxes(fragment))
    if [box.kind for box in found] != [b"moof", b"mdat"]:
        raise Damaged("Ce fragment n’a pas la forme attendue.")
    sizes = _sample_sizes(fragment, found[0])
    at, end = found[1].body, found[1].end
    samples: list[list[tuple[int, int]]] = []
    for size in sizes:
        if at + size > end:
            raise Damaged("Une image dépasse son fragment.", where=f"octet {at}")
        samples.append(_split_nals(fragment, at, at + size))
        at += size
    if at != end:
        raise Damaged("Des octets du fragment n’appartiennent à aucune image.", where=f"octet {at}")
    return samples


def _split_nals(data: bytes, at: int, end: int) -> list[tuple[int, int]]:
    nals = []
    while at < end:
        length = int.from_bytes(data[at : at + 4], "big") if end - at >= 4 else 0
        if length == 0 or at + 4 + length > end:
            raise Damaged("Une unité NAL a une longueur impossible.", where=f"octet {at}")
        nals.append((at + 4, at + 4 + length))
        at += 4 + length
    return nals


def _sample_sizes(data: bytes, moof: Box) -> list[int]:
    """The sizes in the only ``trun``, whatever else it says of each sample (ISO/IEC 14496-12 §8.8.8)."""
    run = _only(data, moof, b"trun")
    flags = int.from_bytes(data[run.body + 1 : run.body + 4], "big")
    count = int.from_bytes(data[run.body + 4 : run.body + 8], "big")
    at = run.body + 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    if 0x200 not in fields or at + 4 * len(fields) * count != run.end:
        raise Damaged("La table des images du fragment est illisible.", where=f"octet {run.start}")
    step, first = 4 * len(fields), at + 4 * fields.index(0x200)
    return [int.from_bytes(data[first + step * i : first + step * i + 4], "big") for i in range(count)]


def _decode_time_at(fragment: bytes) -> int:
    """Where the 8 bytes of the decode time stand."""
    moof = next(boxes(fragment), None)
    if moof is None or moof.kind != b"moof":
        raise Damaged("Ce fragment n’a pas la forme attendue.")
    decode = _only(fragment, moof, b"tfdt")
    if decode.end - decode.body != 12 or fragment[decode.body] != 1:
        raise Damaged("L’horloge du fragment est illisible.", where=f"octet {decode.start}")
    return decode.body + 4


def _only(data: bytes, outer: Box, kind: bytes) -> Box:
    found: list[Box] = []
    pending = [outer]
    while pending:
        box = pending.pop()
        for inner in boxes(data, box.body, box.end):
            if inner.kind == kind:
                found.append(inner)
            elif inner.kind in _NESTED:
                pending.append(inner)
    if len(found) != 1:
        raise Damaged(f"Le fragment doit porter une seule boîte {kind.decode('ascii', 'replace')}.")
    return found[0]
