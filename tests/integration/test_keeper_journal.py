"""The journal of a running keeper: exported and verified from files alone; every altered byte is found and named."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSWORD, START, Town, town
from vms.clock import HOUR_US
from vms.errors import BadInput, Damaged, NotFound, Refused, Unavailable
from vms.keeper.journal.checkpoint import parse_checkpoint
from vms.keeper.journal.tree import verify_inclusion
from vms.keeper.proof.audit import verify_log, verify_store
from vms.keeper.proof.export import export_log
from vms.keeper.proof.log_source import SIGNER_FILE
from vms.keys.note import parse_vkey, vkey
from vms.keys.signing import generate_signing_key

ENTRIES = 600  # two full tiles and a partial one


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose journal is longer than two tiles."""
    async with town(tmp_path / "home") as made:
        await made.enrol()
        gap = {"camera": CAMERA, "from_us": 1, "to_us": 2, "cause": "camera-unreachable"}
        await made.recorder.report_gap("valclair", [gap] * ENTRIES)
        yield made


async def exported(place: Town, folder: Path) -> Path:
    """The journal's export, through the mayor's reads."""
    token = place.tokens[MAYOR]
    return await export_log(lambda name, args: place.web.read(token, name, args), folder)


async def test_an_export_verifies_with_its_signer_and_an_older_checkpoint(place: Town, tmp_path: Path) -> None:
    older = (await place.read(MAYOR, "journal_checkpoint"))["checkpoint"]
    await place.act(CHIEF, "declare_prefix", cidr="10.42.0.0/24", trusted=True)
    await exported(place, tmp_path / "out")
    signer = (tmp_path / "out" / SIGNER_FILE).read_text(encoding="utf-8")
    report = verify_log(tmp_path / "out", signer, older)
    assert report.ok, report.faults
    assert report.logs[0].size > ENTRIES
    assert report.logs[0].records == report.logs[0].size
    assert verify_log(tmp_path / "out").signer_given is False


async def test_every_flipped_byte_is_found_and_named(place: Town, tmp_path: Path) -> None:
    log = await exported(place, tmp_path / "out")
    files = sorted(path for path in log.rglob("*") if path.is_file())
    assert {path.relative_to(log).parts[0] for path in files} == {"checkpoint", "tile", "records"}
    for path in files:
        whole = path.read_bytes()
        for at in (0, len(whole) // 2, len(whole) - 2):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            report = verify_log(tmp_path / "out")
            named = path.relative_to(log).as_posix()
            assert not report.ok, f"byte {at} of {named}"
            assert all(named in fault.where for fault in report.faults), report.faults
        path.write_bytes(whole)
    assert verify_log(tmp_path / "out").ok


async def test_cut_and_missing_files_are_named(place: Town, tmp_path: Path) -> None:
    log = await exported(place, tmp_path / "out")
    for path in sorted(path for path in log.rglob("*") if path.is_file() and path.name != "checkpoint"):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        assert not verify_log(tmp_path / "out").ok, path
        path.unlink()
        report = verify_log(tmp_path / "out")
        # Records may only be missing from the start of the log on: that is what pruning leaves.
        assert report.ok == path.as_posix().endswith("records/000"), path
        path.write_bytes(whole)


async def test_another_key_and_a_forked_log_are_refused(place: Town, tmp_path: Path) -> None:
    await exported(place, tmp_path / "out")
    stranger = vkey("guet/stranger", generate_signing_key()[1])
    assert not verify_log(tmp_path / "out", stranger).ok
    with pytest.raises(BadInput):
        verify_log(tmp_path / "out", "not a key")
    with pytest.raises(BadInput):
        verify_log(tmp_path / "nothing")
    async with town(tmp_path / "fork") as other:
        await exported(other, tmp_path / "forked")
        signer = (tmp_path / "out" / SIGNER_FILE).read_text(encoding="utf-8")
        assert not verify_log(tmp_path / "forked", signer).ok
        foreign = (await other.read(MAYOR, "journal_checkpoint"))["checkpoint"]
        assert not verify_log(tmp_path / "out", signer, foreign).ok


async def test_a_log_cut_back_to_an_earlier_state_shows_against_a_kept_checkpoint(place: Town, tmp_path: Path) -> None:
    early = await exported(place, tmp_path / "early")
    for _ in range(3):
        await place.act(CHIEF, "declare_prefix", cidr="10.42.0.0/24")
    kept = (await place.read(MAYOR, "journal_checkpoint"))["checkpoint"]
    assert early.is_dir()
    assert verify_log(tmp_path / "early").ok
    report = verify_log(tmp_path / "early", None, kept)
    assert [fault.where for fault in report.faults] == ["--checkpoint"]


async def test_the_keepers_own_files_verify_while_it_runs(place: Town) -> None:
    signer = (await place.read(MAYOR, "journal_checkpoint"))["vkey"]
    report = verify_store(place.home / "keeper", signer)
    assert report.ok, report.faults
    assert {one.name.split("/")[0] for one in report.logs} == {"host", "valclair"}


async def test_an_entry_has_a_proof_under_the_checkpoint(place: Town) -> None:
    for seq in (1, 256, 257, ENTRIES):
        found = await place.read(MAYOR, "journal_proof", seq=seq)
        _, size, root = parse_checkpoint(found["checkpoint"], parse_vkey(found["vkey"]))
        proof = [base64.b64decode(one) for one in found["proof"]]
        verify_inclusion(bytes.fromhex(found["leaf_hash"]), found["n"], size, proof, root)
    with pytest.raises(NotFound):
        await place.read(MAYOR, "journal_proof", seq=10_000)
    for name, args in (
        ("journal_proof", {"seq": 10**26}),
        ("journal", {"after": 10**26}),
        ("journal_tile", {"index": 10**26}),
        ("journal_tile", {"index": 1 << 62}),
        ("journal_records", {"index": 1 << 62}),
    ):
        with pytest.raises(BadInput, match="inutilisable"):
            await place.read(MAYOR, name, **args)


async def test_pages_of_the_journal(place: Town) -> None:
    newest = await place.read(MAYOR, "journal", limit=10)
    assert [one["seq"] for one in newest["entries"]] == list(range(newest["total"], newest["total"] - 10, -1))
    following = await place.read(MAYOR, "journal", after=3, limit=5)
    assert [one["seq"] for one in following["entries"]] == [4, 5, 6, 7, 8]
    gaps = await place.read(MAYOR, "journal", kind="collecte", camera=CAMERA, limit=500)
    assert len(gaps["entries"]) == 500
    assert (await place.read(MAYOR, "journal", camera="valclair-c99"))["entries"] == []
    for bad in ({"limit": 0}, {"limit": 501}, {"after": 1, "before": 9}, {"kind": "all"}, {"order": "x"}):
        with pytest.raises(BadInput):
            await place.web.read(place.tokens[MAYOR], "journal", bad)


async def test_reading_the_journal_is_an_entry(place: Town) -> None:
    await place.add("dpo", "auditor")
    await place.read("dpo", "journal")
    await place.read("dpo", "journal")
    mine = (await place.read("dpo", "journal", person=place.people["dpo"], kind="consultation"))["entries"]
    assert [one["record"]["act"] for one in mine] == ["read_journal"]


def tamper(path: Path, *statements: str) -> None:
    """What someone with the file in hand does to it, triggers and all."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for name in ("entry_stays", "entry_is_fixed"):
            db.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            db.execute(statement)


async def test_rows_cannot_be_changed_even_by_our_own_code(place: Town) -> None:
    store = place.keeper.house.communes.get("valclair").store
    for statement in ("DELETE FROM entry WHERE seq = 3", "UPDATE entry SET record = 'x' WHERE seq = 3"):
        with pytest.raises(Damaged):
            await store.write(lambda tx, statement=statement: tx.db.execute(statement))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE entry SET record = replace(record, 'gap', 'map') WHERE seq = 100", "2026-T4 n° 99"),
        ("UPDATE entry SET salt = zeroblob(16) WHERE seq = 100", "2026-T4 n° 99"),
    ],
)
async def test_an_altered_record_is_named_when_read(place: Town, statement: str, named: str) -> None:
    tamper(place.home / "keeper" / "valclair.sqlite", statement)
    with pytest.raises(Damaged) as damaged:
        await place.read(MAYOR, "journal", after=90)
    assert damaged.value.where == named
    signer = place.keeper.house.host.keys.signer.vkey()
    report = verify_store(place.home / "keeper", signer)
    assert any("n° 99" in fault.what for fault in report.faults)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET leaf = zeroblob(32) WHERE seq = 100",
        "DELETE FROM entry WHERE seq = 100",
        "DELETE FROM entry WHERE seq > 500",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET size = size - 1",
        "UPDATE tile SET hashes = zeroblob(8192)",
        "UPDATE fact SET body = replace(body, 'enrolled', 'in_service') WHERE kind = 'camera'",
        "UPDATE fact SET id = 'valclair-c77' WHERE kind = 'camera'",
        "DELETE FROM fact WHERE kind = 'commune'",
    ],
)
async def test_altered_rows_shut_the_commune_at_the_next_start(place: Town, statement: str) -> None:
    await place.found("brumesnil", "Brumesnil")
    await place.keeper.stop()
    tamper(place.home / "keeper" / "valclair.sqlite", statement)
    place.keeper = type(place.keeper)(place.home / "keeper", place.run, place.clock)
    await place.keeper.start()
    with pytest.raises(Damaged):
        await place.read(MAYOR, "cameras")
    with pytest.raises(Damaged):
        await place.watch(MAYOR)
    plan = await place.recorder.plan()
    assert plan is not None
    assert set(plan[0].communes) == {"brumesnil"}
    assert await place.read(f"{MAYOR}.brumesnil", "cameras") == {"cameras": []}


@pytest.mark.parametrize("name", ["valclair.sqlite", "valclair.keys.sqlite"])
@pytest.mark.parametrize("damage", ["cut", "noise", "empty-pages", "text"])
async def test_a_damaged_file_shuts_its_commune_and_no_other(place: Town, name: str, damage: str) -> None:
    await place.found("brumesnil", "Brumesnil")
    for hour in range(40):
        await place.hour_key(START.hour().us - hour * HOUR_US)
    await place.keeper.stop()
    path = place.home / "keeper" / name
    whole = path.read_bytes()
    half = len(whole) // 2 // 4096 * 4096
    damaged = {
        "cut": whole[: half + 100],
        "noise": whole[:4096] + bytes(range(256)) * ((len(whole) - 4096) // 256),
        "empty-pages": whole[:4096] + bytes(len(whole) - 4096),
        "text": b"not a database " * 1000,
    }[damage]
    path.write_bytes(damaged)
    place.keeper = type(place.keeper)(place.home / "keeper", place.run, place.clock)
    await place.keeper.start()
    assert await place.read(f"{MAYOR}.brumesnil", "cameras") == {"cameras": []}
    await place.keeper.house.tick()
    assert not place.keeper.ticking.done()
    with pytest.raises((Damaged, Unavailable)):
        await place.read(MAYOR, "retention")


async def test_records_are_gone_after_36_months_and_the_tree_still_verifies(place: Town, tmp_path: Path) -> None:
    place.clock.advance(seconds=3 * 366 * 86_400)
    await place.keeper.house.prune()
    store = place.keeper.house.communes.get("valclair").store
    left = store.reader.execute("SELECT count(*) FROM entry WHERE record IS NOT NULL AND log = '2026-T4'").fetchone()
    assert left[0] == 0
    signer = place.keeper.house.host.keys.signer.vkey()
    report = verify_store(place.home / "keeper", signer)
    assert report.ok, report.faults
    assert sum(one.pruned for one in report.logs if one.name == "valclair/2026-T4") > ENTRIES
    await place.enter(MAYOR)
    last = (await place.read(MAYOR, "journal", kind="effacement"))["entries"][0]["record"]
    assert last["act"] == "prune_journal"


async def test_a_new_quarter_is_a_new_log(place: Town) -> None:
    place.clock.advance(seconds=60 * 86_400)
    await place.enter(MAYOR)
    point = await place.read(MAYOR, "journal_checkpoint")
    assert point["logs"] == ["2026-T4", "2027-T1"]
    assert point["log"] == "2027-T1"
    old = await place.read(MAYOR, "journal_checkpoint", log="2026-T4")
    assert old["size"] > ENTRIES
    await place.restart()
    await place.web.step_up(place.tokens[MAYOR], PASSWORD)
    await place.act(MAYOR, "declare_prefix", cidr="10.42.1.0/24")
    assert verify_store(place.home / "keeper", point["vkey"]).ok


async def test_the_journal_is_for_auditors_and_accountable_people(place: Town) -> None:
    for role in ("officer", "secretary", "installer"):
        await place.add(f"un-{role}", role)
        with pytest.raises(Refused) as refused:
            await place.read(f"un-{role}", "journal")
        assert refused.value.rule == "D-12"


async def test_the_review_is_for_the_auditor_alone_and_is_itself_an_entry(place: Town) -> None:
    await place.commission("valclair-c02")
    await place.add("dpo", "auditor")
    await place.add("agent", "officer", ["live", "replay"])
    await place.enter("agent", purpose="5")
    await place.web.admit(place.tokens["agent"], "replay", ["valclair-c02"], 1_000_000, 2_000_000)
    for login in (MAYOR, CHIEF, "agent"):
        with pytest.raises(Refused):
            await place.read(login, "journal_review")
    found = await place.read("dpo", "journal_review", days=7)
    assert [one["kind"] for one in found["questions"]] == ["no-incident"]
    assert found["whole"] is True
    assert place.people["agent"] not in str(found)
    entry = await place.read("dpo", "journal", before=found["questions"][0]["entries"][-1] + 1, limit=1)
    assert entry["entries"][0]["record"]["act"] == "replay"
    mine = (await place.read("dpo", "journal", person=place.people["dpo"], kind="consultation"))["entries"]
    assert "read_journal_review" in [one["record"]["act"] for one in mine]
    for days in (0, 32):
        with pytest.raises(BadInput):
            await place.read("dpo", "journal_review", days=days)
