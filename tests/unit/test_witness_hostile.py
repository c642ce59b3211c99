"""The witness against strangers, rivals and bad disks: what it must keep is kept, and nothing makes it fall over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import vms.keeper.proof.witness_book
from tests.fakes.witnesses import TestLog
from vms.clock import SystemClock
from vms.errors import Damaged, Unavailable
from vms.keeper.journal.checkpoint import Signer
from vms.keeper.journal.tree import EMPTY_ROOT
from vms.keeper.proof.witness_book import WitnessBook
from vms.keeper.proof.witness_request import Submission
from vms.keys.note import sign_note, signature_line
from vms.keys.signing import generate_signing_key

SIGNER = Signer("guet/essai", generate_signing_key()[0])
WITHIN = Signer("guet/essai/ville", generate_signing_key()[0])
STRANGER = Signer("guet/inconnu", generate_signing_key()[0])
NAME = "prefecture.example/temoin"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[WitnessBook]:
    """A witness that knows two logs, one whose name lies below the other's."""
    made = opened(tmp_path)
    yield made
    made.close()


def opened(folder: Path) -> WitnessBook:
    return WitnessBook(folder / "witness.sqlite", NAME, [SIGNER.verifier(), WITHIN.verifier()], SystemClock())


def claim(size: str, *, signer: Signer = SIGNER, root: str = "") -> bytes:
    """A first checkpoint of any size, in any writing, signed by the log's key."""
    text = f"{signer.name}/valclair/2026-T4\n{size}\n{root or '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='}\n"
    return Submission(0, (), sign_note(text, signer.name, signer.private)).encode()


@pytest.mark.parametrize("size", ["9" * 5000, "1" + "0" * 18, str(1 << 63), str(1 << 64), "08", "-1", "８", ""])
def test_a_size_that_is_none_is_refused_and_leaves_nothing(book: WitnessBook, size: str) -> None:
    answer = book.add_checkpoint(claim(size))
    assert (answer.status, answer.reason) == (400, "Ce point de contrôle est illisible.")
    assert book.told()["logs"] == book.told()["refusals"] == []


def test_a_root_in_another_writing_is_refused(book: WitnessBook) -> None:
    """The same 32 bytes, a bit set that base64 does not read: two notes would say one thing."""
    assert book.add_checkpoint(claim("8", root="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=")).status == 400


def test_the_largest_size_that_can_be_written_is_cosigned(book: WitnessBook) -> None:
    assert book.add_checkpoint(claim("9" * 18)).status == 200


def test_nobody_speaks_for_a_log_that_another_key_names_more_closely(book: WitnessBook) -> None:
    rival = TestLog(SIGNER, 8, prefix="autre", origin=f"{WITHIN.name}/valclair/2026-T4")
    assert book.add_checkpoint(rival.submission(0, 8)).status == 403
    own = TestLog(WITHIN, 8, origin=rival.origin)
    assert book.add_checkpoint(own.submission(0, 8)).status == 200


def test_replays_by_anybody_leave_room_for_the_proof_of_a_fork(
    book: WitnessBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger shows old checkpoints again, under signatures of their own; then the host forks its log."""
    monkeypatch.setattr(vms.keeper.proof.witness_book, "REFUSALS_LIMIT", 5)
    log = TestLog(SIGNER, 40)
    fork = TestLog(SIGNER, 40, prefix="autre")
    assert book.add_checkpoint(log.submission(0, 40)).status == 200
    for size in range(1, 9):
        for _ in range(3):
            note = log.note(size)
            more = signature_line(note.partition("\n\n")[0] + "\n", STRANGER.name, generate_signing_key()[0])
            assert book.add_checkpoint(Submission(0, (), note + more).encode()).status == 409
    replays = book.told()["refusals"]
    assert [one["note"] for one in replays] == [log.note(size) for size in range(1, 6)]
    assert book.add_checkpoint(fork.submission(40, 40)).status == 422
    assert book.told()["refusals"][-1]["note"] == fork.note(40)


def test_a_full_disk_signs_nothing_and_forgets_nothing(tmp_path: Path) -> None:
    log = TestLog(SIGNER, 40)
    book = opened(tmp_path)
    assert book.add_checkpoint(log.submission(0, 8)).status == 200
    before = book.told()["logs"]
    book._db.execute("PRAGMA max_page_count = 1")  # SQLite takes the file's own length: it may not grow
    with pytest.raises(Unavailable):
        for number in range(2_000):
            book.add_checkpoint(TestLog(SIGNER, 1, origin=f"{SIGNER.name}/v{number}/2026-T4").submission(0, 1))
    book.close()
    again = opened(tmp_path)
    assert [one for one in again.told()["logs"] if one["origin"] == log.origin] == before
    assert again.add_checkpoint(log.submission(8, 40)).status == 200
    again.close()


def test_a_state_that_is_torn_or_lost_its_keys_is_told_and_makes_no_new_ones(tmp_path: Path) -> None:
    opened(tmp_path).close()
    path = tmp_path / "witness.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM secret WHERE name = 'ed25519'")
    with pytest.raises(Damaged, match="clés de ce témoin manquent"):
        opened(tmp_path)
    path.write_bytes(path.read_bytes()[:2048] + bytes(2048))
    with pytest.raises(Damaged, match="abîmé"):
        opened(tmp_path)


def test_an_empty_log_is_cosigned_once_and_grows(book: WitnessBook) -> None:
    log = TestLog(SIGNER, 8)
    assert log.head(0).root == EMPTY_ROOT
    assert book.add_checkpoint(log.submission(0, 0)).status == 200
    assert book.add_checkpoint(claim("0", root="A" * 43 + "=")).status == 422
    assert book.add_checkpoint(log.submission(0, 8)).status == 200
    assert book.add_checkpoint(log.submission(0, 0)).status == 409
