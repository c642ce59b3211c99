"""SQLAlchemy's engines over simulated databases: made once, since compiling statements costs more than running them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.simulation.database import Database, Opener
from deploy.simulation.faults import Process
from vms.db.engine import ensure_schema, open_engine


class Engines:
    """One engine for the recorder that lives now, one for whoever only looks on."""

    def __init__(self, folder: Path) -> None:
        self._opener, self._onlooker = Opener(), Opener()
        self.recorder = _engine(self._opener)
        self.onlooker = _engine(self._onlooker)
        self._template = asyncio.run(_template(folder))

    def fresh(self, home: Path) -> Path:
        """A new database with its tables, in ``home``."""
        path = home / "guet.sqlite"
        path.write_bytes(self._template)
        return path

    def begin(self, database: Database, process: Process) -> None:
        """From now on the recorder's engine is this process's."""
        self._opener.database, self._opener.process = database, process
        self._onlooker.database = database

    def onlooking(self, database: Database) -> AsyncEngine:
        """The onlooker's engine over this database."""
        self._onlooker.database = database
        return self.onlooker

    def end(self) -> None:
        """The process is gone, and its connections with it."""
        for opener, engine in ((self._opener, self.recorder), (self._onlooker, self.onlooker)):
            opener.close_all()
            engine.sync_engine.dispose(close=False)


def _engine(opener: Opener) -> AsyncEngine:
    engine = open_engine("sqlite+aiosqlite:///simulated.sqlite")

    @event.listens_for(engine.sync_engine, "do_connect")
    def _connect(dialect: Any, record: Any, arguments: Any, parameters: dict[str, Any]) -> None:
        parameters["async_creator_fn"] = opener

    return engine


async def _template(folder: Path) -> bytes:
    path = folder / "template.sqlite"
    engine = open_engine(f"sqlite+aiosqlite:///{path}")
    try:
        await ensure_schema(engine)
    finally:
        await engine.dispose()
    return path.read_bytes()
