"""Views on a running keeper: admitted, renewed, withdrawn, journalled; keys handed out in windows and no further."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSPHRASE, PASSWORD, Town, town, watching_town
from vms.clock import MICRO
from vms.errors import BadInput, LimitExceeded, NotFound, Refused, Unauthenticated, Unavailable
from vms.keeper.gate.permit import verify_permit
from vms.keeper.protocol import KEY_WINDOW_INFO
from vms.keys.derive import group_key, segment_key
from vms.keys.wrapping import generate_peer_key, open_from


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with watching_town(tmp_path) as made:
        yield made


async def test_a_permit_is_signed_and_its_entry_is_there_before_it(place: Town) -> None:
    admitted = await place.watch("agent", motive="secteur gare")
    permit = verify_permit(admitted.permit, await place.recorder.permit_key(), place.clock.utc())
    assert permit.allows("live", CAMERA)
    assert not permit.allows("replay", CAMERA)
    assert permit.payload.motive == "secteur gare"
    entry = (await place.read(MAYOR, "journal", kind="consultation", person=place.people["agent"]))["entries"][0]
    assert entry["seq"] == admitted.journal
    record = entry["record"]
    assert (record["purpose"], record["motive"], record["cameras"]) == ("5", "secteur gare", [CAMERA])
    assert record["author"]["workstation"] == "poste-1"


async def test_a_permit_lapses_after_four_seconds_and_is_renewed_in_batch(place: Town) -> None:
    key = await place.recorder.permit_key()
    first, second = await place.watch("agent"), await place.watch("agent", "replay")
    place.clock.advance(seconds=3)
    renewed = await place.web.renew([first.id, second.id])
    place.clock.advance(seconds=2)
    with pytest.raises(Refused):
        verify_permit(first.permit, key, place.clock.utc())
    assert {verify_permit(str(token), key, place.clock.utc()).id for token in renewed.values()} == {first.id, second.id}


async def test_withdrawal_darkens_at_the_next_renewal_and_is_journalled(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        await place.commission()
        habilitation = await place.add("agent", "officer", ["live"])
        await place.enter("agent", purpose="5")
        view = await place.watch("agent")
        await place.act(MAYOR, "withdraw", habilitation=habilitation, motive="fin d’affectation")
        answer = (await place.web.renew([view.id]))[view.id]
        assert isinstance(answer, dict)
        assert answer["refused"]["rule"] == "P-58"
        ended = (await place.read(MAYOR, "journal", kind="consultation"))["entries"][0]["record"]
        assert ended["act"] == "live_end"
        assert ended["detail"] == {"view": view.id, "opened": view.journal, "cause": "P-58"}


async def test_each_element_that_falls_ends_the_view(place: Town) -> None:
    view = await place.watch("agent")
    await place.act(CHIEF, "suspend_camera", camera=CAMERA, motive="mât heurté")
    answer = (await place.web.renew([view.id]))[view.id]
    assert isinstance(answer, dict)
    assert answer["refused"]["rule"] == "P-24"
    await place.act(CHIEF, "put_in_service", camera=CAMERA)
    view = await place.watch("agent")
    await place.web.act_for(place.tokens["agent"], "valclair", "1")
    answer = (await place.web.renew([view.id]))[view.id]
    assert isinstance(answer, dict)
    assert answer["refused"]["rule"] == "P-40"
    view = await place.watch("agent")
    await place.web.sign_out(place.tokens["agent"])
    answer = (await place.web.renew([view.id]))[view.id]
    assert isinstance(answer, dict)
    assert answer["refused"]["kind"] in ("not-found", "unauthenticated")


async def test_an_abandoned_view_is_closed_in_the_journal(place: Town) -> None:
    view = await place.watch("agent")
    place.clock.advance(seconds=9)
    await place.keeper.house.tick()
    last = (await place.read(MAYOR, "journal", kind="consultation", person=place.people["agent"]))["entries"][0]
    assert last["record"]["detail"]["cause"] == "not-renewed"
    answer = (await place.web.renew([view.id]))[view.id]
    assert isinstance(answer, dict)


async def test_a_restart_closes_what_was_open_and_keeps_sessions(place: Town) -> None:
    view = await place.watch("agent")
    await place.restart()
    entries = (await place.read(MAYOR, "journal", kind="consultation"))["entries"]
    closing = [one["record"] for one in entries if one["record"]["act"] == "view_end"]
    assert closing[0]["detail"]["view"] == view.id
    assert closing[0]["detail"]["cause"] == "keeper-restarted"
    answer = (await place.web.renew([view.id]))[view.id]
    assert isinstance(answer, dict)
    assert await place.watch("agent")


async def test_refusals_name_their_rule_and_are_journalled_once(place: Town) -> None:
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            await place.watch("agent", "export", request="d-0")
        assert refused.value.rule == "P-58"
    entries = (await place.read(MAYOR, "journal", kind="refus"))["entries"]
    assert [one["record"]["detail"]["rule"] for one in entries] == ["P-58"]
    with pytest.raises(Refused) as other:
        await place.watch("agent", cameras=["brumesnil-c01"])
    assert other.value.rule == "P-62"


async def test_bad_questions(place: Town) -> None:
    now = place.clock.utc().us
    for span in ((now - 5, now - 10), (now - 10, now + MICRO)):
        with pytest.raises(BadInput):
            await place.watch("agent", "replay", from_us=span[0], to_us=span[1])
    with pytest.raises(BadInput):
        await place.watch("agent", "replay", from_us=now)
    with pytest.raises(BadInput):
        await place.watch("agent", "dance")
    with pytest.raises(BadInput):
        await place.watch("agent", cameras=[CAMERA, CAMERA])
    with pytest.raises(BadInput):
        await place.watch("agent", motive="x" * 121)
    with pytest.raises(Unauthenticated):
        await place.web.admit("no such token", "live", [CAMERA])


async def unlock(place: Town) -> None:
    """The mayor unlocks Valclair."""
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)


async def test_a_key_window_gives_exactly_what_was_asked(place: Town) -> None:
    start = place.hour_ago()
    name = await place.segment(start)
    private, public = generate_peer_key()
    view = await place.watch("agent", "replay")
    window = (start.us, start.us + 60 * MICRO)
    asked = [{"name": name, "groups": [3, 1]}]
    with pytest.raises(Unavailable, match="Cheffe de service PM, Le maire"):
        await place.web.key_window(view.id, CAMERA, public, asked, *window)
    await unlock(place)
    sealed = await place.web.key_window(view.id, CAMERA, public, asked, *window)
    opened = json.loads(open_from(private, sealed, KEY_WINDOW_INFO, view.id.encode()))
    assert [one["segment"] for one in opened["keys"]] == [name]
    assert set(opened["keys"][0]["groups"]) == {"1", "3"}
    expected = group_key(segment_key(b"k" * 32, name), 3)
    assert base64.b64decode(opened["keys"][0]["groups"]["3"]) == expected
    record = (await place.read(MAYOR, "journal", kind="consultation"))["entries"][0]["record"]
    assert (record["act"], record["from_us"], record["to_us"]) == ("key_window", *window)
    assert record["detail"] == {"view": view.id, "segments": 1, "groups": 2}


async def test_a_key_window_goes_no_further(place: Town) -> None:
    await unlock(place)
    start = place.hour_ago()
    name = await place.segment(start)
    _, public = generate_peer_key()
    window = (start.us, start.us + 60 * MICRO)
    asked = [{"name": name, "groups": [0]}]
    live = await place.watch("agent")
    with pytest.raises(Refused):
        await place.web.key_window(live.id, CAMERA, public, asked, *window)
    view = await place.watch("agent", "replay", from_us=start.us, to_us=start.us + 120 * MICRO)
    with pytest.raises(Refused):
        await place.web.key_window(view.id, "valclair-c02", public, asked, *window)
    with pytest.raises(Refused) as outside:
        await place.web.key_window(view.id, CAMERA, public, asked, start.us - 1, start.us + MICRO)
    assert outside.value.rule == "P-41"
    far = await place.segment(start.plus(seconds=1200))
    with pytest.raises(Refused):
        await place.web.key_window(view.id, CAMERA, public, [{"name": far, "groups": [0]}], *window)
    for bad in ([], [{"name": "x", "groups": [0]}], [{"name": name, "groups": []}], [{"name": name, "groups": [-1]}]):
        with pytest.raises(BadInput):
            await place.web.key_window(view.id, CAMERA, public, bad, *window)
    with pytest.raises(BadInput):
        await place.web.key_window(view.id, CAMERA, b"short", asked, *window)
    await place.web.key_window(view.id, CAMERA, public, asked, *window)
    with pytest.raises(Refused):
        await place.web.key_window(view.id, CAMERA, generate_peer_key()[1], asked, *window)
    wide = await place.watch("agent", "replay")
    with pytest.raises(LimitExceeded):
        await place.web.key_window(wide.id, CAMERA, public, asked, start.us, start.us + 301 * MICRO)
    unknown = name.replace(name.split(".")[3], "0" * 32)
    with pytest.raises(NotFound):
        await place.web.key_window(wide.id, CAMERA, public, [{"name": unknown, "groups": [0]}], *window)
    place.clock.advance(seconds=5)
    with pytest.raises((Refused, NotFound)):
        await place.web.key_window(view.id, CAMERA, public, asked, *window)


async def test_only_a_holder_unlocks_and_a_wrong_phrase_does_not(place: Town) -> None:
    with pytest.raises(Refused):
        await place.web.unlock(place.tokens["agent"], "valclair", PASSPHRASE)
    with pytest.raises(Refused):
        await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE + " aussi")
    assert await place.web.unlock(place.tokens[CHIEF], "valclair", PASSPHRASE + " aussi")
    session = await place.web.session(place.tokens[MAYOR])
    assert session.unlocked == {"valclair": True}
    await place.restart()
    assert (await place.web.session(place.tokens[MAYOR])).unlocked == {"valclair": False}


async def test_the_host_administrator_gets_nothing(place: Town) -> None:
    made = await place.host.add_host_admin("admin", "Administrateur", PASSWORD)
    session = await place.web.sign_in("admin", PASSWORD, "serveur")
    assert session.person.host_admin
    assert session.communes == ()
    with pytest.raises(Refused) as refused:
        await place.web.act_for(session.token, "valclair", "5")
    assert refused.value.rule == "P-57"
    with pytest.raises(BadInput):
        await place.web.admit(session.token, "live", [CAMERA])
    with pytest.raises(Refused) as refused:
        await place.act(
            MAYOR, "grant", person=made["person"], role="officer", decision_ref="x", signed_by="y",
            from_="2026-01-01", until="2027-01-01", scope={"acts": ["live"]},
        )  # fmt: skip
    assert refused.value.rule == "P-57"
