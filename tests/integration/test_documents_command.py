"""``vms documents`` through the application's own routes: what is measured arrives, in each form; refusals are told."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, Town, town
from tests.integration.town_command import vms
from vms.clock import MICRO
from vms.db.engine import ensure_schema, open_engine, write
from vms.law.rulebook import rulebook
from vms.model import Camera, Commune, Incident, RecordedMinute


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with a camera in service whose last minute was measured, in a database beside the keeper."""
    async with town(tmp_path) as made:
        await made.commission()
        now_us = made.clock.utc().us
        engine = open_engine(f"sqlite+aiosqlite:///{made.home / 'g.sqlite'}")
        await ensure_schema(engine)
        async with write(engine) as session:
            session.add(Commune(id="valclair", name="Valclair-sur-Brume"))
            await session.flush()
            session.add(
                Camera(id=CAMERA, commune_id="valclair", number=1, name="Place", created_us=1, updated_us=1, tls=True)
            )
            session.add(
                RecordedMinute(
                    camera_id=CAMERA, stream="main", commune_id="valclair", start_us=now_us - 60 * MICRO, fps=5.5,
                    width=1920, height=1080, rule="T-06",
                )
            )  # fmt: skip
            session.add(
                Incident(commune_id="valclair", camera_id=CAMERA, kind="no-picture", what="x", opened_us=now_us)
            )
        await engine.dispose()
        yield made


async def documents(place: Town, login: str, *arguments: str) -> tuple[int, str, str]:
    return await vms(place, login, "documents", "valclair", *arguments)


def text_of(path: Path) -> str:
    """What pdftotext reads, in one line."""
    out = subprocess.run(["pdftotext", str(path), "-"], check=True, capture_output=True, text=True).stdout
    return " ".join(out.split())


async def test_what_was_measured_is_in_every_form_of_the_document(place: Town, tmp_path: Path) -> None:
    code, out, err = await documents(place, MAYOR, "--json")
    assert (code, err) == (0, "")
    assert {"conformity", "annual-report"} < {one["kind"] for one in json.loads(out)}
    for form in ("json", "csv", "pdf"):
        code, _, err = await documents(place, MAYOR, "conformity", "--out", str(tmp_path / f"c.{form}"))
        assert (code, err) == (0, "")
    data = json.loads((tmp_path / "c.json").read_text("utf-8"))
    points = {row["rule"]: row["found"] for row in data["sections"][0]["table"]["rows"]}
    assert points["T-06"] == "Non tenu : Place de l’Église."
    assert points["T-02"].startswith("Sur 1 caméra : 1 en TLS")
    assert '"Non tenu : Place de l’Église."' in (tmp_path / "c.csv").read_text("utf-8-sig")
    text = text_of(tmp_path / "c.pdf")
    assert "Non tenu : Place de l’Église." in text
    entries = (await place.read(MAYOR, "journal", act="make_document"))["entries"]
    digests = [one["record"]["detail"]["sha256"] for one in entries]
    assert len(digests) == 3
    assert sha256((tmp_path / "c.json").read_bytes()).hexdigest() in digests
    code, _, _ = await documents(place, MAYOR, "annual-report", "--year", "2026", "--out", str(tmp_path / "a.json"))
    report = json.loads((tmp_path / "a.json").read_text("utf-8"))
    incidents = next(one for one in report["sections"] if one["id"] == "incidents")["table"]["rows"]
    assert (code, incidents) == (0, [{"kind": "caméra sans image", "count": 1, "standing": 1}])


async def test_everything_for_a_control_in_one_file(place: Town, tmp_path: Path) -> None:
    code, _, err = await documents(place, MAYOR, "--out", str(tmp_path / "tout.zip"))
    assert (code, err) == (0, "")
    with zipfile.ZipFile(tmp_path / "tout.zip") as whole:
        names = whole.namelist()
        kinds = {json.loads(whole.read(one))["kind"] for one in names if one.endswith(".json")}
        assert all(whole.read(one).startswith(b"%PDF") for one in names if one.endswith(".pdf"))
        register = json.loads(
            whole.read(next(one for one in names if one.startswith("old-register") and "json" in one))
        )
    assert kinds == set(rulebook().document)
    assert len(names) == 2 * len(kinds) + 1
    assert register["subject"] == "du 18/11/2026 au 24/11/2026"
    assert len((await place.read(MAYOR, "journal", act="make_document"))["entries"]) == len(kinds)


async def test_a_refusal_or_a_wrong_form_writes_no_file(place: Town, tmp_path: Path) -> None:
    out = tmp_path / "x.pdf"
    code, _, err = await documents(place, CHIEF, "habilitations", "--out", str(out))
    assert code == 1
    assert "P-59" in err
    for wrong in (["habilitations"], ["habilitations", "--out", "x.doc"], ["nothing", "--out", str(out)],
                  ["habilitations", "--day", "2027-01-01", "--out", str(out)],
                  ["habilitations", "--out", str(tmp_path / "x.zip")]):  # fmt: skip
        code, _, err = await documents(place, MAYOR, *wrong)
        assert (code, err.count("\n")) == (2, 1), wrong
    assert not out.exists()
