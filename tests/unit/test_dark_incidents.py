"""A camera without a picture is an incident until pictures are back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from recorder.camera.dark_incidents import PATIENCE_US, settle, wanted
from recorder.camera.loop import StreamHealth
from recorder.segment.format import CAUSES
from vms.db.engine import ensure_schema, open_engine, read, write
from vms.model import Incident

NOW_US = 1_800_000_000_000_000


def health(state: str, cause: str = "", age_us: int = 0) -> StreamHealth:
    return StreamHealth(state, cause, NOW_US - age_us, 0, None, 0.0, 0.0, 0)


def test_a_mask_in_doubt_is_told_at_once_and_a_short_fault_is_not() -> None:
    assert wanted(health("dark", "mask-failed"), NOW_US) is True
    assert wanted(health("dark", "camera-unreachable", PATIENCE_US - 1), NOW_US) is None
    assert wanted(health("dark", "camera-unreachable", PATIENCE_US), NOW_US) is True


@pytest.mark.parametrize("cause", ["suspended", "not-authorised"])
def test_what_people_ordered_is_nobodys_alarm(cause: str) -> None:
    assert wanted(health("dark", cause, 10 * PATIENCE_US), NOW_US) is False


@pytest.mark.parametrize("cause", sorted(CAUSES - {"suspended", "not-authorised", "recorder-stopped"}))
async def test_every_cause_opens_one_incident_and_pictures_close_it(cause: str, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}")
    await ensure_schema(engine)
    async with write(engine) as session:
        for _ in range(3):
            await settle(session, "valclair-c07", health("dark", cause, 2 * PATIENCE_US), NOW_US)
            await session.flush()
    async with read(engine) as session:
        (one,) = (await session.execute(select(Incident))).scalars().all()
    assert (one.commune_id, one.closed_us, bool(one.what), bool(one.todo)) == ("valclair", None, True, True)
    async with write(engine) as session:
        await settle(session, "valclair-c07", health("live"), NOW_US + 5)
    async with read(engine) as session:
        (one,) = (await session.execute(select(Incident))).scalars().all()
    assert one.closed_us == NOW_US + 5
    await engine.dispose()
