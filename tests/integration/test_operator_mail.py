"""The operator hears of the volume through a real SMTP server: when it changes, and once a day while it is bad."""

from __future__ import annotations

import socket
from pathlib import Path

from deploy.operator_mail import OperatorMail
from tests.integration.test_mail import Inbox, kept_port, smtp_server
from vms.clock import ManualClock, UtcTime
from vms.db.engine import ensure_schema, open_engine, write
from vms.model import Volume
from vms.settings import Settings

__all__ = ["kept_port"]
START = UtcTime.parse("2026-11-24T14:10:00Z")


async def test_the_operator_hears_of_each_change_and_again_each_day(tmp_path: Path, kept_port: socket.socket) -> None:
    inbox, clock = Inbox(), ManualClock(START)
    settings = Settings(
        home=tmp_path, smtp_host="127.0.0.1", smtp_port=kept_port.getsockname()[1],
        operator_email="astreinte@hote.example",
    )  # fmt: skip
    engine = open_engine(settings.database_url)
    await ensure_schema(engine)

    async def becomes(level: str, hours: float = 0, spare: str = "") -> bool:
        clock.step(seconds=3600 * hours)
        now_us = clock.utc().us
        row = Volume(
            id="main", level=level, total_bytes=4 * 10**12, free_bytes=10**12, bytes_per_s=1e6,
            reserve_us=now_us + 5 * 24 * 3600 * 10**6, measured_us=now_us,
        )  # fmt: skip
        async with write(engine) as session:
            await session.merge(row)
            if spare:
                fault = "Il est absent." if spare == "wrong" else ""
                await session.merge(Volume(id="spare", level=spare, free_bytes=3 * 10**11, fault=fault))
        return await OperatorMail(engine, settings, clock).look()

    async with smtp_server(inbox, kept_port):
        assert not await OperatorMail(engine, settings, clock).look(), "nothing was measured yet"
        assert not await becomes("ok")
        assert await becomes("warn")
        assert not await becomes("warn", hours=1)
        assert await becomes("warn", hours=24)
        assert await becomes("stopping", hours=1)
        assert await becomes("ok", hours=1)
        assert not await becomes("ok", hours=48, spare="ok")
        assert await becomes("ok", hours=1, spare="wrong")
        assert await becomes("ok", hours=1, spare="in-use")
        assert await becomes("wrong", hours=1, spare="in-use")
        assert await becomes("ok", hours=1, spare="ok")
        clock.step(seconds=3600)
        assert await OperatorMail(engine, settings, clock).look(), "the figures are old: the recorder is gone"
    subjects = [str(one["Subject"]) for one in inbox.messages()]
    assert [("bientôt" in one, "plus mesuré" in one) for one in subjects] == [
        (True, False), (True, False), *[(False, False)] * 6, (False, True)
    ]  # fmt: skip
    assert ["de secours" in one for one in subjects[4:8]] == [True, True, False, False]
    assert "Volume de secours : libre 300,0 Go. Il est absent." in inbox.messages()[4].get_content()
    first = inbox.messages()[0]
    assert first["To"] == "astreinte@hote.example"
    body = first.get_content()
    assert "Avant la réserve : 5 jours" in body
    assert "1000,0 Go" in body
    assert "valclair" not in body
    await engine.dispose()
