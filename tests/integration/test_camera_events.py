"""Pull points: what a camera says of its signal and its card becomes an incident, and ends with the state."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlmodel import select

from recorder.backfill.card import find_card
from recorder.camera.events import CARD_KIND, CERTIFICATE_KIND, SIGNAL_KIND, keep_watching, note, watch
from recorder.rtsp.auth import Credentials
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.small_clip import write_clip
from tests.fakes.tls_front import self_signed, tls_front
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine, read
from vms.errors import GuetError
from vms.model import Camera, Incident
from vms.onvif.events import JOB_STATE, SIGNAL_LOSS, Event
from vms.onvif.tls import certificate_changed, fetch_fingerprint
from vms.services.stream_certificate import SERVICES_CERTIFICATE

LIMIT_S = 60.0


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


async def test_services_under_another_certificate_are_told_and_get_no_byte_until_it_is_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A-01: whoever answers under another certificate gets neither account nor question; people are told."""
    monkeypatch.setattr("recorder.camera.events.RETRY_S", 0.05)
    users = (UserConfig(name="viewer", password="v" * 12, level="User"),)
    main = write_clip(tmp_path / "main.mp4")
    config = CameraConfig(id="town-c01", address="127.0.61.12", main=main, factory=False, users=users)
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'guet.sqlite'}")
    await ensure_schema(engine)

    async def told(*, closed: bool) -> Incident:
        async with asyncio.timeout(LIMIT_S):
            while True:
                async with read(engine) as session:
                    rows = (await session.execute(select(Incident))).scalars().all()
                if rows and (rows[0].closed_us is not None) is closed:
                    return rows[0]
                await asyncio.sleep(0.05)

    async with (
        Farm(FarmConfig(cameras=(config,), rtsp_port=0, http_port=0, discovery_port=0)) as farm,
        tls_front(self_signed(tmp_path), "127.0.61.12", farm["town-c01"].http_port) as port,
    ):
        url = f"https://127.0.61.12:{port}/onvif/device_service"
        row = Camera(
            id="town-c01", commune_id="town", number=1, name="c", onvif_url=url, created_us=1, updated_us=1,
            main_profile={SERVICES_CERTIFICATE: "00" * 32},
        )  # fmt: skip
        account = Credentials("viewer", "v" * 12)
        task = asyncio.create_task(keep_watching(row, account, engine, SystemClock()))
        incident = await told(closed=False)
        assert (incident.kind, incident.severity, incident.rule) == (CERTIFICATE_KIND, "grave", "A-01")
        with pytest.raises(GuetError) as caught:
            await find_card(row, "main", account, SystemClock(), 0)
        assert certificate_changed(caught.value), "its card is not asked either"
        row.main_profile = {SERVICES_CERTIFICATE: await fetch_fingerprint("127.0.61.12", port)}
        await told(closed=True)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
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
