"""A filmed person's request from the public form to the letter, and what a stranger can do to the form (P-82…P-86)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from recorder.recording.playback import Playback
from recorder.store.attached import reading
from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSPHRASE, Town, town
from tests.integration.signing_pages import sign_calls
from vms.clock import HOUR_US, MICRO
from vms.db.engine import open_engine
from vms.errors import BadInput, Conflict, LimitExceeded, NotFound, Refused
from vms.keeper.keys.destruction import destroy_due
from vms.law.dates import DAY_US, add_months
from vms.law.rulebook import rulebook
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.permits import PermitBook

NAME, CONTACT, LOOKS = "Camille Durand", "12 rue du Puits, Valclair", "manteau rouge, vélo bleu, près du kiosque"
PLACE = "place de l’Église"
OTHER = "valclair-c02"
FORM = rulebook().access_form
DAY_S = 86_400
Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose two cameras have been in service for three hours, and its secretary."""
    async with town(tmp_path / "keeper-home") as made:
        await made.commission()
        await made.commission(OTHER)
        await made.add("secretariat", "secretary")
        await later(made, hours=3)
        yield made


@pytest.fixture
async def ask(place: Town, tmp_path: Path) -> AsyncIterator[Ask]:
    """The application's own routes, from an address, with a person's session when one is named."""
    settings, keeper, clock = Settings(home=tmp_path / "home"), place.web, place.clock
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'web.sqlite'}")
    services = Services(
        settings, clock, engine, keeper, Playback(engine, reading(settings), clock), PermitBook(keeper, clock)
    )
    app = create_app(services)

    async def call(
        method: str, path: str, *, login: str = "", address: str = "192.0.2.7", **given: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {place.tokens[login]}"} if login else {}
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1", timeout=60) as client:
            sign_calls(client, place)
            return await client.request(method, path, headers=headers, **given)

    yield call
    await engine.dispose()


async def later(place: Town, *, hours: float = 0, days: float = 0) -> None:
    """Let time pass, let the keeper do what falls due, and sign everyone in again."""
    place.clock.advance(seconds=hours * 3600 + days * DAY_S)
    await place.keeper.house.tick()
    for login in (MAYOR, CHIEF, "secretariat"):
        await place.enter(login)


def form(place: Town, **changes: Any) -> dict[str, Any]:
    """Ten minutes, an hour ago."""
    start = place.hour_ago()
    given = {"right": "access", "place": PLACE, "from_us": start.us, "to_us": start.us + 600 * MICRO}
    given |= {"description": LOOKS, "name": NAME, "answer": "post", "contact": CONTACT}
    return given | changes


async def file(place: Town, address: str = "192.0.2.1", **changes: Any) -> dict[str, Any]:
    return await place.web.file_access("valclair", address, form(place, **changes))


async def only(place: Town) -> dict[str, Any]:
    """The one request there is."""
    [listed] = (await place.read("secretariat", "requests"))["requests"]
    return await place.read("secretariat", "request", request=listed["id"])


async def check(place: Town, **changes: Any) -> dict[str, Any]:
    """The secretary sees the person's document and finds the camera of the place."""
    request = await only(place)
    span = {"from_us": request["from_us"], "to_us": request["to_us"]}
    given = {"request": request["id"], "document_seen": True, "cameras": [CAMERA]}
    return await place.act("secretariat", "check_identity", **given | span | changes)


async def holds(place: Town) -> list[dict[str, Any]]:
    return [one for one in (await place.read(MAYOR, "holds"))["holds"] if one["active"]]


def text_of(pdf: bytes, folder: Path) -> str:
    """What poppler reads in it, in one line."""
    path = folder / "letter.pdf"
    path.write_bytes(pdf)
    read = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout
    return " ".join(read.decode().split())


async def test_from_the_form_to_the_letter_through_the_api(place: Town, ask: Ask, tmp_path: Path) -> None:
    filed = await ask("POST", "/public/communes/valclair/access", json=form(place))
    assert filed.status_code == 201, filed.text
    told, now_us = filed.json(), place.clock.utc().us
    assert (told["number"], told["held"]) == ("D-2026-0001", True)
    assert (told["identity_by_us"], told["answer_by_us"]) == (now_us + 7 * DAY_US, add_months(now_us, 1))
    request = await only(place)
    assert (request["state"], request["cameras"]) == ("filed", [CAMERA, OTHER])
    [wide] = await holds(place)
    assert (wide["until_us"], wide["provisional"]) == (told["identity_by_us"], True)
    with pytest.raises(Refused) as early:
        await place.act(MAYOR, "decide", request=request["id"], decision="execute", outcome="copy")
    assert early.value.rule == "P-83"
    shown = (await ask("GET", f"/requests/{request['id']}/applicant", login="secretariat")).json()["applicant"]
    assert (shown["name"], shown["description"], shown["place"]) == (NAME, LOOKS, PLACE)
    body = {"document_seen": True, "cameras": [CAMERA], "from_us": request["from_us"], "to_us": request["to_us"]}
    unseen = await ask(
        "POST", f"/requests/{request['id']}/identity", login="secretariat", json=body | {"document_seen": False}
    )
    assert unseen.status_code == 400
    checked = await ask("POST", f"/requests/{request['id']}/identity", login="secretariat", json=body)
    assert checked.status_code == 200, checked.text
    [narrow] = await holds(place)
    assert (narrow["id"], narrow["cameras"], narrow["until_us"]) == (wide["id"], [CAMERA], told["answer_by_us"])
    receipt = await ask("GET", f"/requests/{request['id']}/letter", login="secretariat")
    assert "Accusé de réception" in text_of(receipt.content, tmp_path)
    meeting_us = now_us + 5 * DAY_US
    await place.act(
        MAYOR, "decide", request=request["id"], decision="execute", outcome="viewing", appointment=meeting_us
    )
    assert (await holds(place))[0]["until_us"] == meeting_us + DAY_US
    got = await ask("GET", f"/requests/{request['id']}/letter", login="secretariat")
    assert (got.headers["content-type"], got.headers["cache-control"]) == ("application/pdf", "no-store")
    for claim in (b"<pdfaid:part>2</pdfaid:part>", b"<pdfaid:conformance>A</pdfaid:conformance>"):
        assert claim in got.content
    text = text_of(got.content, tmp_path)
    for said in (
        NAME, CONTACT, "D-2026-0001, reçue le 24/11/2026", "le 29/11/2026 à 18 h 12", "CSI, article R253-6",
        "cnil.fr", "tribunal administratif, dans les deux mois", "commission départementale", "Décidé par : Le maire",
    ):  # fmt: skip
        assert said in text, said
    assert "CADA" not in text
    follow = await ask("POST", "/public/communes/valclair/access/follow", json={"code": told["code"].lower()})
    state = follow.json()
    assert (state["state"], state["outcome"], state["decided_us"]) == ("answered", "viewing", now_us)
    assert not any(word in follow.text for word in (NAME, CONTACT, LOOKS, CAMERA, PLACE))


async def test_what_a_person_says_of_themselves_is_in_no_journal_mail_history_nor_request(place: Town) -> None:
    told = await file(place)
    await check(place)
    request = await only(place)
    await place.act(MAYOR, "decide", request=request["id"], decision="refuse", ground="third_parties")
    await place.read("secretariat", "applicant", request=request["id"])
    commune = place.keeper.house.communes.get("valclair")
    database = commune.store.reader
    rows = database.execute("SELECT record FROM entry").fetchall()
    rows += database.execute("SELECT body FROM fact_version").fetchall()
    rows += database.execute("SELECT body FROM fact WHERE kind <> 'applicant'").fetchall()
    spoken = json.dumps([rows, await place.host.outbox(), request], ensure_ascii=False)
    assert request["id"] in spoken
    for word in (NAME, CONTACT, LOOKS, PLACE, "192.0.2.1", told["code"]):
        assert word not in spoken, word
    acts = [one["record"]["act"] for one in (await place.read(MAYOR, "journal"))["entries"]]
    assert {"file_access", "place_hold", "check_identity", "decide", "read_applicant"} <= set(acts)
    for path in commune.store.path.parent.iterdir():
        assert told["code"].encode() not in path.read_bytes(), path
    months = rulebook().durations.access_kept_months
    await later(place, days=(add_months(place.clock.utc().us, months) - place.clock.utc().us) / DAY_US)
    assert (await place.read("secretariat", "applicant", request=request["id"])) == {"applicant": None}
    for path in commune.store.path.parent.iterdir():
        for word in (NAME, CONTACT, LOOKS):
            assert word.encode() not in path.read_bytes(), (path, word)
    with pytest.raises(NotFound):
        await place.web.follow_access("valclair", "192.0.2.1", told["code"])


async def test_an_identity_that_nobody_checks_frees_the_range(place: Town) -> None:
    """On the injected clock: until the day, everything is held; the day after, nothing is, and the key is gone."""
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    for camera in (CAMERA, OTHER):
        await place.segment(start, camera=camera)
    await later(place, days=14.9)  # kept fifteen days: due within the week
    told = await file(place, from_us=start.us, to_us=start.us + 60 * MICRO)
    await later(place, days=6.9)
    keys = place.keeper.house.communes.get("valclair").keys.reader
    assert keys.execute("SELECT count(*) FROM held_segment").fetchone()[0] == 2
    assert (await place.web.follow_access("valclair", "x", told["code"]))["held"]
    await later(place, days=0.2)
    assert (await only(place))["state"] == "lapsed"
    assert await holds(place) == []
    assert keys.execute("SELECT count(*) FROM held_segment").fetchone()[0] == 0
    assert keys.execute("SELECT count(*) FROM hour_key").fetchone()[0] == 0
    state = await place.web.follow_access("valclair", "x", told["code"])
    assert (state["state"], state["held"]) == ("lapsed", False)
    assert (await place.read("secretariat", "applicant", request=(await only(place))["id"])) == {"applicant": None}
    with pytest.raises(Conflict):
        await check(place)
    await later(place, days=rulebook().durations.access_lapsed_days)
    with pytest.raises(NotFound):
        await place.web.follow_access("valclair", "x", told["code"])


async def test_once_checked_only_the_place_stays_held_and_opens_past_its_term(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    for camera in (CAMERA, OTHER):
        await place.segment(start, camera=camera)
    await later(place, days=14.9)
    await file(place, from_us=start.us, to_us=start.us + 60 * MICRO)
    await later(place, days=1)  # the hours' own keys are gone by now
    await check(place)
    commune = place.keeper.house.communes.get("valclair")
    await destroy_due(commune, place.clock.utc().us)
    kept = commune.keys.reader.execute("SELECT camera FROM held_segment").fetchall()
    assert kept == [(CAMERA,)]


async def test_a_flood_freezes_ten_hours_and_fills_nothing_else(place: Town) -> None:
    told = [await file(place, f"198.51.100.{n}") for n in range(FORM.holds + 2)]
    assert [one["held"] for one in told] == [True] * FORM.holds + [False] * 2
    assert len(await holds(place)) == FORM.holds
    assert {one["number"] for one in told} == {f"D-2026-{n + 1:04d}" for n in range(len(told))}
    for _ in range(FORM.per_address_day):
        await file(place, "2001:db8:1:2::9")
    with pytest.raises(LimitExceeded):
        await file(place, "2001:db8:1:2:ffff::1")  # another address of the same customer
    for n in range(FORM.per_commune_day - len(told) - FORM.per_address_day):
        await file(place, f"203.0.113.{n}")
    with pytest.raises(LimitExceeded):
        await file(place, "192.0.2.200")
    await later(place, days=1)
    waiting = len((await place.read(MAYOR, "requests"))["requests"])
    for n in range(FORM.backlog - waiting):
        await file(place, f"203.0.113.{n}")
    with pytest.raises(LimitExceeded) as full:
        await file(place, "192.0.2.201")
    assert "mairie" in full.value.todo
    assert len(await holds(place)) == FORM.holds


async def test_a_wrong_code_is_told_nothing_and_soon_no_more(place: Town) -> None:
    told = await file(place)
    wrong = ("AAAA-" * 6).strip("-")
    answers = set()
    for code in (wrong, "", "é" * 90, told["code"][:-1], told["number"], "x" * 10_000):
        with pytest.raises(NotFound) as caught:
            await place.web.follow_access("valclair", "192.0.2.9", code)
        answers.add((caught.value.what, caught.value.where, caught.value.todo))
    assert len(answers) == 1
    with pytest.raises(LimitExceeded):
        for _ in range(FORM.follow_per_hour):
            try:
                await place.web.follow_access("valclair", "192.0.2.9", wrong)
            except NotFound:
                continue
    assert (await place.web.follow_access("valclair", "192.0.2.10", told["code"]))["state"] == "filed"
    place.clock.advance(seconds=HOUR_US / MICRO)
    assert (await place.web.follow_access("valclair", "192.0.2.9", told["code"]))["state"] == "filed"


async def test_forms_that_no_page_sends_and_ranges_that_are_not(place: Town, ask: Ask) -> None:
    for changes in (
        {"right": "objection"}, {"description": " "}, {"description": "x" * 301}, {"name": "x\u202ey"},
        {"answer": "phone"}, {"cameras": ["valclair-c01"]},
    ):  # fmt: skip
        with pytest.raises(BadInput):
            await file(place, "192.0.2.3", **changes)
    now_us = place.clock.utc().us
    with pytest.raises(Refused) as long:
        await file(place, to_us=form(place)["from_us"] + (FORM.range_minutes * 60 + 1) * MICRO)
    assert long.value.rule == "P-85"
    with pytest.raises(BadInput):
        await file(place, from_us=now_us - MICRO, to_us=now_us + MICRO)
    with pytest.raises(Refused) as before_service:
        await file(place, from_us=now_us - DAY_US, to_us=now_us - DAY_US + MICRO)
    assert before_service.value.rule == "P-30"
    start = place.hour_ago()
    await later(place, days=17)
    with pytest.raises(Refused) as gone:
        await file(place, "192.0.2.2", from_us=start.us, to_us=start.us + 60 * MICRO)
    assert gone.value.rule == "P-30"
    assert (await place.read(MAYOR, "requests"))["requests"] == []
    assert await holds(place) == []
    huge = await ask("POST", "/public/communes/valclair/access", content=b"{" + b" " * 100_000)
    assert huge.status_code == 413

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    unsaid = await ask("POST", "/public/communes/valclair/access", content=pieces())
    assert unsaid.status_code == 413
    nowhere = await ask("POST", "/public/communes/ailleurs/access", json=form(place))
    assert nowhere.status_code == 404


async def test_only_listed_grounds_and_outcomes_and_a_letter_that_names_them(
    place: Town, ask: Ask, tmp_path: Path
) -> None:
    await file(place)
    with pytest.raises(BadInput):
        await check(place, cameras=["brumesnil-c01"])
    await check(place)
    request = await only(place)
    decide = {"request": request["id"], "decision": "refuse"}
    for ground in ("", "too_busy", "requester_not_established", "agreed_narrower"):
        with pytest.raises(Refused) as refused:
            await place.act(MAYOR, "decide", **decide, ground=ground)
        assert refused.value.rule == "P-83"
    for outcome, more, rule in (
        ("", {}, "P-82"),
        ("granted", {"comment": "fait"}, "P-82"),
        ("none", {}, "P-82"),
        ("viewing", {}, "P-83"),
        ("copy", {"appointment": place.clock.utc().us + DAY_US}, "P-83"),
        ("viewing", {"appointment": place.clock.utc().us + 40 * DAY_US}, "P-83"),
    ):
        with pytest.raises(Refused) as wrong:
            await place.act(MAYOR, "decide", request=request["id"], decision="execute", outcome=outcome, **more)
        assert wrong.value.rule == rule, outcome
    assert (await only(place))["state"] == "registered"
    await place.act(MAYOR, "decide", **decide, ground="proceedings", comment="Une enquête est ouverte.")
    text = text_of((await ask("GET", f"/requests/{request['id']}/letter", login="secretariat")).content, tmp_path)
    for said in ("déroulement de procédures", "CSI R253-6", "articles 52 et 108", "Une enquête est ouverte.", "R421-1"):
        assert said in text, said


async def test_the_month_is_put_off_once_and_the_range_stays(place: Town, ask: Ask, tmp_path: Path) -> None:
    await file(place)
    filed_us = place.clock.utc().us
    await check(place)
    request = (await only(place))["id"]
    with pytest.raises(Refused):
        await place.act("secretariat", "extend_answer", request=request, reason="complexity")
    with pytest.raises(Refused) as unlisted:
        await place.act(MAYOR, "extend_answer", request=request, reason="holidays")
    assert unlisted.value.rule == "P-85"
    await place.act(MAYOR, "extend_answer", request=request, reason="complexity")
    assert (await holds(place))[0]["until_us"] == add_months(filed_us, 3)
    text = text_of((await ask("GET", f"/requests/{request}/letter", login=MAYOR)).content, tmp_path)
    assert "prolongé de deux mois. Motif : complexité de la demande" in text
    assert "au plus tard le 24/02/2027" in text
    with pytest.raises(Refused):
        await place.act(MAYOR, "extend_answer", request=request, reason="number")
    await place.host.outbox_sent([one["id"] for one in await place.host.outbox()])
    await later(place, days=60)
    assert await place.host.outbox() == []
    await later(place, days=40)
    assert {one["kind"] for one in await place.host.outbox()} == {"overdue"}


async def test_a_copy_leaves_only_without_anybody_else_in_it(place: Town) -> None:
    await place.add("agent", "officer", ["live", "replay", "export"])
    await place.enter("agent", purpose="5")
    await file(place)
    await check(place)
    request = (await only(place))["id"]
    await place.act(MAYOR, "decide", request=request, decision="execute", outcome="copy")
    await place.watch("agent", "export", request=request)
    digests = {"request": request, "manifest_sha256": "ab" * 32}
    await place.act("agent", "sign_manifest", **digests)
    await place.act("agent", "record_package", **digests, bytes=1000)
    with pytest.raises(Refused) as others:
        await place.act("secretariat", "receive_package", request=request, recipient="La personne filmée")
    assert others.value.rule == "P-86"
    given = await place.act(
        "secretariat", "receive_package", request=request, recipient="La personne filmée", others_hidden=True
    )
    assert given["state"] == "received"
