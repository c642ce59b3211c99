"""A municipal officer reports an offence to the prosecutor, over HTTP, to the package that verifies (P-77)."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.keeper_town import CAMERA, MAYOR, PASSPHRASE, Town, extracting_town
from tests.integration.test_extraction import SECOND, Scene, scene, vkey_of
from tests.integration.test_packages_api import Pages, opened, pages
from tests.unit.test_reports_to_prosecutor import FIELDS
from vms.errors import GuetError, Refused
from vms.evidence.manifest import Manifest
from vms.evidence.verify import verify_package

__all__ = ["pages", "scene"]
DAY_S = 86_400


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with a camera in service, a secretary and an officer."""
    async with extracting_town(tmp_path) as made:
        yield made


def report(place: Town, **changes: Any) -> dict[str, Any]:
    """Twelve seconds of an hour ago."""
    start = place.hour_ago()
    span = {"from_us": start.us, "to_us": start.us + 12 * SECOND}
    given = {"frame": "article_40", "fields": FIELDS, "cameras": [CAMERA], "motive": "Dégradation, abribus"}
    return given | span | changes


async def decided(place: Town, pages: Pages, request: str, decision: str, **more: Any) -> httpx.Response:
    """The mayor's page decides."""
    args = {"decision": decision, "ground": "", "comment": "", "part": None, "outcome": "", "appointment": None} | more
    signed = await place.web.statement(place.tokens[MAYOR], "decide", args={"request": request, **args})
    return await pages.call(
        MAYOR, "POST", f"/requests/{request}/decision", json=args, headers={"Guet-Statement": signed}
    )


def printed(page: Path) -> str:
    """What a PDF says, in words with one space between them."""
    told = subprocess.run(["pdftotext", str(page), "-"], capture_output=True, check=True).stdout
    return " ".join(told.decode().split())


async def test_from_the_report_to_the_prosecutors_receipt(scene: Scene, pages: Pages, tmp_path: Path) -> None:
    place = scene.place
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    await scene.record()
    body = report(place, from_us=scene.start.us, to_us=scene.start.us + 12 * SECOND)
    by_secretary = await pages.call("secretariat", "POST", "/communes/valclair/requests", json=body)
    assert (by_secretary.status_code, by_secretary.json()["rule"]) == (403, "P-77")
    made = await pages.call("agent", "POST", "/communes/valclair/requests", json=body)
    assert made.status_code == 201, made.text
    request = made.json()["request"]
    assert [(one["kind"], one["request"]) for one in await place.host.outbox()] == [("decide", request)]
    hold = (await place.read(MAYOR, "holds"))["holds"][0]
    assert (hold["active"], hold["until_us"]) == (True, place.clock.utc().us + 15 * DAY_S * SECOND)

    for more in ({"ground": "not_a_recipient"}, {"ground": ""}):
        refused = await decided(place, pages, request, "refuse", **more)
        assert (refused.status_code, refused.json()["rule"]) == (403, "P-77")
    part = {"cameras": [CAMERA], "from_us": body["from_us"], "to_us": body["to_us"] - SECOND}
    narrowed = await decided(place, pages, request, "execute", ground="agreed_narrower", part=part)
    assert (narrowed.status_code, narrowed.json()["rule"]) == (403, "P-77")
    assert (await place.read(MAYOR, "request", request=request))["state"] == "registered"
    assert (await decided(place, pages, request, "query", comment="Quel abribus ?")).json()["state"] == "queried"
    answer = {"fields": {"facts": "La vitre de l’abribus de la gare"}}
    assert (await pages.call("agent", "POST", f"/requests/{request}/complete", json=answer)).status_code == 200
    assert (await decided(place, pages, request, "execute")).json()["state"] == "approved"

    started = await pages.call("agent", "POST", f"/requests/{request}/extract")
    assert started.status_code == 202, started.text
    assert (await pages.finished("agent", request))["package"]["progress"]["status"] == "done"
    package = tmp_path / "p.zip"
    package.write_bytes(await opened(place, pages, "agent", request))
    verdict = verify_package(package, await vkey_of(place))
    assert verdict.verdict == "authentic", verdict.text()
    with zipfile.ZipFile(package) as archive:
        manifest = Manifest.parse(archive.read("manifest.json"))
        archive.extract("LISEZMOI.pdf", tmp_path)
    assert "Signalement au procureur, article 40 du code de procédure pénale" in printed(tmp_path / "LISEZMOI.pdf")
    facts = manifest.request.facts
    assert (facts["frame"], facts["authority"]) == ("article_40", FIELDS["authority"])
    assert facts["fields"] == FIELDS | answer["fields"]
    assert manifest.decision["decision"] == "execute"

    receipt = {"recipient": "Substitut de permanence", "medium": "clé remise au greffe"}
    received = await pages.call("secretariat", "POST", f"/requests/{request}/receipt", json=receipt)
    assert received.json()["state"] == "received"
    assert not (await place.read(MAYOR, "holds"))["holds"][0]["active"]
    entries = (await place.read(MAYOR, "journal", person=place.people["agent"]))["entries"]
    told = {one["record"]["act"]: one["record"] for one in entries}
    assert told["register_request"]["detail"]["frame"] == "article_40"
    assert FIELDS["facts"] not in str(entries), "the facts stay with the report, not in the journal"


async def test_silence_is_brought_up_to_the_deciders_and_to_the_officer(place: Town) -> None:
    made = await place.act("agent", "register_request", **report(place))
    await place.host.outbox_sent([one["id"] for one in await place.host.outbox()])
    place.clock.advance(seconds=2 * DAY_S - 1)
    await place.keeper.house.tick()
    assert await place.host.outbox() == []
    place.clock.advance(seconds=1)
    for _ in range(2):
        await place.keeper.house.tick()
    store = place.keeper.house.communes.get("valclair").store
    told = store.reader.execute("SELECT kind, person FROM outbox WHERE request = ?", (made["request"],)).fetchall()
    assert sorted(told) == [
        ("decide", place.people[MAYOR]),
        ("overdue", place.people[MAYOR]),
        ("report-overdue", place.people["agent"]),
    ]


async def test_what_is_destroyed_or_granted_late_is_said(place: Town) -> None:
    body = report(place)
    past = 16 * DAY_S * SECOND
    gone = report(place, from_us=body["from_us"] - past, to_us=body["to_us"] - past)
    before = len(place.keeper.house.communes.get("valclair").facts.requests)
    with pytest.raises(Refused) as refused:
        await place.act("agent", "register_request", **gone)
    assert refused.value.rule == "P-30"
    assert len(place.keeper.house.communes.get("valclair").facts.requests) == before
    made = await place.act("agent", "register_request", **body)
    place.clock.advance(seconds=9 * DAY_S)
    await place.enter(MAYOR)
    await place.act(MAYOR, "decide", request=made["request"], decision="execute")
    hold = (await place.read(MAYOR, "holds"))["holds"][0]
    assert (hold["provisional"], hold["until_us"]) == (False, place.clock.utc().us + 15 * DAY_S * SECOND)


async def test_an_officer_cannot_hold_by_hand_under_it(place: Town) -> None:
    start = place.hour_ago()
    held = {"procedure": "article_40", "authority": "Parquet", "reference": "1", "requester": "Agent"}
    with pytest.raises(GuetError) as refused:
        await place.act(MAYOR, "place_hold", cameras=[CAMERA], from_us=start.us, to_us=start.us + SECOND, **held)
    assert isinstance(refused.value, Refused)
    assert refused.value.rule == "P-77"
