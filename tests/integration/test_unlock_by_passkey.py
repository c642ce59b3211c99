"""A holder's passkey opens the commune's key by its own secret; nobody else's does, nor a removed one (A-21)."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.passkey import PRESENT, SoftPasskey
from tests.integration.keeper_town import CHIEF, MAYOR, PASSPHRASE, PASSWORD, Town, town
from tests.integration.test_keeper_passkeys import register
from vms.errors import BadInput, Damaged, Refused
from vms.keeper.protocol import Use
from vms.keys.prf import prf_input, unwrap_by_secret, wrap_by_secret

COMMUNE = "valclair"
INFO = "valclair\0p-1\0ab"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path, public_url="https://guet.example/") as made:
        yield made


async def answered(
    place: Town, login: str, passkey: SoftPasskey, *, adding: bool = False, commune: str = COMMUNE
) -> tuple[dict[str, Any], str]:
    """The passkey's answer and its secret, as the page hands them over."""
    asked = await place.web.accounts.unlock_options(place.tokens[login], commune, adding=adding)
    passkey.count += 1
    secret = passkey.prf(base64.b64decode(asked["input"]))
    return passkey.get(asked["options"]), base64.b64encode(secret).decode()


async def unlocked(place: Town) -> bool:
    return (await place.web.session(place.tokens[MAYOR])).unlocked[COMMUNE]


async def test_a_passkey_added_with_the_passphrase_unlocks_after_a_restart(place: Town) -> None:
    passkey, token = SoftPasskey(), place.tokens[MAYOR]
    await register(place, MAYOR, passkey)
    with pytest.raises(Refused, match="Aucune de vos clés"):
        await answered(place, MAYOR, passkey)
    answer, secret = await answered(place, MAYOR, passkey, adding=True)
    with pytest.raises(Refused, match="n’ouvre pas"):  # by itself it opens nothing yet
        await place.web.unlock(token, COMMUNE, "", answer, secret)
    answer, secret = await answered(place, MAYOR, passkey, adding=True)
    with pytest.raises(Refused, match="phrase de passe"):
        await place.web.unlock(token, COMMUNE, "not the passphrase", answer, secret)
    assert not await unlocked(place)
    answer, secret = await answered(place, MAYOR, passkey, adding=True)
    await place.web.unlock(token, COMMUNE, PASSPHRASE, answer, secret)
    assert (await place.web.session(token)).unlocks_by_passkey == (COMMUNE,)
    assert (await place.web.session(place.tokens[CHIEF])).unlocks_by_passkey == ()

    await place.restart()
    assert not await unlocked(place)
    answer, secret = await answered(place, MAYOR, passkey)
    await place.web.unlock(token, COMMUNE, "", answer, secret)
    assert await unlocked(place)
    entries = (await place.read(MAYOR, "journal"))["entries"]
    assert sum(one["record"]["act"] == "add_unlocking_passkey" for one in entries) == 1
    assert any(one["record"]["detail"].get("passkey") for one in entries if one["record"]["act"] == "unlock")

    await place.restart()
    await place.web.unlock(token, COMMUNE, PASSPHRASE)  # the passphrase goes on opening
    assert await unlocked(place)


async def test_neither_the_secret_nor_the_answer_alone_nor_another_use_unlocks(place: Town) -> None:
    passkey, token = SoftPasskey(), place.tokens[MAYOR]
    kept = (await register(place, MAYOR, passkey))["passkeys"][0]["id"]
    answer, secret = await answered(place, MAYOR, passkey, adding=True)
    await place.web.unlock(token, COMMUNE, PASSPHRASE, answer, secret)
    await place.restart()
    with pytest.raises(Refused):
        await place.web.unlock(token, COMMUNE, "", None, secret)
    spent = answer
    step_up = passkey.get(await place.web.accounts.passkey_options(Use.STEP_UP, token))
    for stale in (spent, step_up):
        with pytest.raises(Refused):
            await place.web.unlock(token, COMMUNE, "", stale, secret)
    unverified, _ = await answered(place, MAYOR, replace(passkey, flags=PRESENT, count=20))
    with pytest.raises(Refused, match="pas valable"):
        await place.web.unlock(token, COMMUNE, "", unverified, secret)
    passkey.count = 30
    fresh, _ = await answered(place, MAYOR, passkey)
    with pytest.raises(Refused, match="n’ouvre pas"):
        await place.web.unlock(token, COMMUNE, "", fresh, base64.b64encode(bytes(32)).decode())
    for odd in ("", "é", base64.b64encode(bytes(31)).decode()):
        fresh, _ = await answered(place, MAYOR, passkey)
        with pytest.raises(BadInput):
            await place.web.unlock(token, COMMUNE, "", fresh, odd)
    # The other holder's session cannot use it, and has none of its own.
    fresh, _ = await answered(place, MAYOR, passkey)
    with pytest.raises(Refused):
        await place.web.unlock(place.tokens[CHIEF], COMMUNE, "", fresh, secret)
    assert not await unlocked(place)

    await place.web.step_up(token, PASSWORD)
    ready, secret = await answered(place, MAYOR, passkey)
    await place.web.accounts.passkey_remove(token, kept)
    with pytest.raises(Refused, match="pas connue"):
        await place.web.unlock(token, COMMUNE, "", ready, secret)
    assert not place.keeper.house.communes.get(COMMUNE).holders[place.people[MAYOR]].passkeys
    assert (await place.web.session(token)).unlocks_by_passkey == ()


def test_what_a_secret_wraps_opens_by_it_alone() -> None:
    box = wrap_by_secret(b"private", b"s" * 32, INFO)
    assert unwrap_by_secret(box, b"s" * 32, INFO) == b"private"
    assert box != wrap_by_secret(b"private", b"s" * 32, INFO)
    for secret, info in ((b"t" * 32, INFO), (b"s" * 32, "valclair\0p-2\0ab"), (b"s" * 32, "valclair\0p-1\0ac")):
        with pytest.raises(Refused):
            unwrap_by_secret(box, secret, info)
    for name, value in (
        ("salt", base64.b64encode(bytes(16)).decode()),
        ("nonce", base64.b64encode(bytes(12)).decode()),
    ):
        with pytest.raises(Refused):
            unwrap_by_secret(box | {name: value}, b"s" * 32, INFO)
    for name, odd in (("v", 2), ("kdf", "argon2id"), ("aead", "none"), ("salt", "AA=="), ("nonce", "é")):
        with pytest.raises(Damaged):
            unwrap_by_secret(box | {name: odd}, b"s" * 32, INFO)
    with pytest.raises(BadInput):
        wrap_by_secret(b"private", b"short", INFO)
    assert prf_input("valclair") != prf_input("brumesnil")


def test_a_box_made_once_still_opens() -> None:
    """The format: a box whose parts were computed apart (HKDF by RFC 5869's own steps, then AES-256-GCM)."""
    box = {
        "v": 1, "kdf": "hkdf-sha256", "salt": base64.b64encode(bytes(range(16))).decode(), "aead": "AES-256-GCM",
        "nonce": base64.b64encode(bytes(range(12))).decode(), "ciphertext": CIPHERTEXT,
    }  # fmt: skip
    assert unwrap_by_secret(box, bytes(range(32)), INFO) == b"the private key"


CIPHERTEXT = "gfrpkuwlU9/GzPROvTze8qymmMXkC0YlwYT5gKiA+Q=="
