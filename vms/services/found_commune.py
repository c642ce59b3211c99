"""A commune's start on a host: its key, holders and first people at the keeper, its name in the shared database."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from vms.db.engine import write
from vms.errors import Conflict
from vms.keeper.clients.host import KeeperForHost
from vms.model import Commune


async def found_commune(engine: AsyncEngine, keeper: KeeperForHost, args: dict[str, Any]) -> bool:
    """Create the commune; True when it is new. Repeatable: a crash between the two writes is mended by the next call.

    ``args`` are those of the keeper's ``init_commune``: ``commune``, ``name``, ``holders`` (two or more), ``account``.
    """
    try:
        await keeper.init_commune(args)
        new = True
    except Conflict:
        new = False
    async with write(engine) as session:
        if await session.get(Commune, args["commune"]) is None:
            session.add(Commune(id=str(args["commune"]), name=str(args["name"])))
    return new
