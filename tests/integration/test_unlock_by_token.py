"""A holder's PKCS#11 token opens the commune's key by itself; a token that fails changes nothing (A-21)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.admin.keys import lines
from tests.fakes.soft_token import MODULE, PIN, SoftTokens
from tests.integration.keeper_town import CHIEF, MAYOR, PASSPHRASE, PASSWORD, Town, town
from tests.integration.test_two_person_commands import vms
from vms.errors import (
    BadInput,
    Conflict,
    Damaged,
    GuetError,
    LimitExceeded,
    NotFound,
    Refused,
    StepUpNeeded,
    Unavailable,
)
from vms.keeper.keys.token_reader import Device, TokenReader, worker_environment

COMMUNE = "valclair"
TOKEN = {"label": "jeton du maire", "pin": PIN}


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftTokens:
    made = SoftTokens.begin(tmp_path / "tokens-of-this-test", monkeypatch)
    made.add(TOKEN["label"])
    return made


@pytest.fixture
async def place(tmp_path: Path, tokens: SoftTokens) -> AsyncIterator[Town]:
    async with town(tmp_path / "home", token_module=MODULE) as made:
        yield made


async def added(place: Town, **changes: Any) -> dict[str, Any]:
    return await place.web.accounts.add_token(place.tokens[MAYOR], COMMUNE, PASSPHRASE, TOKEN | changes)


async def unlock(place: Town, login: str = MAYOR, **changes: str) -> dict[str, Any]:
    return await place.web.accounts.unlock_by_token(place.tokens[login], COMMUNE, TOKEN | changes)


def state(place: Town) -> tuple[Any, ...]:
    """Everything that a token which fails must leave as it was."""
    commune = place.keeper.house.communes.get(COMMUNE)
    head = commune.store.reader.execute("SELECT max(seq) FROM entry").fetchone()[0]
    return commune.unlocked, commune.holders, head, commune.private_key() if commune.unlocked else None


async def test_a_token_added_with_the_passphrase_unlocks_after_a_restart_and_drills(place: Town) -> None:
    with pytest.raises(Refused, match="n’ouvre pas"):  # not added yet: it is not even asked
        await unlock(place)
    before = state(place)
    with pytest.raises(Refused, match="phrase de passe"):
        await place.web.accounts.add_token(place.tokens[MAYOR], COMMUNE, "une autre phrase", TOKEN)
    assert state(place) == before
    made = await added(place)
    assert not place.keeper.house.communes.get(COMMUNE).unlocked
    assert (await place.web.session(place.tokens[MAYOR])).unlocks_by_token == (COMMUNE,)
    assert (await place.web.session(place.tokens[CHIEF])).unlocks_by_token == ()

    await place.restart()
    with pytest.raises(Refused):  # another holder's session, with the mayor's token and PIN
        await unlock(place, CHIEF)
    told = await place.web.accounts.drill_token(place.tokens[MAYOR], COMMUNE, TOKEN)
    assert not place.keeper.house.communes.get(COMMUNE).unlocked
    [mayor] = [one for one in told["holders"] if one["person"] == place.people[MAYOR]]
    assert (mayor["tokens"], mayor["drilled_by"]) == ([TOKEN["label"]], TOKEN["label"])
    assert "avec le jeton « jeton du maire »" in "\n".join(lines(told))
    assert (await unlock(place))["unlocked"]
    assert place.keeper.house.communes.get(COMMUNE).unlocked

    records = [one["record"] for one in (await place.read(MAYOR, "journal"))["entries"]]
    acts = {one["act"]: one.get("detail", {}) for one in reversed(records)}
    assert acts["add_unlocking_token"] == {"token": TOKEN["label"], "key": made["key"]}
    assert acts["unlock"] == {"token": TOKEN["label"]}
    assert acts["drill_key"]["token"] == TOKEN["label"]
    needles = (PIN.encode(), PASSPHRASE.encode())
    holding = [p for p in place.home.rglob("*") if p.is_file() and any(one in p.read_bytes() for one in needles)]
    assert holding == [], "neither PIN nor passphrase is ever written"

    await place.restart()
    await place.web.unlock(place.tokens[MAYOR], COMMUNE, PASSPHRASE)  # the passphrase goes on opening


async def test_a_token_from_the_command_line_until_it_is_removed(place: Town) -> None:
    typed = f"{PASSPHRASE}\n{PIN}\n"
    code, out, err = await vms(place, MAYOR, "keys", "add-token", TOKEN["label"], "--passphrase-stdin", typed=typed)
    assert (code, err) == (0, "")
    assert "jeton du maire" in out
    assert "Le maire (phrase secrète, jeton « jeton du maire »)" in (await vms(place, MAYOR, "keys", "show"))[1]
    by_token = ("--token", TOKEN["label"], "--passphrase-stdin")
    code, out, err = await vms(place, MAYOR, "keys", "unlock", *by_token, typed="000000\n")
    assert code != 0
    assert "Ce code n’ouvre pas le jeton." in err
    assert "000000" not in out + err
    code, out, _ = await vms(place, MAYOR, "keys", "drill", *by_token, typed=f"{PIN}\n")
    assert (code, "Le jeton ouvre la clé" in out) == (0, True)
    assert not place.keeper.house.communes.get(COMMUNE).unlocked
    code, out, err = await vms(place, MAYOR, "keys", "unlock", *by_token, typed=f"{PIN}\n")
    assert (code, err) == (0, "")
    assert place.keeper.house.communes.get(COMMUNE).unlocked

    # Lost, it is removed by its holder, who has just confirmed who they are.
    place.clock.advance(seconds=301)
    with pytest.raises(StepUpNeeded):
        await place.web.accounts.remove_token(place.tokens[MAYOR], COMMUNE, TOKEN["label"])
    for login, label in ((MAYOR, "un autre"), (CHIEF, TOKEN["label"])):
        await place.web.step_up(place.tokens[login], PASSWORD)
        with pytest.raises(NotFound):
            await place.web.accounts.remove_token(place.tokens[login], COMMUNE, label)
    assert (await vms(place, MAYOR, "keys", "remove-token", TOKEN["label"]))[0] == 0
    await place.restart()
    with pytest.raises(Refused, match="n’ouvre pas"):
        await unlock(place)
    assert not place.keeper.house.communes.get(COMMUNE).unlocked


async def test_a_wrong_pin_an_absent_token_and_another_key_change_nothing(place: Town, tokens: SoftTokens) -> None:
    await added(place)
    before = state(place)
    with pytest.raises(Refused, match="Ce code") as wrong:
        await unlock(place, pin="000000")
    assert "000000" not in str(wrong.value)
    for odd in ("1", "x" * 90):  # shorter and longer than the token takes
        with pytest.raises(Refused, match="Ce code"):
            await unlock(place, pin=odd)
    for shape in ({"pin": ""}, {"pin": "9" * 101}, {"label": ""}, {"label": "é" * 33}):
        with pytest.raises(BadInput) as misshapen:
            await unlock(place, **shape)
        assert "9999" not in str(misshapen.value)
    tokens.take_out()
    with pytest.raises(NotFound, match="pas branché"):
        await unlock(place)
    tokens.add(TOKEN["label"])  # same name, same PIN, another token
    with pytest.raises(Refused, match="ne porte pas la clé"):
        await unlock(place)
    tokens.add(TOKEN["label"])
    with pytest.raises(Conflict, match="Plusieurs jetons"):
        await unlock(place)
    assert state(place) == before
    tokens.put_back()
    with pytest.raises(LimitExceeded):  # guessing is slowed down here, long before a token would lock itself
        for _ in range(5):
            with suppress(Refused):
                await unlock(place, pin="000000")
    with pytest.raises(LimitExceeded):
        await unlock(place)
    assert state(place) == before
    place.clock.advance(seconds=400)
    assert (await unlock(place))["unlocked"]


@pytest.mark.parametrize(
    ("how", "kind", "says"),
    [
        ("0xa4", Conflict, "Ce jeton est bloqué"),
        ("0xa3", Conflict, "expiré"),
        ("0x30", Unavailable, "DeviceError"),
        ("0x80000777", Unavailable, "erreur"),  # a maker's own
        ("final", Conflict, "n’a pas été essayé"),
        ("fall", Unavailable, "arrêté brutalement"),
        ("hang", Unavailable, "ne répond pas"),
    ],
)
async def test_a_locked_falling_or_hanging_token_is_told_apart(
    tokens: SoftTokens, monkeypatch: pytest.MonkeyPatch, how: str, kind: type[GuetError], says: str
) -> None:
    monkeypatch.setenv("GUET_SHIM", how)
    reader = TokenReader(tokens.shim(), limit_s=0.5 if how == "hang" else 60.0)
    with pytest.raises(kind) as told:
        await reader.shared(Device.model_validate(TOKEN), "ab", b"\x04" + bytes(96))
    assert says in str(told.value)
    assert PIN not in str(told.value)
    assert not [one for one in psutil.Process().children(recursive=True) if "token_worker" in " ".join(one.cmdline())]


async def test_one_token_is_asked_at_a_time_by_a_process_without_core_dumps_or_the_pin_in_sight(
    tokens: SoftTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUET_SHIM", "hang")
    reader = TokenReader(tokens.shim(), limit_s=300.0)
    asking = asyncio.create_task(reader.shared(Device.model_validate(TOKEN), "ab", b"\x04" + bytes(96)))
    await asyncio.to_thread(wait_until_loaded)
    with pytest.raises(Unavailable, match="déjà interrogé"):
        await reader.shared(Device.model_validate(TOKEN), "ab", b"")
    limits = Path(f"/proc/{worker()}/limits").read_text().splitlines()
    [core] = [line.split() for line in limits if line.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]
    assert PIN not in " ".join(psutil.Process(worker()).cmdline())
    asking.cancel()  # who asked has gone: nothing of it stays
    await asyncio.gather(asking, return_exceptions=True)
    assert worker() is None


def worker() -> int | None:
    found = [one.pid for one in psutil.Process().children() if "vms.keys.token_worker" in one.cmdline()]
    return found[0] if found else None


def wait_until_loaded() -> None:
    """Until the worker has loaded the module."""
    deadline = time.monotonic() + 60
    while "shim.so" not in maps_of(worker()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def maps_of(pid: int | None) -> str:
    """What a process has loaded; nothing while it is not there or (not dumpable) may not be read."""
    try:
        return Path(f"/proc/{pid}/maps").read_text()
    except PermissionError:
        return "shim.so"  # it has made itself unreadable, just before it loads the module
    except OSError:
        return ""


async def test_a_module_that_is_missing_none_or_anybodys_is_not_loaded(tokens: SoftTokens, tmp_path: Path) -> None:
    device = Device.model_validate(TOKEN)
    bare = tmp_path / "bare.so"
    bare.write_bytes(b"\x7fELF")
    open_to_all = tokens.shim()
    open_to_all.chmod(0o777)
    for module, kind, says in (
        (None, Unavailable, "VMS_PKCS11_MODULE"),
        (tmp_path / "nowhere.so", Unavailable, "ne se trouve pas"),
        (bare, Unavailable, "ne se charge pas"),
        (open_to_all, Refused, "remplacer"),
    ):
        with pytest.raises(kind, match=says):
            await TokenReader(module).shared(device, "ab", b"")


KEYS = r"""
import sys, pkcs11
from pkcs11 import Attribute as A, KeyType
from pkcs11.util.ec import encode_named_curve_parameters as curve
token = pkcs11.lib(sys.argv[1]).get_token(token_label=sys.argv[2])
with token.open(rw=True, user_pin=sys.argv[3]) as session:
    for label, name, out in (
        ("loose", "secp384r1", True), ("small", "secp256r1", False),
        ("twice", "secp384r1", False), ("twice", "secp384r1", False), ("own", "secp384r1", False),
    ):
        params = session.create_domain_parameters(KeyType.EC, {A.EC_PARAMS: curve(name)}, local=True)
        params.generate_keypair(
            store=True, id=label.encode(), label=label, capabilities=pkcs11.MechanismFlag.DERIVE,
            private_template={A.EXTRACTABLE: out, A.SENSITIVE: not out},
        )
"""


async def test_only_a_key_that_cannot_leave_its_token_is_taken_and_its_box_is_bound(place: Town) -> None:
    command = (sys.executable, "-c", KEYS, str(MODULE), TOKEN["label"], PIN)
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    before = state(place)
    add = place.web.accounts.add_token
    for label, kind, says in (
        ("loose", Refused, "peut sortir"),
        ("small", BadInput, "P-384"),
        ("twice", Conflict, "Plusieurs clés"),
    ):
        with pytest.raises(kind, match=says):
            await add(place.tokens[MAYOR], COMMUNE, PASSPHRASE, TOKEN, label)
    assert state(place) == before
    own = await add(place.tokens[MAYOR], COMMUNE, PASSPHRASE, TOKEN, "own")
    assert (await added(place))["key"] != own["key"], "the same token again replaces its box, by a key made there"
    await place.restart()
    assert (await unlock(place))["unlocked"]

    await place.restart()
    commune = place.keeper.house.communes.get(COMMUNE)
    boxes: Any = commune.holders[place.people[MAYOR]].tokens
    good = dict(boxes[TOKEN["label"]])
    for change, kind in (({"salt": "A" * 22 + "=="}, Refused), ({"kdf": "none"}, Damaged), ({"key": "ff"}, Refused)):
        boxes[TOKEN["label"]] = good | change
        with pytest.raises(kind):
            await unlock(place)
    assert not commune.unlocked


def test_the_worker_gets_none_of_the_keepers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VMS_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"):
        monkeypatch.setenv(name, "un secret")
    monkeypatch.setenv("SOFTHSM2_CONF", "/etc/softhsm2.conf")
    found = worker_environment()
    assert "un secret" not in found.values()
    assert found["SOFTHSM2_CONF"] == "/etc/softhsm2.conf"
