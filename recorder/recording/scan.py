"""What one segment's file really holds: whole groups, their chain, and what stands after them. Read-only, keyless."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder.segment.format import (
    GROUP_HEADER_BYTES,
    GROUP_LIMIT_BYTES,
    HEADER_LIMIT_BYTES,
    GroupHeader,
    Placed,
    SegmentDamaged,
    SegmentHeader,
    next_link,
    walk,
)
from recorder.store.local import LocalStore
from recorder.store.reader import Bytes
from vms.errors import Damaged

ZEROS_STEP_BYTES: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Scan:
    """A file's sound beginning. ``rest`` is empty when the file ends with its last whole group.

    ``rest`` is ``torn`` for a group that a crash left unfinished (cut short, or zeros, or a last group whose bytes are
    not all there) and ``damaged`` for anything else, which nobody may throw away unseen.
    """

    header: SegmentHeader
    groups: int
    end_us: int
    sound_bytes: int
    file_bytes: int
    first_link: bytes
    last_link: bytes
    rest: str
    problem: SegmentDamaged | None


def scan_file(store: LocalStore, path: Path, *, doubt: bool = False) -> Scan:
    """Read and check a whole file; Damaged when not even its header is sound, NotFound or StoreError from the disk.

    ``doubt``: read it from the volume, as for a file that a crash may have left (see ``LocalStore.reader``).
    """
    with store.reader(path, doubt=doubt) as reader:
        size = reader.size()
        header, length = SegmentHeader.parse(reader.read(0, HEADER_LIMIT_BYTES))
        if f"{header.name}.seg" != path.name:
            raise Damaged("Ce fichier porte le nom d’un autre segment.", where=f"{path.name} contient {header.name}")
        first_link = next_link(header.previous, header.encode())
        groups, end_us, sound, link = 0, header.name.start.us, length, first_link
        problem: SegmentDamaged | None = None
        try:
            for placed in walk(reader.read, header, length, verify=True):
                groups, end_us, sound, link = groups + 1, placed.header.end_us, placed.end, placed.link
        except SegmentDamaged as error:
            problem = error
        rest = "" if problem is None else _rest(reader, problem, sound, size)
        return Scan(header, groups, end_us, sound, size, first_link, link, rest, problem)


def read_index(store: LocalStore, path: Path, *, check_last: bool = False) -> tuple[SegmentHeader, list[Placed]]:
    """The header and the places of the whole groups, without reading sealed bytes; Damaged as ``scan_file``.

    ``check_last`` compares the last group with its checksum: in a segment that is still open, a power cut may have
    left its size without its bytes. Those before it were durable.
    """
    with store.reader(path) as reader:
        header, length = SegmentHeader.parse(reader.read(0, HEADER_LIMIT_BYTES))
        placed: list[Placed] = []
        # A group being written, or damage that fsck reports, ends the list: what stands before it is good.
        with contextlib.suppress(SegmentDamaged):
            for one in walk(reader.read, header, length, verify=False):
                placed.append(one)  # noqa: PERF402 (what came before the damage must stay)
        if check_last and placed:
            last = placed[-1]
            try:
                last.header.check(reader.read(last.sealed_offset, last.header.length), last.offset)
            except SegmentDamaged:
                placed.pop()
        return header, placed


def _rest(reader: Bytes, problem: SegmentDamaged, sound: int, size: int) -> str:
    if problem.torn or _only_zeros(reader, sound, size):
        return "torn"
    try:
        header = GroupHeader.parse(reader.read(sound, GROUP_HEADER_BYTES), sound)
    except SegmentDamaged:
        return "damaged"
    # Its size was durable before its bytes: the last group of a file, and nothing after it.
    return "torn" if sound + GROUP_HEADER_BYTES + header.length >= size else "damaged"


def _only_zeros(reader: Bytes, offset: int, size: int) -> bool:
    """Whether a power cut left a size without its bytes; no more than a group is written at once."""
    if size - offset > GROUP_HEADER_BYTES + GROUP_LIMIT_BYTES:
        return False
    while offset < size:
        data = reader.read(offset, min(ZEROS_STEP_BYTES, size - offset))
        if data.strip(b"\0"):
            return False
        offset += len(data) or size
    return True
