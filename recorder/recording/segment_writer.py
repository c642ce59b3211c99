"""One segment while it is written: groups are sealed, hashed, chained and appended, each durable before the next.

Blocking code for a thread: sealing and hashing release the interpreter's lock. The clear group exists only in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from cryptography.utils import Buffer

from recorder.segment.format import GROUP_HEADER_BYTES, GROUPS_LIMIT_COUNT, GroupHeader, SegmentHeader, next_link
from recorder.segment.progress import Progress
from recorder.segment.rows import BeginSegment, SealSegment
from recorder.store.local import LocalStore, SegmentFile
from recorder.store.room import room
from vms.clock import MICRO, UtcTime
from vms.keys import derive, sealing

if TYPE_CHECKING:
    from hashlib import _Hash

SEGMENT_TARGET_US: Final = 60 * MICRO


class PictureFormat(Protocol):
    """What a segment says of its pictures; ``recorder.access_unit.StreamFormat`` is one."""

    @property
    def codec_string(self) -> str:
        """RFC 6381, e.g. ``avc1.64001F``."""
        ...

    @property
    def width(self) -> int:
        """In pixels."""
        ...

    @property
    def height(self) -> int:
        """In pixels."""
        ...


@dataclass(frozen=True, slots=True)
class Group:
    """A group of pictures in clear: a playable MP4 of its own (initialisation segment, one fragment), in pieces."""

    plaintext: Sequence[Buffer]
    start: UtcTime
    end: UtcTime
    units: int
    fmt: PictureFormat
    zone_set_id: str

    def size_bytes(self) -> int:
        """Of its pieces together."""
        return sum(memoryview(piece).nbytes for piece in self.plaintext)


class SegmentWriter:
    """An open segment. What it says of itself (``groups``, ``end_us``, ``last_link``) is durable."""

    def __init__(self, header: SegmentHeader, key: bytes) -> None:
        self.header = header
        self.name = str(header.name)
        self.groups = 0
        self.end_us = header.name.start.us
        self.first_link = next_link(header.previous, header.encode())
        self.last_link = self.first_link
        self._key = key
        self._file: SegmentFile | None = None

    @classmethod
    def begin(cls, store: LocalStore, header: SegmentHeader, key: bytes, first: Group) -> SegmentWriter:
        """A segment with its first group, file and name durable; StoreError when the disk refuses.

        A crash here leaves a file without a row: adoption takes it, or destroys it when it holds no whole group.
        """
        writer = cls(header, key)
        record, whole = writer._seal(first, 0, header.encode())
        writer._file = store.create(header.name, header.commune, whole)
        writer._advance(record)
        return writer

    def append(self, group: Group) -> None:
        """Add a group that starts where the last one ended; StoreError poisons the segment."""
        file = self._open_file()
        record, whole = self._seal(group, file.durable_bytes)
        file.append(whole)
        # A crash here leaves a whole group that nobody was told of: adoption counts it in.
        self._advance(record)

    def fits(self, group: Group) -> bool:
        """Whether ``group`` may go into this segment: same format, zones and UTC hour, and the minute is not over."""
        start, header = self.header.name.start, self.header
        return (
            (header.codec, header.width, header.height) == (group.fmt.codec_string, group.fmt.width, group.fmt.height)
            and header.zone_set_id == group.zone_set_id
            and UtcTime(self.end_us).hour() == start.hour()
            and self.end_us - start.us < SEGMENT_TARGET_US
            and self.groups < GROUPS_LIMIT_COUNT
        )

    def abandon(self) -> None:
        """After a StoreError: leave the file at its last durable group."""
        self._open_file().abandon()

    def close(self) -> None:
        """Every group is durable already: nothing is written."""
        self._open_file().close()

    def begun(self) -> BeginSegment:
        """The row of this segment once its first group is durable."""
        return BeginSegment(self.header, self.end_us, self.first_link, self._open_file().durable_bytes, self.last_link)

    def progress(self) -> Progress:
        """How far it is durable now."""
        return Progress(self.name, self.end_us, self._open_file().durable_bytes, self.groups, self.last_link)

    def sealed(self) -> SealSegment:
        """The row of this segment once it takes no more groups."""
        return SealSegment(self.name, self.end_us, self._open_file().durable_bytes, self.groups, self.last_link)

    def _seal(self, group: Group, offset: int, before: bytes = b"") -> tuple[GroupHeader, memoryview]:
        """The group's header, and all that is to be written at ``offset``: ``before``, the header, the sealed bytes."""
        start = len(before) + GROUP_HEADER_BYTES
        whole = room(offset, start + sealing.sealed_length(group.size_bytes()))
        key = derive.group_key(self._key, self.groups)
        context = derive.group_context(self.header.name.camera, self.name, self.groups)
        sealed = whole[start:]
        digest = hashlib.sha256()
        sealing.seal_into(key, context, _hashed(group.plaintext, digest), sealed)
        duration_us = group.end.us - self.end_us
        start_utc, plain = UtcTime(self.end_us), digest.digest()
        record = GroupHeader.over(self.groups, start_utc, duration_us, group.units, plain, sealed)
        whole[:start] = before + record.encode()
        return record, whole

    def _advance(self, record: GroupHeader) -> None:
        self.groups += 1
        self.end_us = record.end_us
        self.last_link = next_link(self.last_link, record.encode())

    def _open_file(self) -> SegmentFile:
        if self._file is None:
            raise RuntimeError("a segment is made by begin()")
        return self._file


def _hashed(pieces: Sequence[Buffer], digest: _Hash) -> Iterator[Buffer]:
    """The pieces, each hashed just before it is sealed: by then the processor has it at hand."""
    for piece in pieces:
        digest.update(piece)
        yield piece
