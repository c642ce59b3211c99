"""The ladder of rights at a real keeper: invitations, whose approval counts, delays, the stop of the owner (P-58)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import CHIEF, MAYOR, PASSPHRASE, PASSWORD, Town, town
from vms.errors import Conflict, GuetError, LimitExceeded, NotFound, Refused, Unauthenticated
from vms.keeper.identity.totp import code_at, step_of

NEW = "une phrase toute neuve"
DAY_S = 24 * 3600
RIGHT = {
    "decision_ref": "arrêté 2026-001", "signed_by": "Le maire", "from": "2026-01-01", "until": "2027-12-31",
    "scope": {"cameras": "all", "acts": []},
}  # fmt: skip


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path, public_url="https://guet.example") as made:
        await made.add("agent", "officer", ["live"])
        yield made


async def approve(place: Town, login: str, person: str) -> dict[str, object]:
    return await place.act(login, "approve_recovery", person=place.people[person], motive="reconnu de vue")


async def told(place: Town, person: str) -> set[str]:
    """Who has an e-mail about a recovery of this person's account in the outbox."""
    reader = place.keeper.house.communes.get("valclair").store.reader
    rows = reader.execute("SELECT person FROM outbox WHERE kind = 'recovery' AND request = ?", (place.people[person],))
    names = {person: login for login, person in place.people.items()}
    return {names[str(row[0])] for row in rows}


async def test_an_invitation_serves_its_owner_once_within_its_days_and_not_where_it_was_made(place: Town) -> None:
    """Mutation: ``check_invitation`` without the place (the end of an invitation is checked twice)."""
    accounts = place.web.accounts
    made = await place.web.act(place.tokens[CHIEF], "add_person", {"login": "neuve", "label": "Neuve"})
    code = made["invitation"]
    for password in ("", code, PASSWORD):
        with pytest.raises(Unauthenticated):
            await place.web.sign_in("neuve", password, "poste-1")
    with pytest.raises(Unauthenticated, match="préparée sur ce poste"):
        await accounts.accept_invitation("neuve", code, NEW, "poste-1")
    for login, wrong in (("neuve", "aaaa-bbbb-cccc-dddd"), ("agent", code), ("personne", code)):
        with pytest.raises(Unauthenticated, match="pas valable"):
            await accounts.accept_invitation(login, wrong, NEW, "poste-9")
    place.clock.advance(seconds=7 * DAY_S)
    with pytest.raises(Unauthenticated, match="pas valable"):
        await accounts.accept_invitation("neuve", code, NEW, "poste-9")
    for login in (MAYOR, CHIEF):
        await place.enter(login)
    place.people["neuve"] = made["person"]
    with pytest.raises(NotFound):  # without an habilitation here, the account is for whoever invited its owner
        await place.act(MAYOR, "invite_again", person=made["person"])
    again = await place.act(CHIEF, "invite_again", person=made["person"])
    with pytest.raises(Unauthenticated, match="pas valable"):
        await accounts.accept_invitation("neuve", code, NEW, "poste-9")
    await accounts.accept_invitation("Neuve", again["invitation"], NEW, "poste-9")
    with pytest.raises(Unauthenticated, match="pas valable"):
        await accounts.accept_invitation("neuve", again["invitation"], NEW + "!", "poste-9")
    with pytest.raises(Conflict):
        await place.act(CHIEF, "invite_again", person=made["person"])
    assert await place.web.sign_in("neuve", NEW, "poste-9")


async def test_a_chief_alone_does_not_become_the_mayor(place: Town) -> None:
    """The attack: a puppet made, given a quality that approves, and the mayor's account taken with it.

    Mutations: ``auditor`` out of ``GIVEN_BY_MAYOR``; ``approval_lapse`` without the rank; ``two_persons`` true.
    """
    await place.invite("pantin", by=CHIEF)
    with pytest.raises(Refused, match="donnée par le maire"):
        await place.act(CHIEF, "grant", person=place.people["pantin"], role="auditor", **_keywords(RIGHT))
    with pytest.raises(Refused, match="rang moindre"):
        await approve(place, CHIEF, MAYOR)
    assert await told(place, MAYOR) == {MAYOR}
    # A puppet whom the mayor made auditor in good faith is still the chief's own making.
    await place.act(MAYOR, "grant", person=place.people["pantin"], role="auditor", **_keywords(RIGHT))
    await place.enter("pantin")
    with pytest.raises(Refused, match="moins de 7 jours"):
        await approve(place, "pantin", "agent")
    await place.settle(MAYOR, CHIEF, "pantin")
    await approve(place, CHIEF, "agent")
    assert (await approve(place, "pantin", "agent"))["from_us"] is None
    with pytest.raises(Refused, match="rang moindre"):
        await approve(place, CHIEF, MAYOR)
    assert (await approve(place, "pantin", MAYOR))["from_us"] is None


async def test_two_chiefs_do_not_become_the_mayor(place: Town) -> None:
    await place.add("second", "chief")
    await place.settle(CHIEF, "second")
    for login in (CHIEF, "second"):
        with pytest.raises(Refused, match="rang moindre"):
            await approve(place, login, MAYOR)


async def elected(place: Town) -> None:
    """A town with a deputy and an auditor who owe the chief their accounts, all settled."""
    await place.add("adjointe", "deputy", invited_by=CHIEF, basis={"reference": "délégation 4"})
    await place.add("dpo", "auditor", invited_by=CHIEF)
    await place.settle(MAYOR, CHIEF, "adjointe", "dpo")


async def test_an_elected_persons_account_waits_a_day_and_its_owner_stops_it_by_one_click(place: Town) -> None:
    """Mutations: no delay for ``Rank.MAYORAL``; ``stop`` that keeps the parts."""
    await elected(place)
    parts = [str((await approve(place, login, MAYOR))["part"]) for login in ("adjointe", "dpo")]
    assert await told(place, MAYOR) == {MAYOR, "adjointe", "dpo"}
    accounts = place.web.accounts
    with pytest.raises(Unauthenticated):
        await accounts.recover(MAYOR, " ".join(parts), NEW, "poste-9")
    with pytest.raises(Conflict):
        await approve(place, "adjointe", MAYOR)
    shown = (await accounts.account(place.tokens[MAYOR]))["recovery"]
    assert sorted(shown["by"]) == ["Adjointe", "Dpo"]
    assert (await accounts.stop_recovery(place.tokens[MAYOR]))["recovery"] is None
    place.clock.advance(seconds=DAY_S + 1)
    with pytest.raises(Unauthenticated):
        await accounts.recover(MAYOR, " ".join(parts), NEW, "poste-9")
    assert await place.web.sign_in(MAYOR, PASSWORD, "poste-1")
    await place.enter("dpo")
    acts = [one["record"]["act"] for one in (await place.read("dpo", "journal"))["entries"]]
    assert acts.count("stop_recovery") == 1


async def test_a_clock_set_forward_brings_no_delay_to_its_end(place: Town) -> None:
    """Mutation: the wall clock instead of the guarded time in ``recovery_desk``."""
    await elected(place)
    parts = [str((await approve(place, login, MAYOR))["part"]) for login in ("adjointe", "dpo")]
    place.clock.step(seconds=DAY_S + 60)
    with pytest.raises(Unauthenticated):
        await place.web.accounts.recover(MAYOR, " ".join(parts), NEW, "poste-9")


async def test_the_mayor_who_comes_back_decides_nothing_before_a_day_and_a_second_factor(place: Town) -> None:
    """Mutations: ``Rest.lapse`` that returns None after the delay, or at once."""
    await elected(place)
    parts = [str((await approve(place, login, MAYOR))["part"]) for login in ("adjointe", "dpo")]
    place.clock.advance(seconds=DAY_S + 60)
    accounts = place.web.accounts
    codes = " + ".join(reversed(parts))
    both = await asyncio.gather(
        accounts.recover(MAYOR, codes, NEW, "poste-9"), accounts.recover(MAYOR, codes, NEW + "!", "poste-8"),
        return_exceptions=True,
    )  # fmt: skip
    assert [isinstance(one, Unauthenticated) for one in both].count(True) == 1
    password = NEW if both[0] is None else NEW + "!"
    for pause, why in ((0, "vient d’être rétabli"), (DAY_S, "rien d’autre que le mot de passe")):
        place.clock.advance(seconds=pause)
        token = (await place.web.sign_in(MAYOR, password, "poste-9")).token
        await place.web.step_up(token, password)
        await place.web.act_for(token, "valclair", "")
        right = {"person": place.people["agent"], "role": "secretary", **RIGHT}
        with pytest.raises(Refused, match=why):
            await place.web.act(token, "grant", right)
        with pytest.raises(Refused, match=why):
            await place.web.unlock(token, "valclair", PASSPHRASE)
    begun = await accounts.second_factor_begin(token)
    code = _code(begun["secret"], place)
    await accounts.second_factor_confirm(token, password, code)
    assert (await place.web.act(token, "grant", right))["habilitation"]


async def test_a_mayor_is_not_put_out_by_a_deputy_nor_leaves_the_town_without_one(place: Town) -> None:
    """Mutation: ``_keep_a_mayor`` that returns."""
    await elected(place)
    people = (await place.read(MAYOR, "people"))["people"]
    mayors = [h["id"] for one in people for h in one["habilitations"] if h["role"] == "mayor"]
    for act in ("withdraw", "suspend"):
        for login, why in (("adjointe", "par un adjoint"), (MAYOR, "plus de maire")):
            with pytest.raises(Refused, match=why):
                await place.act(login, act, habilitation=mayors[0], motive="essai")
    with pytest.raises(Refused, match="Un maire est en fonction"):
        await place.act("adjointe", "grant", person=place.people["dpo"], role="mayor", **_keywords(RIGHT))
    await place.act(MAYOR, "grant", person=place.people["dpo"], role="mayor", **_keywords(RIGHT))
    await place.enter("dpo")
    await place.act("dpo", "withdraw", habilitation=mayors[0], motive="élection")


async def test_nobody_closes_the_sessions_of_whoever_ranks_above(place: Town) -> None:
    """Mutation: ``_end_sessions`` without the rank."""
    await elected(place)
    with pytest.raises(Refused, match="rang plus élevé"):
        await place.act("dpo", "end_sessions", person=place.people[MAYOR], motive="gêne")
    assert (await place.act("dpo", "end_sessions", person=place.people["agent"], motive="vol"))["ended"] >= 0


async def test_the_host_brings_back_only_whom_nobody_of_the_town_can(place: Town) -> None:
    """Mutations: ``mandate`` without ``_could_approve``; its delay that of an approval."""
    for login, why in (("agent", "d’un élu"), ("inconnu", "Personne")):
        with pytest.raises(GuetError, match=why):
            await place.host.mandate_recovery("valclair", login, "mandat du 2 décembre")
    made = await place.host.mandate_recovery("valclair", MAYOR, "mandat du 2 décembre")
    assert await told(place, MAYOR) == {MAYOR}
    accounts = place.web.accounts
    place.clock.advance(seconds=6 * DAY_S)
    with pytest.raises(Unauthenticated):
        await accounts.recover(MAYOR, made["code"], NEW, "poste-9")
    place.clock.advance(seconds=DAY_S + 60)
    await accounts.recover(MAYOR, made["code"], NEW, "poste-9")
    assert await place.web.sign_in(MAYOR, NEW, "poste-9")
    await elected_after(place)
    with pytest.raises(Refused, match="eux-mêmes"):
        await place.host.mandate_recovery("valclair", CHIEF, "mandat du 20 décembre")


async def test_a_recovery_that_waits_outlives_the_approvals_of_others(place: Town) -> None:
    """Mutation: ``approve`` that deletes every part older than a day."""
    made = await place.host.mandate_recovery("valclair", MAYOR, "mandat du 2 décembre")
    place.clock.advance(seconds=2 * DAY_S)
    await place.enter(CHIEF)
    await approve(place, CHIEF, "agent")
    place.clock.advance(seconds=5 * DAY_S + 60)
    await place.web.accounts.recover(MAYOR, made["code"], NEW, "poste-9")


async def elected_after(place: Town) -> None:
    """The founding chief holds a key; a deputy and an auditor come, and can bring that holder back themselves."""
    token = (await place.web.sign_in(MAYOR, NEW, "poste-9")).token
    place.tokens[MAYOR] = token
    await place.web.step_up(token, NEW)
    begun = await place.web.accounts.second_factor_begin(token)
    await place.web.accounts.second_factor_confirm(token, NEW, _code(begun["secret"], place))
    place.clock.advance(seconds=DAY_S)
    place.clock.advance(seconds=60)
    token = (await place.web.sign_in(MAYOR, NEW, "poste-9", _code(begun["secret"], place))).token
    place.tokens[MAYOR] = token
    await place.web.step_up(token, NEW)
    await place.web.act_for(token, "valclair", "")
    await place.enter(CHIEF)
    await place.add("adjointe", "deputy", invited_by=CHIEF, basis={"reference": "délégation 4"})
    await place.add("dpo", "auditor", invited_by=MAYOR)
    place.clock.advance(seconds=8 * DAY_S)


async def test_guessing_an_invitation_waits(place: Town) -> None:
    await place.web.act(place.tokens[CHIEF], "add_person", {"login": "neuve", "label": "Neuve"})
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await place.web.accounts.accept_invitation("neuve", "aaaa-aaaa-aaaa-aaaa", NEW, "stranger")
    with pytest.raises(LimitExceeded):
        await place.web.accounts.accept_invitation("neuve", "aaaa-aaaa-aaaa-aaaa", NEW, "stranger")


def _keywords(given: dict[str, object]) -> dict[str, object]:
    return {f"{name}_" if name == "from" else name: value for name, value in given.items()}


def _code(secret: str, place: Town) -> str:
    return code_at(base64.b32decode(secret.replace(" ", "")), step_of(place.clock.utc().us))
