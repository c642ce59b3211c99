"""A real ``vms witness``: it cosigns what extends what it knows, refuses the rest with the reason, and keeps its
state (E-04).
"""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.fakes.witnesses import RunningWitness, TestLog, witness
from vms.errors import BadInput
from vms.keeper.journal.checkpoint import Signer
from vms.keeper.proof.witness_book import SIZE, read_log_keys
from vms.keeper.proof.witnesses import cosigned_head
from vms.keys.cosignature import cosignatures, parse_witness_vkey
from vms.keys.note import parse_vkey
from vms.keys.signing import generate_signing_key

SIGNER = Signer("guet/essai", generate_signing_key()[0])
STRANGER = Signer("guet/inconnu", generate_signing_key()[0])


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningWitness]:
    """One witness for all tests here: each has a log of its own."""
    async with witness(tmp_path_factory.mktemp("w"), SIGNER.vkey()) as running:
        yield running


@pytest.fixture
async def http(place: RunningWitness) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the witness."""
    async with httpx.AsyncClient(base_url=place.url, trust_env=False, timeout=60) as made:
        yield made


def a_log(name: str, leaves: int = 20, *, prefix: str = "leaf") -> TestLog:
    return TestLog(SIGNER, leaves, prefix=prefix, origin=f"{SIGNER.name}/{name}/2026-T4")


async def show(http: httpx.AsyncClient, body: bytes) -> httpx.Response:
    return await http.post("/add-checkpoint", content=body)


async def latest(http: httpx.AsyncClient, log: TestLog) -> httpx.Response:
    return await http.get(f"/{sha256(log.origin.encode()).hexdigest()}/checkpoint")


async def test_it_cosigns_what_extends_what_it_knows(place: RunningWitness, http: httpx.AsyncClient) -> None:
    log, keys = a_log("suite"), [parse_witness_vkey(one) for one in place.vkeys]
    assert (await latest(http, log)).status_code == 404
    for old, size in ((0, 5), (5, 5), (5, 8), (8, 20)):
        answer = await show(http, log.submission(old, size))
        assert answer.status_code == 200, answer.text
        found = cosignatures(log.note(size) + answer.text, log.head(size), keys)
        assert {one.key.kind for one in found} == {4, 6}
        served = (await latest(http, log)).text
        for key in keys:
            head, _ = cosigned_head(served, parse_vkey(SIGNER.vkey()), key)
            assert head == log.head(size)


async def test_each_refusal_has_its_answer_and_changes_nothing(http: httpx.AsyncClient) -> None:
    log, fork = a_log("refus"), a_log("refus", prefix="autre")
    assert (await show(http, log.submission(0, 8))).status_code == 200
    before = (await latest(http, log)).content
    good = log.submission(8, 20)
    head, _, note = good.partition(b"\n\n")
    lines = head.split(b"\n")
    other_key = Signer(SIGNER.name, generate_signing_key()[0])
    forged = TestLog(other_key, 20, origin=log.origin)
    flipped = bytearray(base64.b64decode(lines[1]))
    flipped[0] ^= 1
    cases: list[tuple[str, bytes, int]] = [
        ("another origin", TestLog(STRANGER, 20).submission(0, 20), 404),
        ("a name that only begins like ours", TestLog(SIGNER, 3, origin=f"{SIGNER.name}bis/x").submission(0, 3), 404),
        ("another key under our name", forged.submission(8, 20), 403),
        ("a signature that fails", good[:-5] + b"AAA=\n", 403),
        ("a rollback, told as it is", log.submission(5, 5), 409),
        ("a replay of the first request", log.submission(0, 8), 409),
        ("a rollback, claiming the known size", b"old 8\n\n" + log.note(5).encode(), 400),
        ("a fork of the same size", fork.submission(8, 8), 422),
        ("a fork that goes on", fork.submission(8, 20), 422),
        ("no proof", b"old 8\n\n" + note, 422),
        ("a proof cut by a line", b"\n".join(lines[:-1]) + b"\n\n" + note, 422),
        ("a proof of one line more", b"\n".join([*lines, lines[1]]) + b"\n\n" + note, 422),
        ("a proof in another order", b"\n".join([lines[0], *reversed(lines[1:])]) + b"\n\n" + note, 422),
        ("a flipped bit of proof", b"\n".join([lines[0], base64.b64encode(flipped), *lines[2:]]) + b"\n\n" + note, 422),
        ("a proof where none is due", b"\n".join(lines[:2]) + b"\n\n" + log.note(8).encode(), 422),
        ("a truncated checkpoint", good[: len(good) // 2], 400),
        ("no signature", b"old 8\n\n" + note.partition(b"\n\n")[0], 400),
        ("a short hash", b"old 8\nAAAA\n\n" + note, 400),
        ("too many hashes", b"old 8\n" + lines[1] * 0 + b"\n".join([lines[1]] * 64) + b"\n\n" + note, 400),
        ("a size with a leading zero", good.replace(b"old 8", b"old 08"), 400),
        ("a size that is none", good.replace(b"old 8", b"old -8"), 400),
        ("a huge size", good.replace(b"old 8", b"old " + b"9" * 400), 400),
        ("nothing", b"", 400),
        ("not text", b"\xff\xfe" * 50, 400),
    ]
    for what, body, status in cases:
        answer = await show(http, body)
        assert answer.status_code == status, (what, answer.status_code, answer.text)
        if status == 409:
            assert answer.headers["content-type"].partition(";")[0] == SIZE
            assert answer.text == "8\n"
        else:
            assert answer.text.strip(), what
        assert (await latest(http, log)).content == before, what
    too_long = await http.post("/add-checkpoint", content=b"old 8\n" + b"A" * 70_000)
    assert too_long.status_code == 413
    assert (await show(http, good)).status_code == 200


async def test_two_requests_at_once_never_roll_back(http: httpx.AsyncClient) -> None:
    log = a_log("course", 64)
    assert (await show(http, log.submission(0, 1))).status_code == 200
    answers = await asyncio.gather(*(show(http, log.submission(1, size)) for size in range(2, 34)))
    won = [size for size, answer in zip(range(2, 34), answers, strict=True) if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.status_code for answer in answers} == {200, 409}
    assert f"\n{won[0]}\n" in (await latest(http, log)).text


async def test_what_it_refused_is_kept_as_proof(place: RunningWitness, http: httpx.AsyncClient) -> None:
    log, fork = a_log("preuve"), a_log("preuve", prefix="autre")
    await show(http, log.submission(0, 8))
    for _ in range(3):
        await show(http, fork.submission(0, 8))
        await show(http, log.submission(0, 5))
    refused = [one for one in (await place.told())["refusals"] if one["origin"] == log.origin]
    assert [(one["reason"].partition(" ")[0], one["note"]) for one in refused] == [
        ("Bifurcation", fork.note(8)),
        ("Retour", log.note(5)),
    ]
    assert all(one["known_note"].startswith(log.note(8)) for one in refused)


async def test_a_split_view_shows_when_two_witnesses_are_asked(place: RunningWitness, tmp_path: Path) -> None:
    log, fork = a_log("scission"), a_log("scission", prefix="autre")
    async with (
        witness(tmp_path / "second", SIGNER.vkey(), name="autre.example/temoin") as second,
        httpx.AsyncClient(trust_env=False, timeout=60) as http,
    ):
        for where, shown in ((place, log), (second, fork)):
            body = shown.submission(0, 8)
            assert (await http.post(f"{where.url}/add-checkpoint", content=body)).status_code == 200
        for where, shown in ((place, fork), (second, log)):
            for size in (8, 20):
                refused = await http.post(f"{where.url}/add-checkpoint", content=shown.submission(8, size))
                assert refused.status_code == 422
                assert "bifurqu" in refused.text.lower() or "bifurcation" in refused.text.lower()


async def test_a_witness_killed_and_started_again_knows_what_it_signed(tmp_path: Path) -> None:
    log = a_log("reprise")
    async with witness(tmp_path, SIGNER.vkey()) as first, httpx.AsyncClient(base_url=first.url, timeout=60) as http:
        assert (await show(http, log.submission(0, 8))).status_code == 200
    async with witness(tmp_path, SIGNER.vkey()) as again, httpx.AsyncClient(base_url=again.url, timeout=60) as http:
        assert again.vkeys == first.vkeys
        assert (await show(http, log.submission(0, 5))).text == "8\n"
        assert (await show(http, log.submission(8, 20))).status_code == 200
    assert (first.home / "witness.sqlite").stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(first.home / "witness.sqlite")) as db:
        assert db.execute("SELECT size FROM seen").fetchall() == [(20,)]


@pytest.mark.parametrize("text", ["", "# rien\n", "pas une clé\n"])
def test_a_witness_without_a_known_log_does_not_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "logs").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput):
        read_log_keys(tmp_path / "logs")
    with pytest.raises(BadInput):
        read_log_keys(tmp_path / "absent")
