"""Sessions seen and ended, accounts that come back by two persons, workstations with names (P-58, P-40)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.passkey import SoftPasskey
from tests.integration.keeper_town import CHIEF, MAYOR, PASSWORD, Town, town
from tests.integration.test_keeper_passkeys import register
from vms.errors import BadInput, GuetError, LimitExceeded, NotFound, Refused, StepUpNeeded, Unauthenticated
from vms.keeper.identity.workstations import presented
from vms.keeper.protocol import Use

NEW = "une phrase toute neuve"
MOTIVE = "téléphone perdu, reconnue de vue"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path, public_url="https://guet.example") as made:
        await made.add("agent", "officer", ["live"])
        yield made


async def approve(place: Town, login: str, person: str = "agent") -> dict[str, object]:
    return await place.act(login, "approve_recovery", person=place.people[person], motive=MOTIVE)


async def test_a_person_sees_and_ends_their_own_sessions_and_no_others(place: Town) -> None:
    accounts, mine = place.web.accounts, place.tokens["agent"]
    place.clock.advance(seconds=60)
    other = (await place.web.sign_in("agent", PASSWORD, "poste-2")).token
    listed = (await accounts.account(mine))["sessions"]
    assert [(one["workstation"], one["means"], one["current"]) for one in listed] == [
        ("poste-2", "password", False),
        ("poste-1", "password", True),
    ]
    mayors = (await accounts.account(place.tokens[MAYOR]))["sessions"][0]["id"]
    for strange in (mayors, "", "0" * 32):
        with pytest.raises(NotFound):
            await accounts.end_session(mine, strange)
    await accounts.end_session(mine, listed[0]["id"])
    with pytest.raises(Unauthenticated):
        await place.web.session(other)
    assert await place.web.session(mine)


async def test_ended_sessions_go_dark_at_the_next_renewal(place: Town) -> None:
    await place.commission()
    await place.web.act_for(place.tokens["agent"], "valclair", "5")
    view = await place.watch("agent")
    assert isinstance((await place.web.renew([view.id]))[view.id], str)
    for login in ("agent", CHIEF):
        with pytest.raises(Refused):
            await place.act(login, "end_sessions", person=place.people["agent"], motive="départ")
    with pytest.raises(NotFound):
        await place.act(MAYOR, "end_sessions", person="p-nobody", motive="départ")
    with pytest.raises(BadInput):
        await place.act(MAYOR, "end_sessions", person=place.people["agent"], motive="")
    assert (await place.act(MAYOR, "end_sessions", person=place.people["agent"], motive="départ"))["ended"] == 1
    assert "refused" in (await place.web.renew([view.id]))[view.id]
    with pytest.raises(Unauthenticated):
        await place.watch("agent")
    assert (await place.read(MAYOR, "person_access", person=place.people["agent"]))["sessions"] == []
    entries = (await place.read(MAYOR, "journal"))["entries"]
    assert any(one["record"]["act"] == "end_sessions" for one in entries)


async def test_two_accountable_persons_bring_an_account_back_and_nothing_of_before_opens_it(place: Town) -> None:
    passkey, accounts = SoftPasskey(), place.web.accounts
    await register(place, "agent", passkey)
    first = await approve(place, MAYOR)
    again = await approve(place, MAYOR)  # the same person twice is one person, whose former part is dead
    assert (again["from_us"], again["approvals"]) == (None, 1)
    assert first["part"] != again["part"]
    with pytest.raises(Refused):
        await approve(place, "agent")
    made = await approve(place, CHIEF)
    code = f"{made['part']} {again['part']}"
    state = await place.read(MAYOR, "person_access", person=place.people["agent"])
    assert state["code_until_us"] == made["until_us"]
    assert len(state["approved_by"]) == 2
    stale, half = f"{first['part']} {made['part']}", str(made["part"])
    for login, wrong in (("agent", half), ("agent", stale), ("nobody", code), (MAYOR, code)):
        with pytest.raises(Unauthenticated, match="rétablissement"):
            await accounts.recover(login, wrong, NEW, "poste-3")
    with pytest.raises(BadInput):
        await accounts.recover("agent", code, "court", "poste-3")
    await accounts.recover("Agent ", code.upper(), NEW, "poste-3")
    with pytest.raises(Unauthenticated):
        await accounts.recover("agent", code, NEW + "!", "poste-4")
    for act in (place.web.session(place.tokens["agent"]), place.web.sign_in("agent", PASSWORD, "poste-1")):
        with pytest.raises(Unauthenticated):
            await act
    with pytest.raises(Refused, match="pas connue"):
        await accounts.passkey_sign_in(passkey.get(await accounts.passkey_options(Use.SIGN_IN)), "poste-1")
    assert await place.web.sign_in("agent", NEW, "poste-1")
    acts = [one["record"]["act"] for one in (await place.read(MAYOR, "journal"))["entries"]]
    assert acts.count("approve_recovery") == 3
    assert acts.count("recover_account") == 1


async def test_the_owner_is_told_at_the_next_sign_in_who_brought_the_account_back_and_what_fell(place: Town) -> None:
    await register(place, "agent", SoftPasskey())
    parts = [str((await approve(place, login))["part"]) for login in (MAYOR, CHIEF)]
    await place.web.accounts.recover("agent", " ".join(parts), NEW, "poste-3")
    token = (await place.web.sign_in("agent", NEW, "poste-3")).token
    told = (await place.web.accounts.account(token))["recovered"]
    assert (len(told["by"]), told["passkeys"], told["second_factor"]) == (2, 1, False)
    assert told["rests"]
    assert told["todo"]


async def test_a_recovery_part_and_a_code_last_a_day(place: Town) -> None:
    await approve(place, MAYOR)
    place.clock.advance(seconds=24 * 3600 + 1)
    for login in (MAYOR, CHIEF):
        await place.enter(login)
    one = await approve(place, CHIEF)
    assert one["from_us"] is None
    other = await approve(place, MAYOR)
    place.clock.advance(seconds=24 * 3600)
    with pytest.raises(Unauthenticated):
        await place.web.accounts.recover("agent", f"{one['part']} {other['part']}", NEW, "poste-3")
    assert await place.web.sign_in("agent", PASSWORD, "poste-1")


async def test_an_approval_wants_confirmation_and_an_habilitation_that_still_holds(place: Town) -> None:
    deputy = await place.add("adjointe", "deputy", basis={"reference": "délégation 4"})
    await place.settle(MAYOR, CHIEF, "adjointe")
    await approve(place, "adjointe")
    await place.act(MAYOR, "withdraw", habilitation=deputy, motive="fin de délégation")
    assert (await approve(place, CHIEF))["from_us"] is None
    with pytest.raises(Refused, match="propre accès"):
        await approve(place, CHIEF, person=CHIEF)
    place.clock.advance(seconds=301)
    with pytest.raises(StepUpNeeded):
        await approve(place, MAYOR)


async def test_an_approval_withdrawn_after_the_code_was_made_brings_nobody_back(place: Town) -> None:
    """Mutation: ``_spendable`` returns the parts without asking whether their approvals still count."""
    deputy = await place.add("adjointe", "deputy", basis={"reference": "délégation 4"})
    await place.settle(MAYOR, CHIEF, "adjointe")
    parts = [str((await approve(place, login))["part"]) for login in ("adjointe", CHIEF)]
    await place.act(MAYOR, "withdraw", habilitation=deputy, motive="fin de délégation")
    with pytest.raises(Unauthenticated):
        await place.web.accounts.recover("agent", " ".join(parts), NEW, "poste-3")


async def test_no_commune_opens_an_account_of_another(place: Town) -> None:
    await place.found("brumesnil", "Brumesnil")
    await place.add("agent", "officer", ["live"], commune="brumesnil")
    await approve(place, MAYOR)
    made = await approve(place, CHIEF)
    assert (made["from_us"], made["missing"]) == (None, ["brumesnil"])
    assert (await approve(place, f"{MAYOR}.brumesnil"))["from_us"]
    with pytest.raises(NotFound):
        await approve(place, f"{MAYOR}.brumesnil", person=CHIEF)


async def test_a_suspended_right_elsewhere_still_asks_that_commune(place: Town) -> None:
    """Mutation: ``concerns`` asks whether the habilitation holds now."""
    await place.found("brumesnil", "Brumesnil")
    given = await place.add("agent", "officer", ["live"], commune="brumesnil")
    await place.act(f"{MAYOR}.brumesnil", "suspend", habilitation=given, motive="enquête")
    await approve(place, MAYOR)
    assert (await approve(place, CHIEF))["missing"] == ["brumesnil"]


async def test_guessing_a_recovery_code_waits(place: Town) -> None:
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await place.web.accounts.recover("agent", "aaaa-aaaa-aaaa-aaaa", NEW, "stranger")
    with pytest.raises(LimitExceeded):
        await place.web.accounts.recover("agent", "aaaa-aaaa-aaaa-aaaa", NEW, "stranger")
    assert await place.web.sign_in("agent", PASSWORD, "stranger")


async def test_a_named_workstation_is_named_in_the_journal_and_known_by_its_own_secret(place: Town) -> None:
    post = "s" * 32
    with pytest.raises(Refused):
        await place.act("agent", "name_workstation", post=post, label="Accueil PM")
    await place.act(CHIEF, "name_workstation", post=post, label="Accueil PM")
    token = presented((await place.web.sign_in("agent", PASSWORD, "192.0.2.1 Firefox", post=post)).token, post)
    assert (await place.web.accounts.account(token))["workstation"] == "Accueil PM"
    # A stranger behind the same address, without the secret, locks nobody out there.
    for _ in range(6):
        with pytest.raises(GuetError):
            await place.web.sign_in("agent", NEW, "192.0.2.1 Firefox")
    assert await place.web.sign_in("agent", PASSWORD, "192.0.2.1 Firefox", post=post)
    for path in (place.home / "keeper").iterdir():
        assert post.encode() not in path.read_bytes()
