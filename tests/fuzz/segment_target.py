"""What must hold for any bytes given to the segment reader: a value that re-encodes to the same bytes, or Damaged."""

from __future__ import annotations

from recorder.segment.format import GROUP_HEADER_BYTES, GroupHeader, SegmentDamaged, SegmentHeader, SegmentName, walk
from vms.errors import Damaged


def any_file(data: bytes) -> int:
    """The bytes as a whole file; how many sound groups it holds."""
    try:
        header, length = SegmentHeader.parse(data)
    except Damaged:
        return 0
    if header.encode() != data[:length]:
        raise AssertionError("a header that parses must encode to the same bytes")
    groups, end = 0, length
    try:
        for placed in walk(lambda offset, size: data[offset : offset + size], header, length, verify=True):
            if placed.offset != end or placed.header.number != groups or placed.end > len(data):
                raise AssertionError("groups must follow each other within the file")
            if placed.header.encode() != data[placed.offset : placed.offset + GROUP_HEADER_BYTES]:
                raise AssertionError("a group header that parses must encode to the same bytes")
            groups, end = groups + 1, placed.end
    except SegmentDamaged as error:
        if not end <= error.offset <= len(data):
            raise AssertionError("damage must be named where the last whole group ends") from error
    return groups


def any_group_header(data: bytes) -> None:
    """The bytes as a group's header."""
    try:
        header = GroupHeader.parse(data)
    except Damaged:
        return
    if header.encode() != data[:GROUP_HEADER_BYTES] or header.problem():
        raise AssertionError("a group header that parses must encode to the same bytes")


def any_name(data: bytes) -> None:
    """The bytes as a segment's name."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        name = SegmentName.parse(text)
    except Damaged:
        return
    if str(name) != text or "/" in text or not name.day().replace("-", "").isdigit():
        raise AssertionError("a name that parses must be canonical and safe as a file name")


def any_input(data: bytes) -> None:
    """The first byte chooses what the others are."""
    target = (any_file, any_group_header, any_name)[data[0] % 3 if data else 0]
    target(data[1:])
