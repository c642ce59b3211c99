"""The link chain as a package carries it, read without the recorder's code: a second implementation of the records in
docs/formats/segment.md, kept apart so that a verifier does not rest on what it verifies.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vms.errors import Damaged

RECORDS_LIMIT: Final = 4_000_000
EDGE_ORIGIN: Final = 2
_SEGMENT_TAG: Final = b"GUETSEG1"
_GROUP_TAG: Final = b"GRP1"
_ABSENCE_TAG: Final = b"ABS1"
_SEGMENT: Final = struct.Struct(">8sH4sBQ32sHH")
_GROUP: Final = struct.Struct(">4sIQIII32s16s")
_ABSENCE: Final = struct.Struct(">4sQQQ")


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A segment's header: its link's number, the link before, its name, and which zone set was burnt in.

    ``edge`` for footage brought back from the camera's card: its links are of the stream's edge chain.
    """

    sequence: int
    previous: bytes
    width: int
    height: int
    name: str
    commune: str
    zone_set: str
    codec: str
    edge: bool
    raw: bytes


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group's header: its number in the segment, the time it covers in UTC µs, the SHA-256 of its plaintext."""

    number: int
    utc_us: int
    duration_us: int
    units: int
    plain_sha256: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class AbsenceRecord:
    """Time without pictures, and why."""

    sequence: int
    from_us: int
    to_us: int
    camera: str
    stream: str
    cause: str
    raw: bytes


Record = SegmentRecord | GroupRecord | AbsenceRecord


@dataclass(frozen=True, slots=True)
class Link:
    """A record with its number and its link in the chain; ``segment`` is the one it stands in, for a group.

    ``run`` counts the pieces of the chain from 0: where segments are no longer there, another run begins.
    """

    sequence: int
    link: bytes
    record: Record
    segment: SegmentRecord | None
    run: int


def parse_records(data: bytes) -> Iterator[Record]:
    """The records that follow one another in ``data``; Damaged at the first that is none."""
    at, count = 0, 0
    while at < len(data):
        count += 1
        if count > RECORDS_LIMIT:
            raise Damaged("La chaîne porte trop de maillons.")
        try:
            record = _record(data, at)
        except (struct.error, UnicodeDecodeError, IndexError) as error:
            raise Damaged("Un maillon de la chaîne est illisible.", where=f"octet {at}") from error
        yield record
        at += len(record.raw)


def linked(camera: str, stream: str, records: Sequence[Record]) -> list[Link]:
    """The records with their links recomputed; Damaged where they do not follow one another (design §4).

    The first one is a segment's header, which says what came before it. Each later header and absence must carry the
    number and (a header) the link that the records before it give. A header with a later number begins another run:
    what stood between is gone, and the caller must find that time declared absent. The edge chain stands after the live
    one, and is a run, or several, of its own.
    """
    links: list[Link] = []
    link, sequence, run = b"", 0, 0
    segment: SegmentRecord | None = None
    for record in records:
        if isinstance(record, SegmentRecord):
            edge = segment is not None and segment.edge
            if edge and not record.edge:
                raise Damaged("La chaîne vive reprend après celle de la carte.", where=f"segment {record.name}")
            if not links or record.edge != edge or record.sequence > sequence + 1:
                run += bool(links)
                link, sequence = record.previous, record.sequence - 1
            if record.previous != link or record.sequence != sequence + 1:
                raise Damaged("La chaîne est rompue.", where=f"{camera} {stream}, segment {record.name}")
            if not record.name.startswith(f"{camera}.{stream}."):
                raise Damaged("Ce segment est d’une autre caméra ou d’un autre flux.", where=record.name)
            segment = record
        elif not links:
            raise Damaged("La chaîne ne commence pas par un segment.", where=f"{camera} {stream}")
        elif isinstance(record, AbsenceRecord):
            if (record.sequence, record.camera, record.stream) != (sequence + 1, camera, stream):
                raise Damaged("La chaîne est rompue.", where=f"{camera} {stream}, absence {record.sequence}")
            if segment is not None and segment.edge:
                raise Damaged("Une absence n’est pas de la chaîne de la carte.", where=f"{camera} {stream}")
            segment = None
        else:
            expected = record.number + 1 + (segment.sequence if segment else 0)
            if segment is None or expected != sequence + 1:
                raise Damaged("La chaîne est rompue.", where=f"{camera} {stream}, groupe {record.number}")
        link, sequence = hashlib.sha256(link + record.raw).digest(), sequence + 1
        links.append(Link(sequence, link, record, segment, run))
    return links


def _record(data: bytes, at: int) -> Record:
    if data.startswith(_SEGMENT_TAG, at):
        return _segment(data, at)
    if data.startswith(_GROUP_TAG, at):
        _, number, utc_us, duration_us, units, _, digest, _ = _GROUP.unpack_from(data, at)
        return GroupRecord(number, utc_us, duration_us, units, digest, data[at : at + _GROUP.size])
    if data.startswith(_ABSENCE_TAG, at):
        _, sequence, from_us, to_us = _ABSENCE.unpack_from(data, at)
        (camera, stream, cause), end = _strings(data, at + _ABSENCE.size, 3)
        return AbsenceRecord(sequence, from_us, to_us, camera, stream, cause, data[at:end])
    raise Damaged("Un maillon de la chaîne est illisible.", where=f"octet {at}")


def _segment(data: bytes, at: int) -> SegmentRecord:
    _, length, _, origin, sequence, previous, width, height = _SEGMENT.unpack_from(data, at)
    (name, commune, zone_set, codec), end = _strings(data, at + _SEGMENT.size, 4)
    if end + 16 != at + length or at + length > len(data):
        raise Damaged("Un maillon de la chaîne est illisible.", where=f"octet {at}")
    raw = data[at : at + length]
    edge = origin == EDGE_ORIGIN
    return SegmentRecord(sequence, previous, width, height, name, commune, zone_set, codec, edge, raw)


def _strings(data: bytes, at: int, count: int) -> tuple[list[str], int]:
    texts = []
    for _ in range(count):
        length = data[at]
        text = data[at + 1 : at + 1 + length]
        if len(text) != length:
            raise Damaged("Un maillon de la chaîne est tronqué.", where=f"octet {at}")
        texts.append(text.decode("ascii"))
        at += 1 + length
    return texts, at
