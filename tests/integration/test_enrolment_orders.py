"""Orders from the database to the camera and back: search, enrol, declare, rotate, as the provisioner does them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.camera_lock import camera_lock
from tests.fakes.camera import UserConfig
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.camera_town import PREFIX, camera, clip, farm
from tests.fakes.provisioning_town import OrderTown, order_town
from vms.clock import SystemClock
from vms.onvif import sweep
from vms.onvif.soap import Credential
from vms.services import camera_clock
from vms.services.device_session import DeviceSessions
from vms.vault.entry import ROLES, USER
from vms.vault.handover import open_for_recorder


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PROBES_PER_SECOND", 200)
    monkeypatch.setattr(sweep, "ANSWER_WAIT_S", 0.4)
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)


def every_password(town: OrderTown, *cameras: str) -> set[str]:
    entries = [town.vault.read(camera) for camera in cameras]
    return {entry.account(role).password for entry in entries if entry for role in entry.accounts}


def bytes_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def test_a_search_then_an_enrolment(short_home: Path) -> None:
    async with farm(camera(7), camera(8)) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        search = await town.run("discover", {"prefixes": [{"cidr": PREFIX, "trusted": True}]})
        assert (search.progress["done"], search.progress["total"], search.progress["found"]) == (14, 14, 2)
        seven, _ = await town.found(search.id)
        device = cameras["cam-7"]
        assert (seven.state, seven.address, seven.mac) == ("new", "127.77.0.7", device.config.mac_address)
        assert seven.detail["name"] == "Halle"
        args = {"found_id": seven.id, "name": "Halle", "place": "Mât 1", "number": 7, "narrow": True}
        done = await town.run("enrol", args)
        assert (done.status, done.camera_id) == ("done", "valclair-c07")
        [row] = await town.cameras()
        assert (row.id, row.number, row.name, row.kind, row.hardened) == ("valclair-c07", 7, "Halle", "onvif", True)
        assert row.main_url == device.rtsp_url("main")
        assert "@" not in row.main_url + row.sub_url
        user = open_for_recorder(town.recorder_private, "valclair-c07", row.credential_sealed)
        entry = town.vault.read("valclair-c07")
        assert entry is not None
        assert user == Credential(entry.account(USER).username, entry.account(USER).password)
        [(told, facts)] = town.enrolled
        assert (told, facts["source"], facts["name"]) == ("valclair-c07", "onvif", "Halle")
        assert [(p["stream"], p["width"]) for p in facts["profiles"]] == [("main", 704), ("sub", 352)]
        assert [f.state for f in await town.found(search.id)] == ["enrolled", "new"]
        again = await town.run("discover", {})
        assert [f.address for f in await town.found(again.id)] == ["127.77.0.8"]  # the other one hides now (O-20)


async def test_passwords_are_nowhere_in_clear(short_home: Path) -> None:
    """Neither the database with its WAL, nor any file under the home, nor what the process wrote."""
    async with (
        farm(camera(users=(UserConfig(name="admin", password="Factory-9pass"),))) as cameras,
        order_town(short_home, cameras.discovery.port) as town,
    ):
        await town.prefix(PREFIX)
        row = await town.enrol(cameras["cam-7"], credential_sealed=town.typed("admin", "Factory-9pass"))
        assert row.status == "done", row.error
        secrets = every_password(town, "valclair-c07") | {"Factory-9pass"}
        assert len(secrets) == 4
        written = bytes_under(short_home)
        for secret in secrets:
            assert secret.encode() not in written


async def test_the_process_itself(short_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``python -m deploy.provisioner --order ID``: exit codes, and nothing secret on its outputs."""
    async with farm(camera()) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        search = await town.run("discover", {})
        [found] = await town.found(search.id)
        order = await town.queue("enrol", {"found_id": found.id, "name": "Halle", "number": 7})
        wrong = await town.queue("enrol", {"found_id": "nothing", "name": "Halle", "number": 8})
        env = {**os.environ, "VMS_HOME": str(short_home), "VMS_DISCOVERY_PORT": str(cameras.discovery.port)}
        codes, outputs = [], b""
        for name in (order, order, wrong, "no-such-order"):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "deploy.provisioner", "--order", name, env=env,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, err = await process.communicate()
            codes.append(process.returncode)
            outputs += out + err
        assert codes == [0, 0, 1, 2], outputs.decode()
        assert (await town.order(wrong)).error["kind"] == "not-found"
        for secret in every_password(town, "valclair-c07"):
            assert secret.encode() not in outputs


async def test_killed_for_real_and_started_again(short_home: Path) -> None:
    """kill -9 of the process at three moments of an enrolment; the next start of the same order ends it."""
    async with farm(camera()) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        search = await town.run("discover", {})
        [found] = await town.found(search.id)
        order = await town.queue("enrol", {"found_id": found.id, "name": "Halle", "number": 7})
        env = {**os.environ, "VMS_HOME": str(short_home)}
        command = (sys.executable, "-m", "deploy.provisioner", "--order", order)
        for step in ("accounts", "clock", "profiles"):
            process = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.DEVNULL)
            await _until(lambda step=step: _state(short_home, order, step) not in ("", "todo"), process)
            if process.returncode is None:
                process.kill()
            await process.wait()
        process = await asyncio.create_subprocess_exec(*command, env=env)
        assert await process.wait() == 0
        accounts = {(a.name, a.password) for a in cameras["cam-7"].accounts.all()}
        entry = town.vault.read("valclair-c07")
        assert entry is not None
        assert accounts == {(entry.account(role).username, entry.account(role).password) for role in ROLES}


def _state(home: Path, order: str, step: str) -> str:
    import json

    with sqlite3.connect(home / "guet.sqlite") as database:
        [text] = database.execute("select progress from provisioningorder where id = ?", (order,)).fetchone()
    database.close()
    return next((s["state"] for s in json.loads(text).get("steps", []) if s["name"] == step), "")


async def _until(reached: Any, process: asyncio.subprocess.Process) -> None:
    for _ in range(3000):
        if process.returncode is not None or reached():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the step was never reached")


async def test_an_impostor_opens_an_incident_and_changes_nothing(short_home: Path) -> None:
    async with farm(camera(7)) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        assert (await town.enrol(cameras["cam-7"])).status == "done"
        [before] = await town.cameras()
        fake = camera(9, mac=cameras["cam-7"].config.mac_address)
        impostor = await cameras.add(fake.model_copy(update={"id": "cam-9"}))
        search = await town.run("discover", {})
        [found] = await town.found(search.id)
        assert (found.state, found.detail["rule"]) == ("impostor", "O-21")
        assert found.detail["camera"] == "valclair-c07"
        [incident] = await town.incidents()
        assert (incident.kind, incident.severity, incident.camera_id) == ("impostor", "grave", "valclair-c07")
        refused = await town.run("enrol", {"found_id": found.id, "name": "Fausse", "number": 9})
        assert (refused.status, refused.error["rule"]) == ("failed", "O-21")
        assert [a.name for a in impostor.accounts.all()] == ["admin"]
        assert await town.cameras() == [before]
        await town.run("discover", {})
        assert len(await town.incidents()) == 1  # the same incident is not opened twice


async def test_two_devices_with_one_key_are_duplicates(short_home: Path) -> None:
    twin = "02:00:00:00:00:77"
    async with (
        farm(camera(7, mac=twin), camera(8, mac=twin), camera(9)) as cameras,
        order_town(short_home, cameras.discovery.port) as town,
    ):
        await town.prefix(PREFIX)
        search = await town.run("discover", {})
        found = await town.found(search.id)
        assert [f.state for f in found] == ["duplicate", "duplicate", "new"]
        refused = await town.run("enrol", {"found_id": found[0].id, "name": "A", "number": 1})
        assert refused.error["rule"] == "O-21"


async def test_what_is_no_camera_or_no_camera_for_us_is_said(short_home: Path) -> None:
    async with farm(camera(7), camera(8, media2=False), camera(9)) as cameras:
        misbehave(cameras["cam-7"], "soap", answer="xml-bomb")
        async with order_town(short_home, cameras.discovery.port) as town:
            await town.prefix(PREFIX)
            search = await town.run("discover", {})
            assert search.status == "done"
            states = {f.address: (f.state, f.detail["rule"]) for f in await town.found(search.id)}
            assert states == {
                "127.77.0.7": ("not-a-camera", ""),
                "127.77.0.8": ("refused", "O-10"),
                "127.77.0.9": ("new", ""),
            }


async def test_a_prefix_not_mastered_refuses_plain_http(short_home: Path) -> None:
    async with farm(camera(7)) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX, trusted=False)
        search = await town.run("discover", {})
        [found] = await town.found(search.id)
        assert (found.state, found.detail["rule"]) == ("refused", "A-01")
        refused = await town.run("enrol", {"found_id": found.id, "name": "Halle", "number": 7})
        assert refused.error["rule"] == "A-01"


async def test_searches_stay_inside_declared_prefixes(short_home: Path) -> None:
    async with order_town(short_home) as town:
        nothing = await town.run("discover", {})
        assert nothing.error["rule"] == "O-22"
        await town.prefix(PREFIX)
        for args in ({"prefixes": ["10.0.0.0/24"]}, {"addresses": ["10.0.0.1"]}):
            assert (await town.run("discover", args)).error["rule"] == "O-22"


async def test_a_camera_that_does_not_answer_probes_is_found_by_its_address(short_home: Path) -> None:
    async with (
        farm(camera(7, discoverable=False)) as cameras,
        order_town(short_home, cameras.discovery.port) as town,
    ):
        town.settings.onvif_ports = [9, cameras["cam-7"].http_port]
        await town.prefix(PREFIX)
        search = await town.run("discover", {"addresses": ["127.77.0.7", "127.77.0.3"]})
        [found] = await town.found(search.id)
        assert (found.state, found.endpoint_reference) == ("new", cameras["cam-7"].config.endpoint_reference)


@pytest.mark.parametrize("kind", ["enrol", "declare_rtsp", "rotate", "unheard-of"])
@pytest.mark.parametrize("args", [{}, {"number": "x", "camera": "../.."}, {"number": None, "camera": 3}])
async def test_an_order_with_arguments_missing_is_bad_input(short_home: Path, kind: str, args: dict[str, Any]) -> None:
    async with order_town(short_home) as town:
        row = await town.run(kind, args)
        assert (row.status, row.error["kind"]) == ("failed", "bad-input")


async def test_a_forged_order_and_a_row_that_says_something_else_are_refused(short_home: Path) -> None:
    async with order_town(short_home) as town:
        await town.prefix(PREFIX)
        other = await town.queue("discover", {}, commune="brumesnil")
        assert (await town.carry_out(other)).error["kind"] == "refused"
        town.forged = True
        assert (await town.run("discover", {})).error["rule"] == "P-40"


async def test_one_order_at_a_time_for_a_camera(short_home: Path) -> None:
    async with order_town(short_home) as town:
        await town.prefix(PREFIX)
        with camera_lock(town.settings.vault_dir, "valclair-c07"):
            row = await town.run("enrol", {"found_id": "x", "name": "Halle", "number": 7})
            assert row.error["kind"] == "conflict"
        row = await town.run("enrol", {"found_id": "x", "name": "Halle", "number": 7})
        assert row.error["kind"] == "not-found"


async def test_one_device_under_two_numbers_at_once_is_enrolled_once(short_home: Path) -> None:
    async with farm(camera(7)) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        search = await town.run("discover", {})
        [found] = await town.found(search.id)
        orders = [await town.queue("enrol", {"found_id": found.id, "name": "H", "number": n}) for n in (7, 8)]
        rows = await asyncio.gather(*(town.carry_out(order) for order in orders))
        assert sorted(row.status for row in rows) == ["done", "failed"]
        [lost] = [row for row in rows if row.status == "failed"]
        assert lost.error["kind"] in ("conflict", "refused")
        [row] = await town.cameras()
        assert {a.password for a in cameras["cam-7"].accounts.all()} == every_password(town, row.id)


async def test_a_number_that_is_taken_is_a_conflict(short_home: Path) -> None:
    async with farm(camera(7), camera(8)) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        assert (await town.enrol(cameras["cam-7"], 7)).status == "done"
        taken = await town.enrol(cameras["cam-8"], 7)
        assert taken.error["kind"] == "conflict"
        assert [a.name for a in cameras["cam-8"].accounts.all()] == ["admin"]


async def test_recorders_that_never_started_delay_the_end_only(short_home: Path) -> None:
    async with farm(camera(7)) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        identity = town.settings.recorder_dir / "identity.pub"
        public = identity.read_bytes()
        identity.unlink()
        late = await town.enrol(cameras["cam-7"])
        assert late.error["kind"] == "unavailable"
        identity.write_bytes(public)
        args = {"found_id": (await town.found())[0].id, "name": "Halle", "number": 7}
        assert (await town.run("enrol", args)).status == "done"


async def test_rotation(short_home: Path) -> None:
    async with farm(camera(7)) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        await town.enrol(cameras["cam-7"])
        before = every_password(town, "valclair-c07")
        row = await town.run("rotate", {"camera": "valclair-c07"})
        assert (row.status, row.camera_id) == ("done", "valclair-c07")
        after = every_password(town, "valclair-c07")
        assert not before & after
        assert {a.password for a in cameras["cam-7"].accounts.all()} == after
        [camera_row] = await town.cameras()
        user = open_for_recorder(town.recorder_private, "valclair-c07", camera_row.credential_sealed)
        sessions = DeviceSessions(cameras["cam-7"].device_url, SystemClock())
        async with sessions.media(user) as media:
            assert await media.profiles()


async def test_rotation_of_nothing_or_of_a_camera_that_somebody_changed(short_home: Path) -> None:
    async with farm(camera(7)) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        assert (await town.run("rotate", {"camera": "valclair-c07"})).error["kind"] == "bad-input"
        await town.enrol(cameras["cam-7"])
        before = every_password(town, "valclair-c07")
        misbehave(cameras["cam-7"], "wrong-password", on=True)
        assert (await town.run("rotate", {"camera": "valclair-c07"})).error["rule"] == "A-05"
        assert every_password(town, "valclair-c07") == before


async def test_a_source_without_onvif(short_home: Path) -> None:
    users = (UserConfig(name="viewer", password="stream-pass-1"),)
    async with (
        farm(camera(7, onvif=False, users=users, factory=False)) as cameras,
        order_town(short_home) as town,
    ):
        await town.prefix(PREFIX)
        sealed = town.typed("viewer", "stream-pass-1")
        args = {"url": cameras["cam-7"].rtsp_url("main"), "name": "Port", "number": 3, "credential_sealed": sealed}
        args["sub_url"] = cameras["cam-7"].rtsp_url("sub")
        row = await town.run("declare_rtsp", args)
        assert row.status == "done", row.error
        [source] = await town.cameras()
        assert (source.kind, source.hardened, source.main_profile["width"]) == ("rtsp", False, 704)
        user = open_for_recorder(town.recorder_private, source.id, source.credential_sealed)
        assert user == Credential("viewer", "stream-pass-1")
        assert town.enrolled[0][1]["source"] == "rtsp"
        assert b"stream-pass-1" not in bytes_under(short_home)
        counts = cameras["cam-7"].counts
        assert set(counts.setups.values()) == {0}  # no track was set up: no picture, no sound
        elsewhere = await town.run("declare_rtsp", {**args, "number": 4})
        assert elsewhere.error["kind"] == "conflict"
        rotated = await town.run("rotate", {"camera": source.id})
        assert rotated.error["rule"] == "A-05"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"url": "rtsp://127.78.0.1/main"}, "O-22"),
        ({"url": "rtsp://camera.example/main"}, "O-22"),
        ({"url": "rtsp://viewer:secret@127.77.0.7/main"}, "A-05"),
        ({"url": "http://127.77.0.7/main"}, ""),
        ({"narrow": True, "url": "sub"}, "T-04"),
        ({"credential_sealed": "!"}, ""),
    ],
)
async def test_sources_that_may_not_be_declared(short_home: Path, changes: dict[str, Any], rule: str) -> None:
    async with farm(camera(7, onvif=False, rtsp_authentication=False)) as cameras, order_town(short_home) as town:
        await town.prefix(PREFIX)
        args: dict[str, Any] = {"url": cameras["cam-7"].rtsp_url("main"), "name": "Port", "number": 3, **changes}
        if args["url"] == "sub":
            args["url"] = cameras["cam-7"].rtsp_url("sub")
        row = await town.run("declare_rtsp", args)
        assert (row.status, row.error["rule"]) == ("failed", rule)
        assert await town.cameras() == []


async def test_a_source_on_a_prefix_that_is_not_mastered_is_refused(short_home: Path) -> None:
    async with farm(camera(7, onvif=False)) as cameras, order_town(short_home) as town:
        await town.prefix(PREFIX, trusted=False)
        args = {"url": cameras["cam-7"].rtsp_url("main"), "name": "Port", "number": 3}
        assert (await town.run("declare_rtsp", args)).error["rule"] == "A-01"


async def test_a_source_with_a_wrong_password_or_h265_alone_is_refused(short_home: Path) -> None:
    hevc = clip("libx265", 704, 576)
    async with (
        farm(camera(7, onvif=False), camera(8, onvif=False, main=hevc, rtsp_authentication=False)) as cameras,
        order_town(short_home) as town,
    ):
        await town.prefix(PREFIX)
        args = {"url": cameras["cam-7"].rtsp_url("main"), "name": "Port", "number": 3}
        sealed = town.typed("admin", "not this one")
        wrong = await town.run("declare_rtsp", {**args, "credential_sealed": sealed})
        assert wrong.status == "failed"
        assert wrong.error["what"]
        alone = await town.run("declare_rtsp", {**args, "url": cameras["cam-8"].rtsp_url("main")})
        assert alone.error["rule"] == "T-01"
