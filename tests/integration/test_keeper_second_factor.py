"""The password's second factor at a running keeper: RFC vectors, replays, guesses, what lies at rest (A-05)."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import CHIEF, MAYOR, PASSWORD, Town, town
from vms.clock import MICRO
from vms.errors import BadInput, LimitExceeded, Refused, SecondFactorNeeded, StepUpNeeded, Unauthenticated
from vms.keeper.identity.totp import STEP_US, code_at, matching_step, step_of

NEW = "une tout autre phrase"
# RFC 6238, appendix B: SHA-1, eight digits, at these seconds.
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        yield made


async def enrol(place: Town, login: str = MAYOR) -> tuple[bytes, list[str]]:
    """Enrol a second factor; its secret and the recovery codes."""
    token = place.tokens[login]
    begun = await place.web.accounts.second_factor_begin(token)
    secret = base64.b32decode(begun["secret"].replace(" ", ""))
    return secret, await place.web.accounts.second_factor_confirm(token, PASSWORD, code_now(place, secret))


def code_now(place: Town, secret: bytes, steps: int = 0) -> str:
    """The code of now, or of so many steps from now."""
    return code_at(secret, step_of(place.clock.utc().us) + steps)


def test_the_vectors_of_the_rfc() -> None:
    for second, code in VECTORS.items():
        assert code_at(b"12345678901234567890", step_of(second * MICRO), digits=8) == code


def test_a_code_is_near_its_time_and_after_the_last_one_used() -> None:
    secret, now_us = b"k" * 20, 100 * STEP_US + 7
    for step, good in ((97, False), (98, False), (99, True), (100, True), (101, True), (102, False)):
        assert (matching_step(secret, code_at(secret, step), now_us, 0) == step) is good
    assert matching_step(secret, code_at(secret, 100), now_us, 100) is None
    assert matching_step(secret, code_at(secret, 101), now_us, 100) == 101
    assert matching_step(secret, "é" * 6, now_us, 0) is None


async def test_the_password_alone_no_longer_signs_in_and_a_code_serves_once(place: Town) -> None:
    secret, codes = await enrol(place)
    assert len(set(codes)) == 8
    with pytest.raises(SecondFactorNeeded):
        await place.web.sign_in(MAYOR, PASSWORD, "poste-1")
    used = code_now(place, secret)
    with pytest.raises(Unauthenticated, match="déjà servi"):  # it enrolled: it signs nobody in
        await place.web.sign_in(MAYOR, PASSWORD, "poste-1", used)
    place.clock.advance(seconds=30)
    code = code_now(place, secret)
    assert await place.web.sign_in(MAYOR, PASSWORD, "poste-1", f" {code[:3]} {code[3:]} ")
    for again in (code, code_now(place, secret, -1), code_now(place, secret, 2)):
        with pytest.raises(Unauthenticated, match="déjà servi"):
            await place.web.sign_in(MAYOR, PASSWORD, "poste-2", again)
    with pytest.raises(Unauthenticated, match="mot de passe inconnu"):
        await place.web.sign_in(MAYOR, NEW, "poste-3", code_now(place, secret, 1))
    await place.restart()
    with pytest.raises(Unauthenticated, match="déjà servi"):
        await place.web.sign_in(MAYOR, PASSWORD, "poste-4", code)
    assert await place.web.sign_in(CHIEF, PASSWORD, "poste-1")


async def test_a_guesser_who_has_the_password_waits_and_its_owner_does_not(place: Town) -> None:
    secret, _ = await enrol(place)
    place.clock.advance(seconds=30)
    right = {code_now(place, secret, steps) for steps in (-1, 0, 1)}
    for guess in [code for code in (f"{one:06d}" for one in range(8)) if code not in right][:5]:
        with pytest.raises(Unauthenticated):
            await place.web.sign_in(MAYOR, PASSWORD, "stranger", guess)
    with pytest.raises(LimitExceeded):
        await place.web.sign_in(MAYOR, PASSWORD, "stranger", code_now(place, secret))
    assert await place.web.sign_in(MAYOR, PASSWORD, "poste-1", code_now(place, secret))


async def test_a_recovery_code_serves_once_in_place_of_the_telephone(place: Town) -> None:
    _, codes = await enrol(place)
    typed = codes[0].upper().replace("-", " ")
    token = (await place.web.sign_in(MAYOR, PASSWORD, "poste-1", typed)).token
    with pytest.raises(Unauthenticated):
        await place.web.sign_in(MAYOR, PASSWORD, "poste-2", codes[0])
    with pytest.raises(Unauthenticated):
        await place.web.sign_in(CHIEF, NEW, "poste-2", codes[1])
    assert (await place.web.accounts.account(token))["second_factor"]["codes_left"] == 7


async def test_nothing_of_it_lies_open_at_rest(place: Town) -> None:
    secret, codes = await enrol(place)
    for path in (place.home / "keeper").iterdir():
        data = path.read_bytes()
        assert secret not in data
        assert base64.b32encode(secret) not in data
        assert not any(code.encode() in data or code.replace("-", "").encode() in data for code in codes)


async def test_enrolling_wants_confirmation_the_password_and_a_code_in_time(place: Town) -> None:
    token, accounts = place.tokens[MAYOR], place.web.accounts
    with pytest.raises(Refused, match="expiré"):
        await accounts.second_factor_confirm(token, PASSWORD, "000000")
    begun = await accounts.second_factor_begin(token)
    assert begun["drawing"].startswith("data:image/svg+xml")
    secret = base64.b32decode(begun["secret"].replace(" ", ""))
    with pytest.raises(Refused, match="pas le vôtre"):
        await accounts.second_factor_confirm(token, NEW, code_now(place, secret))
    with pytest.raises(Refused, match="pas le bon"):
        await accounts.second_factor_confirm(token, PASSWORD, code_now(place, secret, 5))
    with pytest.raises(Refused, match="expiré"):
        await accounts.second_factor_confirm(place.tokens[CHIEF], PASSWORD, code_now(place, secret))
    place.clock.advance(seconds=601)
    with pytest.raises(Refused, match="expiré"):
        await accounts.second_factor_confirm(token, PASSWORD, code_now(place, secret))
    for act in (accounts.second_factor_begin, accounts.second_factor_remove):
        with pytest.raises(StepUpNeeded):
            await act(token)
    assert await place.web.sign_in(MAYOR, PASSWORD, "poste-1")


async def test_a_new_password_keeps_the_second_factor_and_ends_the_other_sessions(place: Town) -> None:
    secret, _ = await enrol(place)
    place.clock.advance(seconds=30)
    other = (await place.web.sign_in(MAYOR, PASSWORD, "poste-9", code_now(place, secret))).token
    token, accounts = place.tokens[MAYOR], place.web.accounts
    with pytest.raises(Refused):
        await accounts.change_password(token, NEW, NEW)
    with pytest.raises(BadInput):
        await accounts.change_password(token, PASSWORD, "court")
    await accounts.change_password(token, PASSWORD, NEW)
    assert await place.web.session(token)
    with pytest.raises(Unauthenticated):
        await place.web.session(other)
    place.clock.advance(seconds=30)
    with pytest.raises(Unauthenticated):
        await place.web.sign_in(MAYOR, PASSWORD, "poste-1", code_now(place, secret))
    assert await place.web.sign_in(MAYOR, NEW, "poste-1", code_now(place, secret))
    await place.web.step_up(token, NEW)
    assert (await accounts.second_factor_remove(token))["second_factor"] == {"since_us": None, "codes_left": 0}
    assert await place.web.sign_in(MAYOR, NEW, "poste-1")
