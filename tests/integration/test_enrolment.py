"""Enrolment against the virtual camera: accounts, clock, hardening, profiles, and refusals that name their rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.camera import UserConfig
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.camera_town import FACTORY, Town, camera, clip, farm
from vms.clock import SystemClock
from vms.errors import Damaged, GuetError, Refused, Unauthenticated, Unavailable
from vms.onvif.soap import Credential, NotPermitted, WrongCredential
from vms.services import camera_clock
from vms.services.device_session import DeviceSessions
from vms.services.identify import Identity, KnownCamera, Match
from vms.vault.entry import ADMINISTRATOR, OPERATOR, ROLES, USER


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
    return Town(tmp_path)


def passwords(town: Town) -> dict[str, Credential]:
    entry = town.vault.read("valclair-c07")
    assert entry is not None
    return {role: Credential(entry.account(role).username, entry.account(role).password) for role in ROLES}


async def test_a_factory_camera_is_enrolled(town: Town) -> None:
    async with farm(camera()) as cameras:
        device = cameras["cam-7"]
        enrolled = await town.enrol(device)
        assert [s["state"] for s in town.saved["steps"]] == ["done"] * 5 + ["warn", "done", "done"]
        assert {a.name: a.level for a in device.accounts.all()} == {
            "guet-admin": "Administrator",
            "guet-operateur": "Operator",
            "guet-lecture": "User",
        }
        assert not device.device.discoverable
        assert enrolled.identity == Identity(
            device.config.endpoint_reference, device.config.mac_address, device.config.serial_number,
            "Guet", "Virtual-1", "1.0.0",
        )  # fmt: skip
        assert enrolled.main_url == device.rtsp_url("main")
        assert enrolled.sub_url == device.rtsp_url("sub")
        assert (enrolled.main_profile["width"], enrolled.main_profile["height"]) == (704, 576)
        assert (enrolled.sub_profile["codec"], enrolled.sub_profile["width"]) == ("h264", 352)
        assert enrolled.hardened
        assert enrolled.user == passwords(town)[USER]
        sessions = DeviceSessions(device.device_url, SystemClock())
        with pytest.raises(WrongCredential):  # the factory password opens nothing any more
            async with sessions(FACTORY) as stranger:
                await stranger.information()


async def test_the_default_access_policy_holds_for_each_account(town: Town) -> None:
    """O-25: the recorder's account reads media, changes nothing, and cannot remove a mask."""
    async with farm(camera(masks=4)) as cameras:
        device = cameras["cam-7"]
        await town.enrol(device)
        sessions = DeviceSessions(device.device_url, SystemClock())
        accounts = passwords(town)
        async with sessions.media(accounts[USER]) as media:
            assert len(await media.profiles()) == 2
            with pytest.raises(NotPermitted) as caught:
                await media.delete_mask("mask-1")
        assert caught.value.rule == "O-25"
        async with sessions(accounts[OPERATOR]) as operator:
            with pytest.raises(NotPermitted):
                await operator.accounts()
        async with sessions(accounts[ADMINISTRATOR]) as administrator:
            assert len(await administrator.accounts()) == 3


async def test_no_password_shows_in_progress_or_result(town: Town, capfd: pytest.CaptureFixture[str]) -> None:
    async with farm(camera()) as cameras:
        enrolled = await town.enrol(cameras["cam-7"])
    captured = capfd.readouterr()
    shown = (
        json.dumps(town.saved) + repr(enrolled) + repr(town.vault.read("valclair-c07")) + captured.out + captured.err
    )
    for credential in passwords(town).values():
        assert credential.password not in shown


async def test_audio_that_cannot_be_cut_is_named(town: Town) -> None:
    async with farm(camera(audio=True)) as cameras:
        await town.enrol(cameras["cam-7"])
    assert town.step("audio")["rule"] == "P-06"
    assert "sonore" in town.step("audio")["detail"]


async def test_a_camera_without_sound_has_nothing_to_say(town: Town) -> None:
    async with farm(camera(audio=False)) as cameras:
        await town.enrol(cameras["cam-7"])
    assert (town.step("audio")["state"], town.step("audio")["rule"]) == ("done", "")


@pytest.mark.parametrize("offset_s", [3600.0, -86_400.0, 40.0])
async def test_a_wrong_clock_is_set(town: Town, offset_s: float) -> None:
    async with farm(camera(clock_offset_s=offset_s)) as cameras:
        device = cameras["cam-7"]
        enrolled = await town.enrol(device)
        assert abs(device.clock_offset_us) < 1_000_000
    assert abs(enrolled.clock_offset_ms) < 1000
    assert town.step("clock")["state"] == "done"


async def test_a_clock_that_will_not_be_set_is_named(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async with farm(camera(clock_offset_s=90.0)) as cameras:
        device = cameras["cam-7"]

        async def deaf(*_: object) -> None:
            return None

        monkeypatch.setattr("vms.onvif.device.Device.set_time", deaf)
        enrolled = await town.enrol(device)
    assert town.step("clock")["state"] == "warn"
    assert town.step("clock")["rule"] == "A-10"
    assert "90 s" in town.step("clock")["detail"]
    assert 88_000 < enrolled.clock_offset_ms < 92_000


async def test_a_wrong_password_changes_nothing(town: Town) -> None:
    async with farm(camera(users=(UserConfig(name="admin", password="other-one"),))) as cameras:
        with pytest.raises(Unauthenticated) as caught:
            await town.enrol(cameras["cam-7"])
        assert caught.value.rule == "A-05"
        assert town.step("identify")["state"] == "failed"
        assert [a.name for a in cameras["cam-7"].accounts.all()] == ["admin"]
        assert town.vault.read("valclair-c07") is None
        await town.enrol(cameras["cam-7"], Credential("admin", "other-one"))  # typed by a person
    assert len(town.inscribed) == 1


async def test_an_account_that_is_no_administrator_is_refused(town: Town) -> None:
    users = (UserConfig(name="admin", password="another1"), UserConfig(name="eve", password="evening-1", level="User"))
    async with farm(camera(users=users, factory=False)) as cameras:
        with pytest.raises(Refused) as caught:
            await town.enrol(cameras["cam-7"], Credential("eve", "evening-1"))
    assert caught.value.rule == "O-25"


async def test_strangers_accounts_do_not_stay(town: Town) -> None:
    users = (UserConfig(name="admin", password="admin"), UserConfig(name="installer", password="left-behind"))
    async with farm(camera(users=users)) as cameras:
        await town.enrol(cameras["cam-7"])
        assert {a.name for a in cameras["cam-7"].accounts.all()} == {"guet-admin", "guet-operateur", "guet-lecture"}


async def test_an_account_that_cannot_go_gets_a_password_of_ours(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from vms.onvif.device import Device
    from vms.onvif.soap import SoapFault

    async def fixed(*_: object) -> None:
        raise SoapFault("fixed user", ("Sender", "InvalidArgVal", "FixedUser"), "cam")

    monkeypatch.setattr(Device, "delete_account", fixed)
    async with farm(camera()) as cameras:
        device = cameras["cam-7"]
        await town.enrol(device)
        entry = town.vault.read("valclair-c07")
        assert entry is not None
        kept = device.accounts.get("admin")
        assert kept is not None
        assert kept.password == entry.locked["admin"].password != "admin"
    assert "admin" in town.step("accounts")["detail"]


async def test_half_way_the_factory_password_still_stands(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that takes one account and no more: nothing of the factory's is touched."""
    monkeypatch.setattr("tests.fakes.camera.accounts.MAX_USERS", 2)
    async with farm(camera()) as cameras:
        device = cameras["cam-7"]
        with pytest.raises(GuetError):
            await town.enrol(device)
        factory = device.accounts.get("admin")
        assert factory is not None
        assert factory.password == "admin"
        entry = town.vault.read("valclair-c07")
        assert entry is not None
        assert not entry.established
        monkeypatch.undo()
        monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
        await town.enrol(device)
        assert device.accounts.get("admin") is None
        assert passwords(town)[ADMINISTRATOR].password == entry.account(ADMINISTRATOR).password


@pytest.mark.parametrize(
    "kind",
    ["not-xml", "xml-bomb", "external-entity", "endless", "endless-header", "truncated", "http-500", "empty", "html"],
)
async def test_a_host_that_answers_nonsense_is_a_clear_error(town: Town, kind: str) -> None:
    async with farm(camera()) as cameras:
        misbehave(cameras["cam-7"], "soap", answer=kind)
        with pytest.raises(GuetError) as caught:
            await town.enrol(cameras["cam-7"])
        assert isinstance(caught.value, Damaged | Unavailable | Refused)
        assert caught.value.what
        misbehave(cameras["cam-7"], "soap", answer="")
        await town.enrol(cameras["cam-7"])
    assert len(town.inscribed) == 1


async def test_nothing_there_is_unavailable(town: Town) -> None:
    async with farm(camera()) as cameras:
        device = cameras["cam-7"]
    with pytest.raises(Unavailable):
        await town.enrol(device)


async def test_outside_the_prefixes_nothing_is_asked(town: Town) -> None:
    async with farm(camera(40)) as cameras:
        with pytest.raises(Refused) as caught:
            await town.enrol(cameras["cam-40"])
    assert caught.value.rule == "O-22"


async def test_plain_http_on_a_prefix_that_is_not_mastered_is_refused_before_a_word(town: Town) -> None:
    town.trusted = False
    async with farm(camera()) as cameras:
        with pytest.raises(Refused) as caught:
            await town.enrol(cameras["cam-7"])
        assert caught.value.rule == "A-01"
        assert [a.name for a in cameras["cam-7"].accounts.all()] == ["admin"]
    assert town.vault.read("valclair-c07") is None


async def test_a_picture_too_small_is_refused_by_its_rule(town: Town) -> None:
    small = clip("libx264", 320, 240)
    async with farm(camera(main=small, sub=None)) as cameras:
        with pytest.raises(Refused) as caught:
            await town.enrol(cameras["cam-7"])
    assert caught.value.rule == "T-05"
    assert town.step("profiles")["state"] == "failed"
    assert town.inscribed == []


async def test_a_larger_setting_is_chosen_and_read_back(town: Town) -> None:
    variants = (clip("libx264", 704, 576),)
    async with farm(camera(main=clip("libx264", 352, 288), sub=None, main_variants=variants)) as cameras:
        enrolled = await town.enrol(cameras["cam-7"])
        assert cameras["cam-7"].streams["main"].clip.width == 704
    assert enrolled.main_profile["width"] == 704


async def test_h265_needs_an_h264_stream_beside_it(town: Town) -> None:
    hevc = clip("libx265", 704, 576)
    async with farm(camera(main=hevc, sub=None)) as cameras:
        with pytest.raises(Refused) as caught:
            await town.enrol(cameras["cam-7"])
        assert caught.value.rule == "T-01"
    async with farm(camera(main=hevc)) as cameras:
        enrolled = await town.enrol(cameras["cam-7"])
    assert (enrolled.main_profile["codec"], enrolled.sub_profile["codec"]) == ("h265", "h264")


async def test_a_profile_s_camera_is_refused(town: Town) -> None:
    async with farm(camera(media2=False)) as cameras:
        with pytest.raises(Refused) as caught:
            await town.enrol(cameras["cam-7"])
    assert caught.value.rule == "O-10"


@pytest.mark.parametrize("verdict", ["impostor", "replaced"])
async def test_an_impostor_is_refused_and_left_alone(town: Town, verdict: str) -> None:
    known = KnownCamera("valclair-c09", "valclair", "Mairie", "127.77.0.9", Identity())
    town.match = Match(verdict, known, ("adresse MAC",))  # type: ignore[arg-type]
    async with farm(camera()) as cameras:
        with pytest.raises(Refused) as caught:
            await town.enrol(cameras["cam-7"])
        assert caught.value.rule == "O-21"
        assert [a.name for a in cameras["cam-7"].accounts.all()] == ["admin"]


async def test_another_device_at_the_address_is_not_enrolled_for_the_one_found(town: Town) -> None:
    async with farm(camera()) as cameras:
        other = "urn:uuid:00000000-0000-4000-8000-000000000001"
        with pytest.raises(Refused) as caught:
            await town.enrol(cameras["cam-7"], endpoint_reference=other)
    assert caught.value.rule == "O-21"


@pytest.mark.parametrize("algorithms", [("SHA-256",), ("SHA-256", "MD5"), ("MD5", "SHA-256")])
async def test_digest_algorithms(town: Town, algorithms: tuple[str, ...]) -> None:
    async with farm(camera(digest=algorithms)) as cameras:
        await town.enrol(cameras["cam-7"])
    assert len(town.inscribed) == 1
