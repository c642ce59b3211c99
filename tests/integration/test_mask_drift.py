"""Invariant 12 on a running keeper: masks that are not those validated cut every path, and what they let through stays
shut (P-11, O-44, decision 0026).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from recorder.recording.playback import Playback
from recorder.store.attached import reading
from tests.integration.keeper_town import CAMERA, CHIEF, IMAGE_ACTS, MAYOR, PASSPHRASE, PASSWORD, Town, town
from vms.clock import MICRO, UtcTime
from vms.db.engine import ensure_schema, open_engine, write
from vms.errors import BadInput, GuetError, Refused
from vms.keeper.gate import gate
from vms.keeper.gate.gate import Motive
from vms.keeper.protocol import KEY_WINDOW_INFO, Act, CameraPlan
from vms.keys.wrapping import generate_peer_key, open_from
from vms.law.facts import Request
from vms.law.masks import Mask
from vms.law.reason import first_lapse
from vms.model import Segment
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.permits import PermitBook

DOOR = Mask("mask-1", "source-1", ((-0.5, -0.5), (0.25, -0.5), (0.3, 0.4), (-0.5, 0.1)), "Color", enabled=True)
OFF = Mask("mask-1", "source-1", DOOR.points, "Color", enabled=False)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """Valclair, whose camera was commissioned with one mask of its own."""
    async with town(tmp_path) as made:
        await made.enrol()
        await tell(made, DOOR)
        await made.commission()
        made.clock.advance(seconds=3 * 3600)
        for login in (MAYOR, CHIEF):
            await made.enter(login)
        await made.add("agent", "officer", IMAGE_ACTS)
        await made.enter("agent", purpose="5")
        yield made


async def tell(place: Town, *masks: Mask, agreed_us: int | None = None, complete: bool = True) -> None:
    told = {"masks": [asdict(mask) for mask in masks], "agreed_us": agreed_us, "complete": complete}
    await place.recorder.report_masks({"commune": "valclair", "camera": CAMERA, **told})


async def plan(place: Town) -> CameraPlan:
    answer = await place.recorder.plan()
    assert answer is not None
    return answer[0].cameras[0]


async def refused(place: Town, act: str = "live", **more: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await place.watch("agent", act, **more)
    return caught.value


async def journalled(place: Town, act: str) -> list[dict[str, Any]]:
    entries = (await place.read(MAYOR, "journal", kind="modification"))["entries"]
    return [one["record"] for one in entries if one["record"]["act"] == act]


async def test_invariant_12_a_drift_cuts_every_path_at_once_and_is_told(place: Town) -> None:
    view = await place.watch("agent")
    agreed = place.clock.utc().plus(seconds=-9)
    await tell(place, OFF, agreed_us=agreed.us)
    [answer] = (await place.web.renew([view.id])).values()
    assert isinstance(answer, dict), "what is open is dark when its permit ends"
    assert (await refused(place)).rule == "P-11"
    now = await plan(place)
    assert (now.record, now.refusal_cause, now.masks.drift) == (False, "mask-drift", True)
    [entry] = await journalled(place, "mask_drift")
    assert entry["cameras"] == [CAMERA]
    assert (entry["detail"]["cause"], entry["detail"]["from_us"]) == ("disabled", agreed.us)
    for _ in range(2):  # told again and again it is one drift
        await tell(place, OFF, agreed_us=agreed.us)
    assert len(await journalled(place, "mask_drift")) == 1
    [camera] = (await place.read(MAYOR, "cameras"))["cameras"]
    assert camera["viewing"]["rule"] == "P-11"


async def test_it_opens_again_when_the_validated_masks_are_back(place: Town) -> None:
    await tell(place)
    assert (await refused(place)).rule == "P-11"
    await place.restart()
    for login in (MAYOR, "agent"):
        await place.enter(login, purpose="5" if login == "agent" else "")
    assert (await refused(place)).rule == "P-11", "a keeper that starts anew knows it still"
    place.clock.advance(seconds=60)
    back = Mask("other-name", "source-1", DOOR.points[1:] + DOOR.points[:1], "Color", enabled=True)
    await tell(place, back)
    await place.watch("agent")
    assert (await plan(place)).record
    [entry] = await journalled(place, "masks_restored")
    assert entry["cameras"] == [CAMERA]


async def test_what_was_recorded_meanwhile_stays_shut_and_the_rest_plays(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    agreed = place.hour_ago(1)
    before = await place.segment(UtcTime(agreed.us - 600 * MICRO))
    meanwhile = await place.segment(agreed.plus(seconds=5))
    await tell(place, agreed_us=agreed.us)
    place.clock.advance(seconds=60)
    await tell(place, DOOR)
    private, public = generate_peer_key()
    view = await place.watch("agent", "replay")

    async def keys(name: str, start_us: int) -> list[Any]:
        window = (start_us, start_us + 60 * MICRO)
        asked = [{"name": name, "groups": [1]}]
        sealed = await place.web.key_window(view.id, CAMERA, public, asked, *window)
        return list(json.loads(open_from(private, sealed, KEY_WINDOW_INFO, view.id.encode()))["keys"])

    assert len(await keys(before, agreed.us - 600 * MICRO)) == 1
    with pytest.raises(Refused) as caught:
        await keys(meanwhile, agreed.us + 5 * MICRO)
    assert caught.value.rule == "P-11"
    [told] = (await place.read(MAYOR, "cameras"))["cameras"]
    [shut] = told["shut"]
    assert shut["from_us"] == agreed.us
    spans = await place.recorder.past_plan("valclair", CAMERA, agreed.us - 60 * MICRO, agreed.us + 60 * MICRO)
    assert [one.to_us for one in spans] == [agreed.us], "nor is it brought back from the camera's card"


async def test_two_persons_may_validate_what_is_there_now(place: Town) -> None:
    await tell(place)
    place.clock.advance(seconds=60)
    zone = {"points": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]], "reason": "entrance"}
    drawn = await place.act(CHIEF, "draw_zones", camera=CAMERA, polygons=[zone])
    assert (await refused(place)).rule == "P-11", "a drawing opens nothing"
    await place.web.step_up(place.tokens[MAYOR], PASSWORD)
    await place.act(MAYOR, "validate_zones", camera=CAMERA, zone_set=drawn["zone_set"]["id"])
    await place.watch("agent")
    [told] = (await place.read(MAYOR, "cameras"))["cameras"]
    assert len(told["shut"]) == 1, "what was taken meanwhile stays shut"


async def test_an_extraction_of_what_was_recorded_meanwhile_is_refused_before_it_begins(place: Town) -> None:
    agreed = place.hour_ago(1)
    await tell(place, agreed_us=agreed.us)
    facts = place.keeper.house.communes.get("valclair").facts
    reasons = {"flagrance": {"request": "d-1"}}
    for low, high, shut in ((-60, -1, False), (-60, 0, False), (-60, 1, True), (10, 20, True)):
        span = (agreed.us + low * MICRO, agreed.us + high * MICRO)
        asked = Request(
            "d-1", "flagrance", reasons, frozenset({CAMERA}), *span, "", "approved", "p", 1, decision="execute",
            decided_us=2,
        )  # fmt: skip
        found = gate.camera_reasons(
            replace(facts, requests={"d-1": asked}), facts.habilitations[0], Act.EXPORT, facts.cameras[CAMERA], span,
            Motive(request="d-1"), place.clock.utc().us,
        )  # fmt: skip
        lapse = first_lapse(found)
        assert (lapse.rule if lapse else None) == ("P-11" if shut else None), (low, high)


async def test_masks_that_go_between_drawing_and_validation_need_another_drawing(place: Town) -> None:
    zone = {"points": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]], "reason": "entrance"}
    drawn = await place.act(CHIEF, "draw_zones", camera=CAMERA, polygons=[zone])
    await tell(place)
    await place.web.step_up(place.tokens[MAYOR], PASSWORD)
    with pytest.raises(Refused) as caught:
        await place.act(MAYOR, "validate_zones", camera=CAMERA, zone_set=drawn["zone_set"]["id"])
    assert caught.value.rule == "P-11"


async def test_a_camera_without_masks_of_its_own_is_never_cut(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.commission()
        await made.add("agent", "officer", IMAGE_ACTS)
        await made.enter("agent", purpose="5")
        await tell(made, DOOR)
        await tell(made)
        await made.watch("agent")
        assert (await plan(made)).record


async def test_a_recorder_cannot_tell_nonsense(place: Town) -> None:
    for changes in (
        {"points": [[0, 0], [1, 1]]},
        {"points": [[0, 0], [1, float("nan")], [1, 0]]},
        {"points": [[0, 0], [1, 1e12], [1, 0]]},
        {"token": "x" * 65},
    ):
        told = asdict(DOOR) | changes
        with pytest.raises(GuetError):
            await place.recorder.report_masks({"commune": "valclair", "camera": CAMERA, "masks": [told]})
    with pytest.raises(BadInput):
        await place.recorder.report_masks({"commune": "valclair", "camera": "elsewhere-c01", "masks": []})
    assert (await plan(place)).record


async def test_the_timeline_says_what_is_shut_and_offers_no_group_of_it(place: Town, tmp_path: Path) -> None:
    agreed = place.hour_ago(1)
    await tell(place, agreed_us=agreed.us)
    place.clock.advance(seconds=60)
    await tell(place, DOOR)
    until_us = place.clock.utc().us
    settings = Settings(home=tmp_path / "web")
    settings.make_dirs()
    engine = open_engine(settings.database_url)
    await ensure_schema(engine)
    low, high = agreed.us - 600 * MICRO, until_us + 600 * MICRO
    async with write(engine) as session:
        session.add(
            Segment(
                name="s", commune_id="valclair", camera_id=CAMERA, stream="main", state="sealed", start_us=low,
                end_us=high, hour_key_id="k",
            )
        )  # fmt: skip
    services = Services(
        settings, place.clock, engine, place.web, Playback(engine, reading(settings), place.clock),
        PermitBook(place.web, place.clock),
    )  # fmt: skip
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost/api/v1") as client:
        asked = {"from_us": low, "to_us": high}
        headers = {"Authorization": f"Bearer {place.tokens['agent']}"}
        answer = (await client.get(f"/cameras/{CAMERA}/timeline", params=asked, headers=headers)).json()
    await engine.dispose()
    assert [(one["from_us"], one["to_us"]) for one in answer["recorded"]] == [(low, agreed.us), (until_us, high)]
    assert [(one["from_us"], one["to_us"], one["cause"]) for one in answer["absences"]] == [
        (agreed.us, until_us, "mask-drift")
    ]
