"""A request's whole way on a running keeper: registered, held, decided, extracted, handed over, purged (P-33, P-74)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSPHRASE, PASSWORD, Town, extracting_town
from vms.clock import MICRO, paris_date
from vms.errors import BadInput, Conflict, NotFound, Refused, StepUpNeeded
from vms.keeper.gate.permit import verify_permit
from vms.keeper.protocol import KEY_WINDOW_INFO
from vms.keys.note import parse_vkey, verify_note
from vms.keys.wrapping import generate_peer_key, open_from

FIELDS = {
    "authority": "Brigade de recherches",
    "officer_name": "OPJ",
    "officer_number": "214 873",
    "unit": "BR Valclair",
    "procedure_number": "4127/2026",
    "offence": "Vol avec violences",
}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with one camera in service, a secretary, and an officer who may extract."""
    async with extracting_town(tmp_path) as made:
        yield made


async def register(place: Town, login: str = "secretariat", **changes: Any) -> dict[str, Any]:
    """A request for ten minutes an hour ago, in flagrante delicto."""
    start = place.hour_ago()
    given: dict[str, Any] = {
        "frame": "flagrance",
        "fields": FIELDS,
        "cameras": [CAMERA],
        "from_us": start.us,
        "to_us": start.us + 600 * MICRO,
        "motive": "gare",
    }
    return await place.web.act(place.tokens[login], "register_request", given | changes)


async def test_the_whole_way(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    name = await place.segment(start)
    made = await register(place)
    holds = (await place.read("secretariat", "holds"))["holds"]
    shown = [hold for one in (await place.read(MAYOR, "retention"))["cameras"] for hold in one["holds"]]
    assert {hold["label"] for hold in shown} == {holds[0]["request_number"]} != {""}
    assert holds[0]["provisional"]
    assert holds[0]["active"]
    mails = await place.host.outbox()
    assert [(one["kind"], one["email"]) for one in mails] == [("decide", "maire@valclair.example")]
    assert "Vol" not in json.dumps(mails)
    await place.host.outbox_sent([one["id"] for one in mails])
    assert await place.host.outbox() == []
    with pytest.raises(Refused) as early:
        await place.watch("agent", "export", request=made["request"])
    assert early.value.rule == "P-74"
    await place.act(MAYOR, "decide", request=made["request"], decision="execute")
    view = await place.watch("agent", "export", request=made["request"])
    permit = verify_permit(view.permit, await place.recorder.permit_key(), place.clock.utc())
    assert permit.covers(start.us, start.us + 600 * MICRO)
    private, public = generate_peer_key()
    asked = [{"name": name, "groups": [0]}]
    span = (start.us, start.us + 600 * MICRO)
    sealed = await place.web.key_window(view.id, CAMERA, public, asked, *span)
    assert json.loads(open_from(private, sealed, KEY_WINDOW_INFO, view.id.encode()))["keys"]
    with pytest.raises(Refused):
        await place.web.key_window(view.id, CAMERA, public, asked, span[0], span[1] + 1)
    signed = await place.act("agent", "sign_manifest", request=made["request"], manifest_sha256="ab" * 32)
    text, _ = verify_note(signed["note"], [parse_vkey(signed["vkey"])])
    assert text == f"guet/manifest/v1\nvalclair\n{made['request']}\n{'ab' * 32}\n"
    package = {"request": made["request"], "bytes": 1000}
    with pytest.raises(Conflict):
        await place.act("agent", "record_package", manifest_sha256="ff" * 32, **package)
    built = await place.act("agent", "record_package", manifest_sha256="ab" * 32, **package)
    assert built["state"] == "packaged"
    received = await place.act("secretariat", "receive_package", request=made["request"], recipient="OPJ 214 873")
    assert received["purge_us"] > place.clock.utc().us
    assert not (await place.read(MAYOR, "holds"))["holds"][0]["active"]
    purged = await place.act("agent", "purge_package", request=made["request"])
    assert purged["state"] == "purged"
    entries = (await place.read(MAYOR, "journal", kind="communication"))["entries"]
    acts = [one["record"]["act"] for one in reversed(entries)]
    assert acts == ["export", "key_window", "sign_manifest", "record_package", "receive_package"]
    assert entries[0]["record"]["recipient"] == "OPJ 214 873"


async def test_requests_are_numbered_as_people_say_them(place: Town) -> None:
    year = paris_date(place.clock.utc()).year
    first, second = await register(place), await register(place)
    assert [one["number"] for one in (first, second)] == [f"D-{year}-0001", f"D-{year}-0002"]
    listed = (await place.read("secretariat", "requests"))["requests"]
    assert {one["id"]: one["number"] for one in listed} == {one["request"]: one["number"] for one in (first, second)}
    holds = (await place.read("secretariat", "holds"))["holds"]
    assert {one["request"]: one["request_number"] for one in holds} == {
        one["request"]: one["number"] for one in (first, second)
    }


async def test_an_incomplete_request_says_what_is_missing(place: Town) -> None:
    for missing in FIELDS:
        with pytest.raises(Refused) as refused:
            await register(place, fields={**FIELDS, missing: " "})
        assert refused.value.rule == "P-72"
        assert missing in refused.value.what
    with pytest.raises(Refused) as refused:
        await register(place, frame="preliminaire")
    assert refused.value.rule == "P-71"
    now = place.clock.utc().us
    lapsed = {**FIELDS, "general_instruction": "IG 7", "general_instruction_until_us": now}
    with pytest.raises(Refused) as refused:
        await register(place, frame="preliminaire", fields=lapsed)
    assert refused.value.rule == "P-71"
    assert await register(place, frame="preliminaire", fields={**lapsed, "general_instruction_until_us": now + 1})
    assert (await place.read(MAYOR, "requests"))["requests"][0]["frame"] == "preliminaire"
    assert len((await place.read(MAYOR, "requests"))["requests"]) == 1


async def test_impossible_ranges_and_foreign_cameras(place: Town) -> None:
    now = place.clock.utc().us
    with pytest.raises(BadInput):
        await register(place, from_us=now - 5, to_us=now - 10)
    with pytest.raises(BadInput):
        await register(place, to_us=now + MICRO)
    with pytest.raises(BadInput):
        await register(place, from_us=now - 40 * 86_400 * MICRO)
    with pytest.raises(Refused) as gone:
        await register(place, from_us=now - 20 * 86_400 * MICRO, to_us=now - 19 * 86_400 * MICRO)
    assert gone.value.rule == "P-30"
    with pytest.raises(Refused) as foreign:
        await register(place, cameras=[CAMERA, "brumesnil-c01"])
    assert foreign.value.rule == "P-62"
    assert (await place.read(MAYOR, "holds"))["holds"] == []


async def test_a_refusal_needs_a_ground_of_the_law_that_fits_the_frame(place: Town) -> None:
    made = await register(place)
    for ground in ("", "no time", "third_parties", "authorisation_missing"):
        with pytest.raises(Refused) as refused:
            await place.act(MAYOR, "decide", request=made["request"], decision="refuse", ground=ground)
        assert refused.value.rule == "P-74"
    done = await place.act(
        MAYOR, "decide", request=made["request"], decision="refuse", ground="requester_not_established"
    )
    assert done["state"] == "refused"
    with pytest.raises(Conflict):
        await place.act(MAYOR, "decide", request=made["request"], decision="execute")
    assert (await place.read(MAYOR, "holds"))["holds"][0]["active"]


async def test_a_decision_is_the_mayors_and_asks_the_password_again(place: Town) -> None:
    made = await register(place)
    for login in (CHIEF, "agent", "secretariat"):
        with pytest.raises(Refused) as refused:
            await place.act(login, "decide", request=made["request"], decision="execute")
        assert refused.value.rule == "P-74"
    place.clock.advance(seconds=301)
    with pytest.raises(StepUpNeeded):
        await place.act(MAYOR, "decide", request=made["request"], decision="execute")
    with pytest.raises(Refused):
        await place.web.step_up(place.tokens[MAYOR], "not the password")
    await place.web.step_up(place.tokens[MAYOR], PASSWORD)
    assert await place.act(MAYOR, "decide", request=made["request"], decision="execute")
    with pytest.raises(StepUpNeeded):
        await place.watch("agent", "export", request=made["request"])
    with pytest.raises(NotFound):
        await place.act(MAYOR, "decide", request="d-none", decision="execute")


async def test_silence_escalates_once(place: Town) -> None:
    answer_by = place.clock.utc().plus(seconds=3600).us
    made = await register(place, answer_by=answer_by)
    await place.host.outbox_sent([one["id"] for one in await place.host.outbox()])
    await place.keeper.house.tick()
    assert await place.host.outbox() == []
    place.clock.advance(seconds=3600)
    for _ in range(2):
        await place.keeper.house.tick()
    assert [one["kind"] for one in await place.host.outbox()] == ["overdue"]
    await place.enter(MAYOR)
    assert (await place.read(MAYOR, "request", request=made["request"]))["escalated_us"] == place.clock.utc().us
    acts = [one["record"]["act"] for one in (await place.read(MAYOR, "journal", act="escalate"))["entries"]]
    assert acts == ["escalate"]


async def test_a_query_is_answered_and_decided(place: Town) -> None:
    made = await register(place)
    queried = await place.act(MAYOR, "decide", request=made["request"], decision="query", comment="Quelle unité ?")
    assert queried["state"] == "queried"
    await place.act("secretariat", "complete_request", request=made["request"], fields={"unit": "BR Brumesnil"})
    assert (await place.read(MAYOR, "request", request=made["request"]))["fields"]["unit"] == "BR Brumesnil"
    assert (await place.act(MAYOR, "decide", request=made["request"], decision="execute"))["state"] == "approved"


async def test_a_provisional_hold_ends_by_itself_and_cannot_be_confirmed_then(place: Town) -> None:
    made = await register(place)
    place.clock.advance(seconds=15 * 86_400 + 1)
    await place.enter(MAYOR)
    assert not (await place.read(MAYOR, "holds"))["holds"][0]["active"]
    with pytest.raises(Refused) as refused:
        await place.act(MAYOR, "decide", request=made["request"], decision="execute")
    assert refused.value.rule == "P-34"


async def test_the_secretary_sees_no_image_and_no_journal(place: Town) -> None:
    for act in ("live", "replay", "export"):
        with pytest.raises(Refused) as refused:
            await place.watch("secretariat", act, request="d-1" if act == "export" else None)
        assert refused.value.rule == "P-74"
    with pytest.raises(Refused):
        await place.read("secretariat", "journal")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"procedure": "curiosite"}, "P-32"),
        ({"reference": " "}, ""),
        ({"until_us": 4_000_000_000_000_000}, "P-32"),
        ({"cameras": ["brumesnil-c01"]}, "P-62"),
    ],
)
async def test_a_hold_needs_a_procedure_a_reference_and_an_end(place: Town, changes: dict[str, Any], rule: str) -> None:
    start = place.hour_ago()
    given: dict[str, Any] = {
        "cameras": [CAMERA], "from_us": start.us, "to_us": start.us + MICRO, "procedure": "flagrance",
        "authority": "Gendarmerie", "reference": "PV 1", "requester": "OPJ",
    }  # fmt: skip
    with pytest.raises((Refused, BadInput)) as refused:
        await place.web.act(place.tokens[CHIEF], "place_hold", given | changes)
    assert refused.value.rule == rule
    assert (await place.read(MAYOR, "holds"))["holds"] == []


def part(place: Town, **changes: Any) -> dict[str, Any]:
    """The first five of the ten minutes asked for."""
    start = place.hour_ago()
    return {"cameras": [CAMERA], "from_us": start.us, "to_us": start.us + 300 * MICRO} | changes


async def test_granted_in_part_the_part_leaves_and_the_rest_stays_held_for_a_while(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    asked = await register(place)
    start = place.hour_ago()
    await place.act(
        MAYOR, "decide", request=asked["request"], decision="execute", ground="agreed_narrower", part=part(place)
    )
    shown = await place.read(MAYOR, "request", request=asked["request"])
    assert (shown["to_us"], shown["ground"]) == (start.us + 300 * MICRO, "agreed_narrower")
    assert shown["asked"] == {"cameras": [CAMERA], "from_us": start.us, "to_us": start.us + 600 * MICRO}
    view = await place.watch("agent", "export", request=asked["request"])
    permit = verify_permit(view.permit, await place.recorder.permit_key(), place.clock.utc())
    assert permit.covers(start.us, start.us + 300 * MICRO)
    assert not permit.covers(start.us, start.us + 301 * MICRO)
    holds = {one["id"]: one for one in (await place.read(MAYOR, "holds"))["holds"]}
    confirmed, rest = holds[shown["hold"]], holds[asked["hold"]]
    assert not confirmed["provisional"]
    assert confirmed["to_us"] == start.us + 300 * MICRO
    assert rest["provisional"]
    assert rest["active"]
    assert (rest["to_us"], rest["until_us"]) == (start.us + 600 * MICRO, asked["hold_until_us"])
    entry = next(one for one in (await place.read(MAYOR, "journal"))["entries"] if one["record"]["act"] == "decide")
    assert entry["record"]["detail"]["asked_to_us"] == start.us + 600 * MICRO


@pytest.mark.parametrize(
    ("changes", "ground", "where"),
    [
        ({"to_us": 601}, "agreed_narrower", "part"),
        ({"to_us": 600}, "agreed_narrower", "part"),
        ({"to_us": 0}, "agreed_narrower", "part"),
        ({"cameras": ["valclair-c99"]}, "agreed_narrower", "part"),
        ({}, "", "ground"),
        ({}, "proceedings", "ground"),
    ],
)
async def test_a_part_that_is_none_or_without_a_ground_changes_nothing(
    place: Town, changes: dict[str, Any], ground: str, where: str
) -> None:
    asked = await register(place)
    start = place.hour_ago()
    given = {name: start.us + value * MICRO if name == "to_us" else value for name, value in changes.items()}
    before = (await place.read(MAYOR, "request", request=asked["request"]), await place.read(MAYOR, "holds"))
    with pytest.raises((BadInput, Refused)) as refused:
        await place.act(
            MAYOR, "decide", request=asked["request"], decision="execute", ground=ground, part=part(place, **given)
        )
    assert where in refused.value.where
    assert (await place.read(MAYOR, "request", request=asked["request"]), await place.read(MAYOR, "holds")) == before


async def test_what_only_narrows_refuses_nothing_and_a_refusal_has_no_part(place: Town) -> None:
    asked = await register(place)
    with pytest.raises(Refused) as whole:
        await place.act(MAYOR, "decide", request=asked["request"], decision="refuse", ground="agreed_narrower")
    assert whole.value.rule == "P-74"
    given = {"decision": "refuse", "ground": "not_a_recipient", "part": part(place)}
    with pytest.raises(BadInput):
        await place.act(MAYOR, "decide", request=asked["request"], **given)
