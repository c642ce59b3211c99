"""A journal's files as a host or a stranger would twist them: each fault has its own words, and nothing is raised."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from vms.clock import UtcTime
from vms.errors import BadInput
from vms.keeper.journal.checkpoint import Signer, checkpoint_text
from vms.keeper.journal.cosigned import SCHEMA as COSIGNED_SCHEMA
from vms.keeper.journal.entry import Entry, commitment, record_of
from vms.keeper.journal.log import SCHEMA, Journal, LogState
from vms.keeper.journal.signed_document import sign_document
from vms.keeper.journal.table import CSV, JSON, KIND, NOTE, digests, subject, tables
from vms.keeper.journal.tiles import pack_entries
from vms.keeper.journal.tree import EMPTY_ROOT, leaf_hash, root_of
from vms.keeper.proof.audit import FAULTS_LIMIT, Report, verify_log, write_log
from vms.keeper.proof.log_source import FolderLog, RecordLine, StoreLog, rows_of
from vms.keys.note import sign_note
from vms.keys.signing import generate_signing_key

START = UtcTime.parse("2026-11-24T12:00:00Z")
SIGNER = Signer("guet/essai", generate_signing_key()[0])
ORIGIN = f"{SIGNER.name}/valclair/2026-T4"
ENTRIES = 300


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two bundles, as an auditor takes it away; written once."""
    folder = tmp_path_factory.mktemp("log") / "2026-T4"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(SCHEMA + COSIGNED_SCHEMA)
        journal, state = Journal("valclair", SIGNER), LogState()
        for number in range(ENTRIES):
            entry = Entry("collecte", "gap", cameras=("valclair-c01",), detail={"gap": number})
            state, _ = journal.append(db, state, entry, START)
        journal.seal(db, state)
        write_log(StoreLog(db, "valclair", "2026-T4"), folder, ENTRIES)
    return folder


@pytest.fixture
def log(made: Path, tmp_path: Path) -> Path:
    """A copy of it to twist."""
    return Path(shutil.copytree(made, tmp_path / "valclair" / "2026-T4"))


def judged(log: Path, signer: str | None = None) -> Report:
    return verify_log(log.parents[1], signer or SIGNER.vkey())


def told(report: Report) -> str:
    return "\n".join(f"{one.where} : {one.what}" for one in report.faults)


def signed(size: int | str, root: bytes, origin: str = ORIGIN) -> str:
    text = checkpoint_text(origin, 0, root).replace("\n0\n", f"\n{size}\n", 1)
    return sign_note(text, SIGNER.name, SIGNER.private)


def test_the_log_itself_holds(log: Path) -> None:
    report = judged(log)
    assert report.ok, report.faults
    assert report.logs[0].records == ENTRIES


def one_bundle(log: Path, records: list[str]) -> None:
    """The log made anew by its host: these records, and all that follows from them, duly signed."""
    salts = [bytes([number]) * 16 for number in range(len(records))]
    entries = [commitment(salt, record) for salt, record in zip(salts, records, strict=True)]
    leaves = [leaf_hash(entry) for entry in entries]
    for path in sorted(log.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    width = f"000.p/{len(records)}"
    lines = [RecordLine(n, salt, record).encode() for n, (salt, record) in enumerate(zip(salts, records, strict=True))]
    for name, data in {
        f"tile/entries/{width}": pack_entries(entries),
        f"tile/0/{width}": b"".join(leaves),
        f"records/{width}": "".join(lines).encode(),
        "checkpoint": signed(len(records), root_of(leaves)).encode(),
    }.items():
        (log / name).parent.mkdir(parents=True, exist_ok=True)
        (log / name).write_bytes(data)


def record(number: int, commune: str = "valclair", quarter: str = "2026-T4") -> str:
    return record_of(Entry("session", "sign_in"), commune, quarter, number, START)


@pytest.mark.parametrize(
    ("records", "wrong"),
    [
        ([record(0), record(0), record(2)], 1),  # told twice
        ([record(0), record(2), record(1)], 1),  # of one instant, in another order
        ([record(0), record(1, "autreville"), record(2)], 1),
        ([record(0, quarter="2026-T3"), record(1), record(2)], 0),  # of before the quarter's border
        ([record(0), "{}", record(2)], 1),
        ([record(0), "5", record(2)], 1),
        ([record(0), "[" * 20_000, record(2)], 1),
    ],
)
def test_a_record_that_is_another_ones_is_named_though_the_host_signed_it(
    log: Path, records: list[str], wrong: int
) -> None:
    one_bundle(log, [record(number) for number in range(3)])
    assert judged(log).ok, judged(log).faults
    one_bundle(log, records)
    assert f"La ligne de l’entrée n° {wrong} est celle d’une autre entrée." in told(judged(log))


@pytest.mark.parametrize(
    "note",
    [
        signed("9" * 5000, EMPTY_ROOT),
        signed("1" + "0" * 18, EMPTY_ROOT),
        signed("0300", EMPTY_ROOT),
        signed("+300", EMPTY_ROOT),
        signed("3e2", EMPTY_ROOT),
        signed("٣٠٠", EMPTY_ROOT),
        signed(0, EMPTY_ROOT, ""),
        signed(300, bytes(31)),
        sign_note(f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", SIGNER.name, SIGNER.private),
        sign_note(f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nplus\n", SIGNER.name, SIGNER.private),
        signed(300, EMPTY_ROOT).replace("\n", "\r\n"),
        signed(300, EMPTY_ROOT).replace("\n\n", "\n\n\n"),
        signed(300, EMPTY_ROOT) + "\n",
        "\ufeff" + signed(300, EMPTY_ROOT),
        "",
    ],
)
def test_a_checkpoint_in_another_form_is_one_fault_and_never_raises(log: Path, note: str) -> None:
    (log / "checkpoint").write_bytes(note.encode())
    report = judged(log)
    assert [one.where for one in report.faults] == ["valclair/2026-T4/checkpoint"]


def test_a_size_that_its_files_do_not_bear_costs_no_memory(log: Path) -> None:
    (log / "checkpoint").write_text(signed(49_999_999, EMPTY_ROOT))
    report = judged(log)
    assert len(report.faults) == FAULTS_LIMIT
    assert "tile/entries/001 : Ce fichier du journal manque." in told(report)


def test_an_empty_log_is_told_as_such(log: Path) -> None:
    """A checkpoint of nothing is true of any log; only one kept elsewhere can say that more was there."""
    kept = (log / "checkpoint").read_text()
    (log / "checkpoint").write_text(signed(0, EMPTY_ROOT))
    assert judged(log).logs[0].size == 0
    assert "il a été raccourci" in told(verify_log(log.parents[1], SIGNER.vkey(), kept))
    (log / "checkpoint").write_text(signed(0, bytes(32)))
    assert "La racine signée n’est pas celle des tuiles." in told(judged(log))


def test_a_log_cut_back_by_one_shows_against_a_checkpoint_kept_elsewhere(log: Path) -> None:
    kept = (log / "checkpoint").read_text()
    leaves = [(log / "tile/0/000").read_bytes(), (log / f"tile/0/001.p/{ENTRIES - 256}").read_bytes()]
    hashes = [part[at : at + 32] for part in leaves for at in range(0, len(part), 32)]
    (log / "checkpoint").write_text(signed(ENTRIES - 1, root_of(hashes[:-1])))
    assert "il a été raccourci" in told(verify_log(log.parents[1], SIGNER.vkey(), kept))


def with_line(change: Callable[[dict[str, object]], object]) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        first, rest = data.split(b"\n", 1)
        line = json.loads(first)
        change(line)
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" + rest

    return edit


TWISTS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a tile with a hash too many": ("tile/0/001.p/44", lambda data: data + bytes(32)),
    "a tile with bytes after it": ("tile/0/001.p/44", lambda data: data + b"x"),
    "an empty tile": ("tile/0/001.p/44", lambda data: b""),
    "a full tile in a partial one's place": ("tile/0/001.p/44", lambda data: bytes(32 * 256)),
    "two hashes exchanged": ("tile/0/000", lambda data: data[32:64] + data[:32] + data[64:]),
    "an upper tile of zeros": ("tile/1/000.p/1", lambda data: bytes(32)),
    "two entries exchanged": ("tile/entries/000", lambda data: data[34:68] + data[:34] + data[68:]),
    "an entry more": ("tile/entries/000", lambda data: data + data[:34]),
    "an entry of no length": ("tile/entries/000", lambda data: bytes(2) + data[34:]),
    "an entry longer than the file": ("tile/entries/000", lambda data: b"\xff\xff" + data[2:]),
    "a line's number without end": ("records/000", with_line(lambda line: line.update(n=float("inf")))),
    "a line's number as text": ("records/000", with_line(lambda line: line.update(n="0"))),
    "a line's number below none": ("records/000", with_line(lambda line: line.update(n=-1))),
    "a line's salt as a number": ("records/000", with_line(lambda line: line.update(salt=5))),
    "a line's salt in capitals": ("records/000", with_line(lambda line: line.update(salt="AB" * 16))),
    "a line told twice": ("records/000", lambda data: data.split(b"\n", 1)[0] + b"\n" + data),
    "a line without end": ("records/000", lambda data: b"[" * 100_000),
    "lines ended as elsewhere": ("records/000", lambda data: data.replace(b"\n", b"\r\n")),
    "no text at all": ("records/000", lambda data: b"\xff\xfe" * 100),
}


@pytest.mark.parametrize("twist", TWISTS)
def test_each_twisted_file_is_named(log: Path, twist: str) -> None:
    name, change = TWISTS[twist]
    path = log / name
    path.write_bytes(change(path.read_bytes()))
    report = judged(log)
    assert not report.ok
    assert all(name in one.where for one in report.faults), report.faults


def test_tables_over_lines_that_are_no_records_are_told(log: Path) -> None:
    rows = rows_of(FolderLog(log, "x"), ENTRIES)
    made = digests(tables("valclair", "2026-T4", ENTRIES, rows))
    note = sign_document(SIGNER, "valclair", KIND, subject("2026-T4", ENTRIES), START, made)
    (log / NOTE).write_text(note)
    with (log / CSV).open("wb") as csv, (log / JSON).open("wb") as whole:
        for one, other in tables("valclair", "2026-T4", ENTRIES, rows_of(FolderLog(log, "x"), ENTRIES)):
            csv.write(one)
            whole.write(other)
    assert judged(log).ok, judged(log).faults
    for record in ("{", "[]", '{"at":1,"kind":2,"act":3,"cameras":5}', '{"at":1,"kind":2,"act":3,"author":[]}'):
        path = log / "records" / "000"
        whole_file = path.read_bytes()
        path.write_bytes(with_line(lambda line, told=record: line.update(record=told))(whole_file))  # type: ignore[misc]
        assert "Une ligne du journal n’est pas une fiche." in told(judged(log)), record
        path.write_bytes(whole_file)


def test_a_key_that_is_no_text_is_bad_input(log: Path) -> None:
    (log.parents[1] / "signer.vkey").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="illisible"):
        verify_log(log.parents[1])
