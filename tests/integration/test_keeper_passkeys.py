"""Passkeys at a running keeper: what proves nothing is refused with its reason, and changes nothing (A-05)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.passkey import PRESENT, VERIFIED, SoftPasskey, text
from tests.integration.keeper_town import CHIEF, MAYOR, PASSWORD, Town, town
from vms.clock import MICRO
from vms.errors import Conflict, GuetError, NotFound, Refused, StepUpNeeded, Unavailable
from vms.keeper.identity.passkeys import CHALLENGE_LIFE_US, PASSKEYS_LIMIT, Site
from vms.keeper.protocol import Use

PLACE = "poste-1"
DEEP = text(b"[" * 14_000)
ODD = [
    1, None, "", "x" * 30_000, {}, {"response": {}}, {"rawId": "é", "response": {"clientDataJSON": "e30"}},
    {"rawId": "AA", "response": {"clientDataJSON": DEEP}}, {"rawId": "\ud800", "response": {}},
]  # fmt: skip


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path, public_url="https://guet.example/") as made:
        yield made


async def register(place: Town, login: str, passkey: SoftPasskey, label: str = "Clé bleue") -> dict[str, Any]:
    """Both halves of a registration."""
    token = place.tokens[login]
    options = await place.web.accounts.passkey_options(Use.REGISTER, token)
    return await place.web.accounts.passkey_register(token, label, passkey.create(options))


async def enter(place: Town, passkey: SoftPasskey) -> str:
    """Both halves of a sign-in; the session's token."""
    passkey.count += 1
    answer = passkey.get(await place.web.accounts.passkey_options(Use.SIGN_IN))
    return (await place.web.accounts.passkey_sign_in(answer, PLACE)).token


def state(place: Town) -> list[Any]:
    """All that the host's file holds."""
    reader = place.keeper.house.host.store.reader
    return [reader.execute(f"SELECT * FROM {one}").fetchall() for one in ("passkey", "session", "account", "entry")]


async def test_a_passkey_signs_in_and_confirms_without_a_password(place: Town) -> None:
    passkey = SoftPasskey(flags=PRESENT | VERIFIED)
    made = await register(place, MAYOR, passkey)
    assert [(one["label"], one["synced"], one["used_us"]) for one in made["passkeys"]] == [("Clé bleue", False, None)]
    token = await enter(place, passkey)
    session = await place.web.session(token)
    assert session.person.login == MAYOR
    assert session.has_passkey
    assert session.step_up_until_us > place.clock.utc().us
    place.clock.advance(seconds=301)
    assert (await place.web.session(token)).step_up_until_us < place.clock.utc().us
    passkey.count += 1
    answer = passkey.get(await place.web.accounts.passkey_options(Use.STEP_UP, token))
    assert (await place.web.accounts.passkey_step_up(token, answer)).step_up_until_us > place.clock.utc().us
    await place.restart()
    assert await enter(place, passkey)


LIES: list[tuple[str, Callable[[SoftPasskey], SoftPasskey]]] = [
    ("autre site", lambda one: replace(one, origin="https://guet.example.evil")),
    ("autre site", lambda one: replace(one, origin="http://guet.example")),
    ("autre site", lambda one: replace(one, origin="https://guet.example:8443")),
    ("autre site", lambda one: replace(one, cross_origin=True)),
    ("pas valable", lambda one: replace(one, domain="evil.example")),
    ("pas valable", lambda one: replace(one, flags=PRESENT)),
    ("pas valable", lambda one: replace(one, flags=VERIFIED)),
    ("pas valable", lambda one: replace(one, flags=PRESENT | VERIFIED | 0x10)),
    ("pas valable", lambda one: replace(one, key=SoftPasskey().key)),
    ("autre personne", lambda one: replace(one, handle=b"p-0000")),
    ("a reculé", lambda one: replace(one, count=1)),
    ("pas connue", lambda one: replace(one, id=b"another" * 4)),
]


async def test_a_lie_is_refused_with_its_reason_and_changes_nothing(place: Town) -> None:
    passkey = SoftPasskey()
    await register(place, MAYOR, passkey)
    await enter(place, passkey)
    before = state(place)
    options = await place.web.accounts.passkey_options(Use.SIGN_IN)
    for reason, lie in LIES:
        liar = lie(replace(passkey, count=passkey.count + 1))
        with pytest.raises(Refused, match=reason):
            await place.web.accounts.passkey_sign_in(liar.get(options), PLACE)
        assert state(place) == before
    assert await place.web.accounts.passkey_sign_in(replace(passkey, count=9).get(options), PLACE)


async def test_a_registration_that_lies_keeps_nothing(place: Town) -> None:
    before = state(place)
    for _, lie in LIES[:8]:
        with pytest.raises(Refused):
            await register(place, MAYOR, lie(SoftPasskey()))
        assert state(place) == before


async def test_a_challenge_is_good_once_for_one_use_one_session_and_five_minutes(place: Town) -> None:
    passkey, accounts = SoftPasskey(count=1), place.web.accounts
    await register(place, MAYOR, passkey)
    options = await accounts.passkey_options(Use.SIGN_IN)
    answer = replace(passkey, count=2).get(options)
    await accounts.passkey_sign_in(answer, PLACE)
    for again in (answer, replace(passkey, count=3).get(options)):
        with pytest.raises(Refused, match="déjà servi"):
            await accounts.passkey_sign_in(again, PLACE)
    late = replace(passkey, count=4).get(await accounts.passkey_options(Use.SIGN_IN))
    place.clock.advance(seconds=CHALLENGE_LIFE_US / MICRO + 1)
    with pytest.raises(Refused, match="trop tard"):
        await accounts.passkey_sign_in(late, PLACE)
    mine = replace(passkey, count=5).get(await accounts.passkey_options(Use.STEP_UP, place.tokens[MAYOR]))
    with pytest.raises(Refused, match="ne répond pas"):
        await accounts.passkey_sign_in(mine, PLACE)
    with pytest.raises(Refused, match="ne répond pas"):
        await accounts.passkey_step_up(place.tokens[CHIEF], mine)
    forged = options | {"challenge": text(b"\0" * 56)}
    with pytest.raises(Refused, match="ne répond pas"):
        await accounts.passkey_sign_in(replace(passkey, count=6).get(forged), PLACE)


async def test_nobody_confirms_with_somebody_elses_passkey(place: Town) -> None:
    mine, theirs = SoftPasskey(), SoftPasskey()
    await register(place, MAYOR, mine)
    await register(place, CHIEF, theirs)
    place.clock.advance(seconds=301)
    options = await place.web.accounts.passkey_options(Use.STEP_UP, place.tokens[MAYOR])
    with pytest.raises(Refused, match="pas connue"):
        await place.web.accounts.passkey_step_up(place.tokens[MAYOR], theirs.get(options))
    assert (await place.web.session(place.tokens[MAYOR])).step_up_until_us < place.clock.utc().us


async def test_a_passkey_is_one_persons_and_that_person_removes_it(place: Town) -> None:
    passkey, accounts = SoftPasskey(), place.web.accounts
    kept = (await register(place, MAYOR, passkey))["passkeys"][0]["id"]
    with pytest.raises(Conflict):
        await register(place, CHIEF, passkey)
    with pytest.raises(NotFound):
        await accounts.passkey_remove(place.tokens[CHIEF], kept)
    place.clock.advance(seconds=301)
    for act in (register(place, MAYOR, SoftPasskey()), accounts.passkey_remove(place.tokens[MAYOR], kept)):
        with pytest.raises(StepUpNeeded):
            await act
    await place.web.step_up(place.tokens[MAYOR], PASSWORD)
    assert (await accounts.passkey_remove(place.tokens[MAYOR], kept))["passkeys"] == []
    with pytest.raises(Refused, match="pas connue"):
        await enter(place, replace(passkey, handle=place.people[MAYOR].encode()))
    for _ in range(PASSKEYS_LIMIT):
        await register(place, MAYOR, SoftPasskey())
    with pytest.raises(GuetError, match="Au plus"):
        await register(place, MAYOR, SoftPasskey())
    rows = place.keeper.house.host.store.reader.execute("SELECT record FROM entry").fetchall()
    assert sum('"add_passkey"' in row[0] for row in rows) == 1 + PASSKEYS_LIMIT
    assert sum('"remove_passkey"' in row[0] for row in rows) == 1


async def test_an_unreadable_answer_is_refused(place: Town) -> None:
    before = state(place)
    for answer in (some for odd in ODD for some in (odd, {"rawId": odd, "response": odd}, {"response": {"x": odd}})):
        with pytest.raises(GuetError) as caught:
            await place.web.accounts.passkey_sign_in(answer, PLACE)
        assert caught.value.kind in ("refused", "bad-input")
    assert state(place) == before


async def test_an_address_that_allows_no_passkey_is_said(tmp_path: Path) -> None:
    async with town(tmp_path, public_url="https://192.0.2.7:8443") as place:
        assert not (await place.web.accounts.account(place.tokens[MAYOR]))["passkeys_possible"]
        with pytest.raises(Unavailable, match="adresse"):
            await place.web.accounts.passkey_options(Use.SIGN_IN)


@pytest.mark.parametrize(
    "url, site",
    [
        ("http://localhost:8080", Site("http://localhost:8080", "localhost")),
        ("https://Guet.Example:443/x", Site("https://guet.example", "guet.example")),
        ("http://guet.example", None),
        ("https://[::1]:8443", None),
        ("", None),
    ],
)
def test_our_own_address_as_browsers_name_it(url: str, site: Site | None) -> None:
    assert Site.of(url) == site
