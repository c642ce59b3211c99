"""How far a recorder's open segments are durable, told with each renewal of its place among the workers.

When a recorder dies, whoever takes its camera over continues the stream exactly where the last telling left it: at most
one renewal's groups are lost, not the minute that lies in the dead machine's spool. That spool's file is cut there
when it comes back, so no instant is ever covered twice (S4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.segment.format import LINK_BYTES
from vms.db.engine import read
from vms.errors import Damaged
from vms.model import Worker

VERSION: Final = 1
ENTRY: Final = struct.Struct(f">QQI{LINK_BYTES}s")
NAME_LIMIT_BYTES: Final = 255
ENTRIES_LIMIT_COUNT: Final = 4096


@dataclass(frozen=True, slots=True)
class Progress:
    """An open segment's durable part."""

    name: str
    end_us: int
    size_bytes: int
    groups: int
    last_link: bytes


def encode(entries: Iterable[Progress]) -> bytes:
    """The entries as bytes for a worker's row."""
    parts = [bytes((VERSION,))]
    for one in list(entries)[:ENTRIES_LIMIT_COUNT]:
        name = one.name.encode("ascii")
        parts += [bytes((len(name),)), name, ENTRY.pack(one.end_us, one.size_bytes, one.groups, one.last_link)]
    return b"".join(parts)


def decode(data: bytes) -> list[Progress]:
    """The entries of a worker's row, none for an empty one; Damaged when the bytes are not whole."""
    if not data:
        return []
    if data[0] != VERSION:
        raise Damaged("L’avancement d’un enregistreur est d’une autre version.", where=f"version {data[0]}")
    found, at = [], 1
    try:
        while at < len(data):
            length = data[at]
            name = data[at + 1 : at + 1 + length].decode("ascii")
            found.append(Progress(name, *ENTRY.unpack_from(data, at + 1 + length)))
            at += 1 + length + ENTRY.size
    except (struct.error, UnicodeDecodeError) as error:
        raise Damaged("L’avancement d’un enregistreur est illisible.", where=f"octet {at}") from error
    return found


async def find(engine: AsyncEngine, segment: str) -> Progress | None:
    """What a worker last told of that segment; None when none did."""
    async with read(engine) as session:
        told = select(Worker.progress).where(col(Worker.progress) != b"")
        rows = list((await session.execute(told)).scalars())
    needle = segment.encode("ascii")
    for data in rows:
        if needle in data:
            return next((one for one in decode(data) if one.name == segment), None)
    return None
