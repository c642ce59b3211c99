"""Commands given what they do not expect: one sentence on stderr, the right exit code, never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy.cli import main
from vms.keeper.journal.checkpoint import Signer
from vms.keys.signing import generate_signing_key

SIGNER = Signer("guet/essai", generate_signing_key()[0])
LONG = "a" * 5_000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with things that are not what commands want, as the current one."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder").mkdir()
    (tmp_path / "witness" / "witness.sqlite").mkdir(parents=True)
    (tmp_path / "known").write_text(SIGNER.vkey() + "\n")
    (tmp_path / "deep").write_text("[" * 100_000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["vms", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert told.out == ""
    return int(str(ended.value.code)), told.err


WITNESS = ("witness", "--logs", "known", "--show")


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        (1, "n’existe pas", ("evidence", "verify", "folder")),
        (1, "n’existe pas", ("evidence", "verify", "/dev/zero")),
        (1, "Ce chemin ne convient pas", ("evidence", "verify", LONG)),
        (2, "ni un fichier qui en porte une", ("evidence", "verify", "known", "--signer", "binary")),
        (2, "ni un fichier qui en porte une", ("evidence", "verify", "known", "--signer", "folder")),
        (2, "ni un fichier qui en porte une", ("evidence", "verify", "known", "--signer", LONG)),
        (2, "ni un fichier qui en porte une", ("evidence", "verify", "known", "--signer", "a\0b")),
        (1, "Ce chemin ne convient pas", ("audit", "verify", LONG)),
        (2, "pas de journal", ("audit", "verify", "binary")),
        (2, "illisible", ("audit", "verify", "folder", "--checkpoint", "binary")),
        (2, "illisible", ("audit", "verify", "folder", "--witness", "binary")),
        (2, "illisible", ("audit", "verify", "folder", "--tsa", "folder")),
        (2, "illisible", ("retention", "verify", "deep")),
        (2, "illisible", ("retention", "verify", "binary")),
        (2, "illisible", ("witness", "--name", "a", "--home", "w", "--logs", "binary")),
        (1, "Ce chemin ne convient pas : binary", (*WITNESS, "--name", "a", "--home", "binary")),
        (1, "Ce chemin ne convient pas", (*WITNESS, "--name", "a", "--home", "witness")),
        (2, "nom d’une clé", (*WITNESS, "--name", "a b", "--home", "w")),
        (1, "\\x1b[2J", ("evidence", "verify", "\x1b[2Jrien")),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int, reason: str, words: tuple[str, ...]
) -> None:
    ended, told = run(monkeypatch, capsys, *words)
    assert (ended, reason in told, told.count("\n")) == (code, True, 1), told


def test_a_witness_refused_for_its_name_has_made_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, capsys, *WITNESS, "--name", "a b", "--home", "w")[0] == 2
    monkeypatch.setattr(sys, "argv", ["vms", *WITNESS, "--name", "a", "--home", "w"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert '"a+' in capsys.readouterr().out
