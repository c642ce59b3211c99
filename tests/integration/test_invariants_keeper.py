"""Invariants of the law on a running keeper (law.md §9): journal, borders, withdrawal, host, requests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.keeper_town import CAMERA, IMAGE_ACTS, MAYOR, PASSPHRASE, PASSWORD, Town, town
from vms.clock import MICRO, UtcTime
from vms.errors import BadInput, Conflict, GuetError, Refused
from vms.keeper.gate.permit import LIFETIME_US, verify_permit
from vms.keeper.protocol import KEY_WINDOW_INFO, Act
from vms.keys.wrapping import generate_peer_key, open_from
from vms.law.dates import add_months

FIELDS = {
    "authority": "Brigade", "officer_name": "OPJ", "officer_number": "1", "unit": "BR", "procedure_number": "41/2026",
    "offence": "Vol",
}  # fmt: skip


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """Valclair with a camera in service, its officer, its secretary."""
    async with town(tmp_path) as made:
        await made.commission()
        made.people["h"] = await made.add("agent", "officer", IMAGE_ACTS)
        await made.add("secretariat", "secretary")
        await made.enter("agent", purpose="5")
        yield made


async def consultations(place: Town) -> list[dict[str, Any]]:
    entries = (await place.read(MAYOR, "journal", kind="consultation", person=place.people["agent"]))["entries"]
    return [one["record"] for one in entries]


async def register(place: Town, frame: str = "flagrance", **changes: Any) -> dict[str, Any]:
    start = place.hour_ago()
    given: dict[str, Any] = {
        "frame": frame, "fields": FIELDS, "cameras": [CAMERA], "from_us": start.us, "to_us": start.us + 600 * MICRO,
        "motive": "gare",
    }  # fmt: skip
    return await place.web.act(place.tokens["secretariat"], "register_request", given | changes)


async def test_invariant_04_each_window_of_keys_is_one_entry(place: Town) -> None:
    """No key leaves without its entry: as many windows as entries, each over exactly the span that it opened."""
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    name = await place.segment(start)
    private, public = generate_peer_key()
    view = await place.watch("agent", "replay")
    spans = [(start.us + at * MICRO, start.us + (at + 10) * MICRO) for at in (0, 10, 40)]
    for span in spans:
        sealed = await place.web.key_window(view.id, CAMERA, public, [{"name": name, "groups": [1]}], *span)
        opened = json.loads(open_from(private, sealed, KEY_WINDOW_INFO, view.id.encode()))
        assert opened["keys"][0]["segment"] == name
    written = [one for one in await consultations(place) if one["act"] == "key_window"]
    assert sorted((one["from_us"], one["to_us"]) for one in written) == spans
    for one in written:
        assert (one["commune"], one["purpose"], one["cameras"]) == ("valclair", "5", [CAMERA])
        assert one["author"]["person"] == place.people["agent"]


async def test_invariant_05_entries_have_their_fields(place: Town) -> None:
    """R253-5: author, date, time, motive; for every kind of act that the town has seen so far."""
    await place.watch("agent", motive="secteur gare")
    entries = (await place.read(MAYOR, "journal"))["entries"]
    assert {"consultation", "modification"} <= {one["record"]["kind"] for one in entries}
    for one in entries:
        record = one["record"]
        assert record["commune"] == "valclair"
        assert UtcTime.parse(record["at"])
        if record["kind"] == "consultation" and record["act"] == "live":
            assert record["motive"] == "secteur gare"
        if record["act"] not in ("init_commune", "grant", "camera_enrolled"):
            assert record["author"]["person"], record
            assert record["author"]["workstation"] == "poste-1"


async def test_invariant_06_a_right_here_is_no_right_next_door(place: Town) -> None:
    """Every right in Valclair, nothing in Brumesnil: no act on its camera, no read, no commune to act for."""
    await place.found("brumesnil", "Brumesnil")
    await place.commission("brumesnil-c01", commune="brumesnil")
    for act in Act:
        with pytest.raises(GuetError) as caught:
            await place.watch("agent", act.value, cameras=["brumesnil-c01"])
        assert caught.value.rule == "P-62", act
    with pytest.raises(Refused) as mixed:
        await place.watch("agent", cameras=[CAMERA, "brumesnil-c01"])
    assert mixed.value.rule == "P-62"
    with pytest.raises(Refused):
        await place.web.act_for(place.tokens["agent"], "brumesnil", "5")
    for name in ("suspend_camera", "open_framing"):
        with pytest.raises(Refused) as caught:
            more = {"motive": "x"} if name == "suspend_camera" else {"minutes": 5}
            await place.act("agent", name, camera="brumesnil-c01", **more)
        assert caught.value.rule == "P-62"
    assert "brumesnil" not in json.dumps(await place.read("agent", "cameras"))


@pytest.mark.parametrize("how", ["withdraw", "suspend"])
async def test_invariant_07_withdrawal_is_dark_within_five_seconds(place: Town, how: str) -> None:
    """No renewal after it, and the permit in hand is dead within its four seconds, on each kind of view."""
    views = [await place.watch("agent"), await place.watch("agent", "replay")]
    key, at = await place.recorder.permit_key(), place.clock.utc()
    await place.act(MAYOR, how, habilitation=place.people["h"], motive="fin de mission")
    answers = await place.web.renew([view.id for view in views])
    assert all(isinstance(answers[view.id], dict) for view in views)
    assert LIFETIME_US < 5 * MICRO
    for view in views:
        with pytest.raises(Refused):
            verify_permit(view.permit, key, at.plus(us=LIFETIME_US))
    for act in ("live", "replay"):
        with pytest.raises(Refused):
            await place.watch("agent", act)


async def test_invariant_08_the_host_has_no_right_on_pictures(place: Town) -> None:
    """The host's administrator can neither act, nor read, nor be habilitated, nor unlock; there is no other way in."""
    made = await place.host.add_host_admin("admin", "Administrateur", PASSWORD)
    token = (await place.web.sign_in("admin", PASSWORD, "serveur")).token
    place.tokens["admin"] = token
    for attempt in (
        place.web.act_for(token, "valclair", "5"),
        place.web.admit(token, "live", [CAMERA]),
        place.web.unlock(token, "valclair", PASSPHRASE),
        place.read("admin", "cameras"),
        place.read("admin", "journal"),
    ):
        with pytest.raises((Refused, BadInput)):
            await attempt
    given = {"role": "officer", "decision_ref": "x", "signed_by": "y", "from_": "2026-01-01", "until": "2027-01-01"}
    with pytest.raises(Refused) as caught:
        await place.act(MAYOR, "grant", person=made["person"], scope={"acts": ["live"]}, **given)
    assert caught.value.rule == "P-57"


async def test_invariant_13_no_refusal_without_a_legal_ground_and_a_hold_at_once(place: Town) -> None:
    before = place.clock.utc().us
    made = await register(place)
    hold = next(one for one in (await place.read(MAYOR, "holds"))["holds"] if one["id"] == made["hold"])
    assert hold["active"]
    assert hold["placed_us"] == before
    for ground in ("", "mayor_unavailable", "third_parties", "proceedings"):
        with pytest.raises(Refused) as caught:
            await place.act(MAYOR, "decide", request=made["request"], decision="refuse", ground=ground)
        assert caught.value.rule == "P-74"
    await place.act(MAYOR, "decide", request=made["request"], decision="refuse", ground="not_a_recipient")
    with pytest.raises(Conflict):
        await place.act(MAYOR, "decide", request=made["request"], decision="execute")


async def test_invariant_15_a_filmed_persons_request(place: Town) -> None:
    """No identity, no request; range held and answer due at the month's end at the latest; grounds are closed."""
    with pytest.raises(Refused) as caught:
        await register(place, "droit_acces", fields={"authority": "Une personne filmée", "identity_checked": False})
    assert caught.value.rule == "P-72"
    now = place.clock.utc().us
    fields = {"authority": "Une personne filmée", "identity_checked": True}
    made = await register(place, "droit_acces", fields=fields, answer_by=add_months(now, 9))
    month = add_months(now, 1)
    request = await place.read(MAYOR, "request", request=made["request"])
    assert request["request"]["answer_by_us"] == month if "request" in request else request["answer_by_us"] == month
    hold = next(one for one in (await place.read(MAYOR, "holds"))["holds"] if one["id"] == made["hold"])
    assert (hold["until_us"], hold["procedure"]) == (month, "droit_acces")
    for ground in ("", "requester_not_established", "not_a_recipient", "objection"):
        with pytest.raises(Refused) as caught:
            await place.act(MAYOR, "decide", request=made["request"], decision="refuse", ground=ground)
        assert caught.value.rule == "P-83"
    await place.act(MAYOR, "decide", request=made["request"], decision="refuse", ground="third_parties")
