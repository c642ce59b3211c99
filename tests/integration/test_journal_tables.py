"""The journal taken away for the CNIL: tables that are signed, that say what the records say, and that no spreadsheet
runs (D-13, P-43).
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from recorder.recording.playback import Playback
from recorder.store.attached import reading
from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, Town, town
from vms.db.engine import open_engine
from vms.errors import Conflict, NotFound, Refused
from vms.keeper.journal.table import COLUMNS, CSV, JSON, NOTE, cell, digests, tables
from vms.keeper.proof.audit import verify_log
from vms.keeper.proof.certificate_check import check_certificate, read_certificate
from vms.keeper.proof.export import export_for_cnil, export_log
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.permits import PermitBook

pytestmark = pytest.mark.asyncio(loop_scope="module")
MOTIVE = '=HYPERLINK("https://mal.example";"cliquez")'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town whose journal is longer than a tile, with a motive that a spreadsheet would run."""
    async with town(tmp_path_factory.mktemp("town")) as made:
        await made.commission()
        await made.act(CHIEF, "suspend_camera", camera=CAMERA, motive=MOTIVE)
        gap = {"camera": CAMERA, "from_us": 1, "to_us": 2, "cause": "camera-unreachable"}
        await made.recorder.report_gap("valclair", [gap] * 300)
        yield made


async def taken(place: Town, folder: Path) -> Path:
    token = place.tokens[MAYOR]
    return await export_for_cnil(
        lambda name, args: place.web.read(token, name, args), lambda log: place.web.sign_export(token, log), folder
    )


async def test_the_tables_are_signed_and_say_what_the_records_say(place: Town, tmp_path: Path) -> None:
    log = await taken(place, tmp_path / "out")
    signer = place.keeper.house.host.keys.signer.vkey()
    assert verify_log(tmp_path / "out", signer).ok
    text = (log / CSV).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    told = json.loads((log / JSON).read_text(encoding="utf-8"))
    assert tuple(rows[0]) == COLUMNS
    assert (
        [int(row["numero"]) for row in rows] == [entry["n"] for entry in told["entries"]] == list(range(told["size"]))
    )
    [suspended] = [row for row in rows if row["acte"] == "suspend_camera"]
    assert suspended["motif"] == "'" + MOTIVE
    assert told["entries"][int(suspended["numero"])]["record"]["motive"] == MOTIVE
    last = (await place.read(MAYOR, "journal", kind="communication", limit=1))["entries"][0]["record"]
    assert (last["act"], last["detail"]["log"]) == ("export_journal", "2026-T4")


async def test_every_altered_table_is_found(place: Town, tmp_path: Path) -> None:
    log = await taken(place, tmp_path / "out")
    for name in (CSV, JSON, NOTE):
        whole = (log / name).read_bytes()
        for altered in (whole[:-1], whole + b"\n", whole.replace(b"2026", b"2027", 1), b""):
            (log / name).write_bytes(altered)
            faults = verify_log(tmp_path / "out").faults
            assert faults, name
            assert all(name in fault.where for fault in faults), faults
        (log / name).write_bytes(whole)
    (log / CSV).unlink()
    assert [fault.what for fault in verify_log(tmp_path / "out").faults] == ["Ce tableau du journal manque."]


async def test_tables_of_another_log_or_of_other_records_are_found(place: Town, tmp_path: Path) -> None:
    log = await taken(place, tmp_path / "out")
    async with town(tmp_path / "other") as other:
        theirs = await taken(other, tmp_path / "theirs")
        for name in (CSV, JSON, NOTE):
            (log / name).write_bytes((theirs / name).read_bytes())
        assert not verify_log(tmp_path / "out").ok
    later = await export_log(lambda name, args: place.web.read(place.tokens[MAYOR], name, args), tmp_path / "later")
    size, note = await place.web.sign_export(place.tokens[MAYOR], "2026-T4")
    assert size > 300
    (later / NOTE).write_text(note, encoding="utf-8")  # a true note, over tables of no record
    pieces = list(tables("valclair", "2026-T4", size, []))
    (later / CSV).write_bytes(b"".join(one for one, _ in pieces))
    (later / JSON).write_bytes(b"".join(one for _, one in pieces))
    assert not verify_log(tmp_path / "later").ok


async def test_a_record_altered_in_the_store_is_not_signed_for(place: Town, tmp_path: Path) -> None:
    async def sign(log: str) -> tuple[int, str]:
        return 5, (await place.web.sign_export(place.tokens[MAYOR], log))[1]

    with pytest.raises(Conflict):
        await export_for_cnil(lambda name, args: place.web.read(place.tokens[MAYOR], name, args), sign, tmp_path / "x")
    with pytest.raises(NotFound):
        await place.web.sign_export(place.tokens[MAYOR], "2031-T1")
    await place.add("agent", "officer")
    with pytest.raises(Refused):
        await place.web.sign_export(place.tokens["agent"], "2026-T4")


async def test_pruned_entries_stay_in_the_tables_without_their_record() -> None:
    record = json.dumps({"at": "x", "kind": "collecte", "act": "gap", "author": {}, "n": 2})
    pieces = list(tables("valclair", "2026-T4", 4, [(2, record, "00")]))
    told = json.loads(b"".join(one for _, one in pieces))
    assert [entry["record"] is None for entry in told["entries"]] == [True, True, False, True]
    assert b"".join(one for one, _ in pieces).decode("utf-8-sig").count("fiche effacée à son terme") == 3
    assert digests(pieces) != digests(tables("valclair", "2026-T4", 4, []))
    assert json.loads(b"".join(one for _, one in tables("valclair", "2026-T4", 0, [])))["entries"] == []


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\u00a0=1", "\ufeff=1", "\n=1", "|x", "%x"]
)
async def test_no_cell_is_a_formula(text: str) -> None:
    [[read]] = csv.reader(io.StringIO(cell(text), newline=""), delimiter=";")
    assert read == "'" + text
    [[plain]] = csv.reader(io.StringIO(cell('a"b;c\nd'), newline=""), delimiter=";")
    assert plain == 'a"b;c\nd'


async def test_the_archive_comes_over_http_and_verifies_once_unpacked(place: Town, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'guet.sqlite'}")
    settings = Settings(home=tmp_path)
    playback = Playback(engine, reading(settings), place.clock)
    services = Services(settings, place.clock, engine, place.web, playback, PermitBook(place.web, place.clock))
    transport = httpx.ASGITransport(create_app(services))
    base, token = "http://localhost/api/v1/communes/valclair", place.tokens[MAYOR]
    async with httpx.AsyncClient(transport=transport, headers={"Authorization": f"Bearer {token}"}) as client:
        answer = await client.get(f"{base}/journal/export", params={"log": "2026-T4"})
        absent = await client.get(f"{base}/journal/export", params={"log": "2031-T1"})
        certificate = await client.get(f"{base}/retention/certificate", params={"day": "2026-11-20"})
    await engine.dispose()
    assert (answer.status_code, absent.status_code, certificate.status_code) == (200, 404, 200)
    assert check_certificate(read_certificate(certificate.content)).ok
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path / "out")
    signer = place.keeper.house.host.keys.signer.vkey()
    report = verify_log(tmp_path / "out", signer)
    assert report.ok, report.faults
    assert (tmp_path / "out" / "journal-valclair-2026-T4" / "LISEZ-MOI.txt").is_file()
