"""An agent of the State collects without a réquisition, over HTTP, to the package that verifies; and each way in which
they may not, which changes nothing (P-50, P-73).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSPHRASE, PASSWORD, Town, extracting_town
from tests.integration.test_extraction import SECOND, Scene, scene, vkey_of
from tests.integration.test_keeper_requests import FIELDS, register
from tests.integration.test_packages_api import Pages, opened, pages
from vms.clock import MICRO
from vms.errors import GuetError, NotFound, Refused, StepUpNeeded
from vms.evidence.manifest import Manifest
from vms.evidence.verify import verify_package

__all__ = ["pages", "scene"]
AGENT = "gendarme"
DEED: dict[str, Any] = {
    "service": "gendarmerie",
    "level": "departement",
    "signed_by": "Colonel commandant le groupement",
    "decision_ref": "Décision GGD 2026-31",
    "document_sha256": "cd" * 32,
}
TERMS = {"recipients": ["gendarmerie"], "modalities": "Relecture depuis la brigade."}


async def habilitate(place: Town, **changes: Any) -> str:
    """A later order names the gendarmerie, and one of its agents is habilitated; the habilitation's id."""
    former = (await place.read(MAYOR, "orders"))["orders"][0]["id"]
    terms = {"reference": "2026-1102", "from": "2026-11-02", "replaces": former} | TERMS
    await place.order(**(terms | changes.pop("order", {})))
    given = await place.add(AGENT, "state_agent", ["replay", "export"], **(DEED | changes))
    await place.enter(AGENT, purpose="5")
    return given


def asked(place: Town, **changes: Any) -> dict[str, Any]:
    """Twelve seconds of an hour ago, for an inquiry."""
    start = place.hour_ago()
    span = {"from_us": start.us, "to_us": start.us + 12 * SECOND}
    given = {"frame": "preliminaire", "fields": FIELDS, "cameras": [CAMERA], "motive": "PV 4127/2026"}
    return given | span | changes


async def collected(place: Town, pages: Pages, **changes: Any) -> httpx.Response:
    """The agent's page opens a collection."""
    body = asked(place, **changes)
    signed = await place.web.statement(place.tokens[AGENT], "collect", args=body)
    return await pages.call(
        AGENT, "POST", "/communes/valclair/collections", json=body, headers={"Guet-Statement": signed}
    )


async def test_from_the_collection_to_the_receipt_without_a_decision(
    scene: Scene, pages: Pages, tmp_path: Path
) -> None:
    place = scene.place
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    habilitation = await habilitate(place)
    await scene.record()
    span = {"from_us": scene.start.us, "to_us": scene.start.us + 12 * SECOND}
    made = await collected(place, pages, **span)
    assert made.status_code == 201, made.text
    request = made.json()["request"]
    assert [(one["kind"], one["request"]) for one in await place.host.outbox()] == [("collected", request)]
    hold = (await place.read(MAYOR, "holds"))["holds"][0]
    assert (hold["active"], hold["from_us"], hold["to_us"]) == (True, span["from_us"], span["to_us"])

    started = await pages.call(AGENT, "POST", f"/requests/{request}/extract")
    assert started.status_code == 202, started.text
    assert (await pages.finished(AGENT, request))["package"]["progress"]["status"] == "done"
    package = tmp_path / "p.zip"
    package.write_bytes(await opened(place, pages, AGENT, request))
    report = verify_package(package, await vkey_of(place))
    assert report.verdict == "authentic", report.text()
    with zipfile.ZipFile(package) as archive:
        manifest = Manifest.parse(archive.read("manifest.json"))
        assert "Fondement : Accès habilité, sans réquisition" in archive.read("LISEZMOI.txt").decode()
    facts = manifest.request.facts
    assert (facts["basis"], facts["frame"], facts["procedure_number"]) == (
        "acces_habilite", "preliminaire", "4127/2026",
    )  # fmt: skip
    assert facts["access"] == {"service_fr": "Gendarmerie nationale"} | DEED
    assert not manifest.decision["decision"]

    body = {"recipient": "Adjudant Roche, 224117, BTA Valclair", "medium": "clé de la brigade"}
    for other in ("agent", "secretariat", MAYOR):
        refused = await pages.call(other, "POST", f"/requests/{request}/receipt", json=body)
        assert (refused.status_code, refused.json()["rule"]) == (403, "P-73")
    received = await pages.call(AGENT, "POST", f"/requests/{request}/receipt", json=body)
    assert received.json()["state"] == "received"
    assert not (await place.read(MAYOR, "holds"))["holds"][0]["active"]
    entries = (await place.read(MAYOR, "journal", person=place.people[AGENT]))["entries"]
    told = {one["record"]["act"]: one["record"] for one in entries}
    assert (told["collect"]["author"]["habilitation"], told["collect"]["motive"]) == (habilitation, "PV 4127/2026")
    assert told["receive_package"]["detail"]["basis"] == told["collect"]["detail"]["basis"] == "acces_habilite"


async def _withdrawn(place: Town, habilitation: str) -> None:
    await place.act(MAYOR, "withdraw", habilitation=habilitation, motive="mutation")


async def _suspended(place: Town, habilitation: str) -> None:
    await place.act(MAYOR, "suspend", habilitation=habilitation, motive="enquête")


async def _order_withdrawn(place: Town, _: str) -> None:
    orders = (await place.read(MAYOR, "orders"))["orders"]
    last = next(one["id"] for one in orders if one["reference"] == "2026-1102")
    await place.act(MAYOR, "withdraw_order", order=last, date="2026-11-20", reference="2026-1120")


async def _not_named(place: Town, _: str) -> None:
    last = next(one["id"] for one in (await place.read(MAYOR, "orders"))["orders"] if one["reference"] == "2026-1102")
    silent = {"recipients": ["police_nationale"], "modalities": "Au commissariat."}
    await place.order(**({"reference": "2026-1110", "from": "2026-11-10", "replaces": last} | silent))


async def _order_ended(place: Town, _: str) -> None:
    place.clock.step(seconds=400 * 86_400)
    for login in (MAYOR, AGENT):
        await place.enter(login)


# What lapsed before the agent asks, and the rule that the refusal names.
LAPSES: dict[str, tuple[Callable[[Town, str], Awaitable[None]], str]] = {
    "habilitation-withdrawn": (_withdrawn, "P-58"),
    "habilitation-suspended": (_suspended, "P-58"),
    "order-withdrawn": (_order_withdrawn, "P-27"),
    "order-ended": (_order_ended, "P-21"),
    "service-not-named": (_not_named, "P-50"),
}
TERM_US = 16 * 86_400 * MICRO


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with a camera in service, a secretary and an officer."""
    async with extracting_town(tmp_path) as made:
        yield made


async def state(place: Town) -> dict[str, Any]:
    """What a refused act must leave as it is."""
    commune = place.keeper.house.communes.get("valclair")
    acts = commune.store.reader.execute("SELECT record FROM entry WHERE record IS NOT NULL").fetchall()
    kinds = [json.loads(one)["act"] for (one,) in acts]
    return {
        "requests": len(commune.facts.requests),
        "holds": len(commune.facts.holds),
        "mails": len(await place.host.outbox()),
        "entries": [act for act in kinds if act in ("collect", "place_hold", "register_request", "export")],
    }


async def refusal(place: Town, login: str, body: dict[str, Any]) -> str:
    """The rule by which a collection is refused; nothing of it stays."""
    before = await state(place)
    with pytest.raises(GuetError) as refused:
        await place.web.act(place.tokens[login], "collect", body)
    assert await state(place) == before
    assert isinstance(refused.value, Refused)
    return str(refused.value.rule)


@pytest.mark.parametrize("element", LAPSES)
async def test_each_lapse_refuses_with_its_rule_and_changes_nothing(place: Town, element: str) -> None:
    lapse, rule = LAPSES[element]
    habilitation = await habilitate(place, order={"until": "2027-11-01"}, until="2028-06-30")
    await lapse(place, habilitation)
    assert await refusal(place, AGENT, asked(place)) == rule


async def test_what_no_agent_may_ask_is_refused_with_its_rule_and_changes_nothing(place: Town) -> None:
    await habilitate(place)
    body = asked(place)
    for changes, rule in (
        ({"from_us": body["from_us"] - TERM_US, "to_us": body["to_us"] - TERM_US}, "P-30"),
        ({"frame": "administrative"}, "P-73"),
        ({"fields": FIELDS | {"procedure_number": " "}}, "P-72"),
        ({"cameras": ["brumesnil-c01"]}, "P-62"),
    ):
        assert await refusal(place, AGENT, body | changes) == rule


async def test_a_camera_outside_the_scope_and_an_order_that_names_nobody(place: Town) -> None:
    await habilitate(place, scope={"cameras": [], "acts": ["replay", "export"]}, order={"recipients": []})
    assert await refusal(place, AGENT, asked(place)) == "P-58"
    everywhere = {"scope": {"cameras": "all", "acts": ["replay", "export"]}}
    await place.add(AGENT, "state_agent", **(DEED | everywhere))
    assert await refusal(place, AGENT, asked(place)) == "P-50"


async def test_nobody_of_the_commune_collects(place: Town) -> None:
    await habilitate(place)
    for login in ("agent", CHIEF, MAYOR, "secretariat"):
        assert await refusal(place, login, asked(place)) == "P-73"


async def test_the_password_and_the_pages_signature_are_asked_for(place: Town) -> None:
    await habilitate(place)
    token = place.tokens[AGENT]
    other = await place.web.statement(token, "collect", args=asked(place, motive="PV 1"))
    with pytest.raises(Refused, match="signé"):
        await place.web.act(token, "collect", asked(place), other)
    session = await place.web.sign_in(AGENT, PASSWORD, "poste-2")
    place.tokens[AGENT] = session.token
    await place.web.act_for(session.token, "valclair", "5")
    with pytest.raises(StepUpNeeded):
        await place.act(AGENT, "collect", **asked(place))


async def test_of_others_inquiries_the_agent_learns_nothing_and_extracts_nothing(place: Town) -> None:
    await habilitate(place)
    theirs = await register(place)
    await place.act(MAYOR, "decide", request=theirs["request"], decision="execute")
    mine = await place.act(AGENT, "collect", **asked(place))
    assert [one["id"] for one in (await place.read(AGENT, "requests"))["requests"]] == [mine["request"]]
    held = {one["id"] for camera in (await place.read(AGENT, "retention"))["cameras"] for one in camera["holds"]}
    assert held == {mine["hold"]}
    for name, args in (("request", {"request": theirs["request"]}), ("journal_proof", {"seq": theirs["journal"]})):
        with pytest.raises(NotFound):
            await place.read(AGENT, name, **args)
    assert (await place.read(AGENT, "journal_proof", seq=mine["journal"]))["seq"] == mine["journal"]
    with pytest.raises(Refused) as refused:
        await place.watch(AGENT, "export", request=theirs["request"])
    assert refused.value.rule == "P-73"
    with pytest.raises(Refused) as refused:
        await place.watch("agent", "export", request=mine["request"])
    assert refused.value.rule == "P-73"
    assert {one["id"] for one in (await place.read(MAYOR, "requests"))["requests"]} == {
        theirs["request"], mine["request"],
    }  # fmt: skip


async def test_a_view_ends_and_the_package_stays_shut_once_the_order_names_nobody(place: Town) -> None:
    await habilitate(place)
    mine = await place.act(AGENT, "collect", **asked(place))
    start = place.hour_ago()
    span = {"from_us": start.us, "to_us": start.us + SECOND}
    with pytest.raises(Refused) as unsaid:
        await place.watch(AGENT, "replay", motive="rien", **span)
    assert unsaid.value.rule == "P-73"
    view = await place.watch(AGENT, "replay", motive="PV 4127/2026", **span)
    assert isinstance((await place.web.renew([view.id]))[view.id], str)
    await _not_named(place, "")
    answer = (await place.web.renew([view.id]))[view.id]
    assert not isinstance(answer, str)
    assert answer["refused"]["rule"] == "P-50"
    with pytest.raises(Refused) as refused:
        await place.watch(AGENT, "export", request=mine["request"])
    assert refused.value.rule == "P-50"


async def test_only_the_mayor_records_such_an_habilitation_and_only_whole(place: Town) -> None:
    await habilitate(place)
    given = {
        "person": place.people[AGENT], "role": "state_agent", "from": "2026-01-01", "until": "2027-12-31",
        "scope": {"cameras": "all", "acts": ["export"]},
    }  # fmt: skip
    for login, changes, rule in (
        (CHIEF, {}, "P-58"),
        (MAYOR, {"document_sha256": ""}, "P-50"),
        (MAYOR, {"service": "sdis"}, "P-50"),
        (MAYOR, {"scope": {"cameras": "all", "acts": ["live"]}}, "P-50"),
    ):
        with pytest.raises(Refused) as refused:
            await place.web.act(place.tokens[login], "grant", given | DEED | changes)
        assert refused.value.rule == rule
