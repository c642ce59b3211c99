"""Pull points: what a camera says of its signal and its card becomes an incident, and ends with the state."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlmodel import select

from recorder.camera_events import CARD_KIND, SIGNAL_KIND, note, watch
from recorder.rtsp.auth import Credentials
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.small_clip import write_clip
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine, read
from vms.model import Camera, Incident
from vms.onvif.events import JOB_STATE, SIGNAL_LOSS, Event

LIMIT_S = 15.0


async def test_signal_loss_and_a_stopped_card_are_incidents_while_they_last(tmp_path: Path) -> None:
    users = (UserConfig(name="viewer", password="v" * 12, level="User"),)
    config = CameraConfig(
        id="town-c01", address="127.0.61.12", main=write_clip(tmp_path / "main.mp4"), card=True, factory=False,
        users=users,
    )  # fmt: skip
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'guet.sqlite'}")
    await ensure_schema(engine)

    async def until(*wanted: str) -> None:
        async with asyncio.timeout(LIMIT_S):
            while True:
                async with read(engine) as session:
                    rows = (await session.execute(select(Incident))).scalars().all()
                if {row.kind for row in rows if row.closed_us is None} == set(wanted):
                    return
                assert not task.done(), task
                await asyncio.sleep(0.05)

    async with Farm(FarmConfig(cameras=(config,), rtsp_port=0, http_port=0, discovery_port=0)) as farm:
        device = farm["town-c01"]
        row = Camera(
            id="town-c01",
            commune_id="town",
            number=1,
            name="c",
            onvif_url=device.device_url,
            created_us=1,
            updated_us=1,
        )
        account = Credentials("viewer", "v" * 12)
        task = asyncio.create_task(watch(row, account, engine, SystemClock(), pause_s=0.05))
        misbehave(device, "card", on=False)
        await until(CARD_KIND)
        misbehave(device, "stall")
        await until(CARD_KIND, SIGNAL_KIND)
        misbehave(device, "card", on=True)
        await until(SIGNAL_KIND)
        misbehave(device, "stall", on=False)
        await until()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await engine.dispose()


async def test_a_camera_without_events_is_left_alone(tmp_path: Path) -> None:
    config = CameraConfig(id="town-c01", address="127.0.61.12", main=write_clip(tmp_path / "main.mp4"), factory=False)
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'guet.sqlite'}")
    async with Farm(FarmConfig(cameras=(config,), rtsp_port=0, http_port=0, discovery_port=0)) as farm:
        url = farm["town-c01"].device_url
        row = Camera(id="c", commune_id="t", number=1, name="c", onvif_url=url, created_us=1, updated_us=1)
        assert await watch(row, None, engine, SystemClock()) is False
    await engine.dispose()


def test_one_of_two_sources_is_enough_and_a_deleted_one_is_none() -> None:
    states: dict[tuple[str, str], bool] = {}
    note(states, [Event(JOB_STATE, None, "Initialized", {"RecordingJobToken": "a"}, {"State": "Active"})])
    note(states, [Event(JOB_STATE, None, "Changed", {"RecordingJobToken": "b"}, {"State": "Error"})])
    note(states, [Event(SIGNAL_LOSS, None, "Changed", {"Source": "s"}, {"State": "1"})])
    note(states, [Event("Device/Trigger/DigitalInput", None, "Changed", {}, {"LogicalState": "true"})])
    assert states == {(CARD_KIND, "a"): False, (CARD_KIND, "b"): True, (SIGNAL_KIND, "s"): True}
    note(states, [Event(JOB_STATE, None, "Deleted", {"RecordingJobToken": "b"}, {"State": "Error"})])
    assert states[CARD_KIND, "b"] is False
