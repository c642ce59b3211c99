"""The store's promises: batches, failures that leave nothing, facts with checksums, back-off, plain arguments."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.gate_facts import camera, framing, habilitation, order, request, zones
from vms.clock import MICRO, ManualClock, UtcTime
from vms.errors import BadInput, Conflict, Damaged, NotFound, Refused
from vms.keeper.arguments import Args, MomentEnd, MotiveText, Name, parse
from vms.keeper.files import records
from vms.keeper.files.records import COMMUNE_ID, CommuneRecord, Records
from vms.keeper.files.segment_name import parse_segment_name
from vms.keeper.files.store import Store, Tx
from vms.keeper.journal import log as journal
from vms.keeper.journal.checkpoint import Signer
from vms.keeper.journal.entry import Entry, quarter_of
from vms.keys.signing import generate_signing_key
from vms.law.facts import CameraFacts, Order

START = UtcTime.parse("2026-11-24T14:12:36Z")
SIGNER = Signer("guet/test", generate_signing_key()[0])
SCHEMA = journal.SCHEMA + records.SCHEMA + "CREATE TABLE IF NOT EXISTS t (x INTEGER PRIMARY KEY);"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A store with a journal."""
    made = Store(tmp_path / "s.sqlite", SCHEMA, ManualClock(START), journal.Journal("valclair", SIGNER))
    yield made
    await made.close()


def insert(number: int, *, fail: bool = False) -> Callable[[Tx], int]:
    """A work that inserts, journals, and then may fail."""

    def work(tx: Tx) -> int:
        tx.db.execute("INSERT INTO t VALUES (?)", (number,))
        seq = tx.journal(Entry("modification", "test", detail={"number": number}))
        if fail:
            raise Conflict("no")
        return seq

    return work


async def test_in_a_batch_only_the_one_that_fails_is_undone(store: Store) -> None:
    works = [insert(number, fail=number == 3) for number in range(8)]
    results = await asyncio.gather(*(store.write(work) for work in works), return_exceptions=True)
    assert isinstance(results[3], Conflict)
    assert sorted(seq for seq in results if isinstance(seq, int)) == list(range(1, 8))
    assert [row[0] for row in store.reader.execute("SELECT x FROM t")] == [0, 1, 2, 4, 5, 6, 7]
    assert store.state.frontier.size == 7
    numbers = [row[0] for row in store.reader.execute("SELECT json_extract(record, '$.detail.number') FROM entry")]
    assert numbers == [0, 1, 2, 4, 5, 6, 7]


async def test_a_bug_in_one_work_stays_with_its_caller(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        await store.write(lambda tx: 1 // 0)
    assert await store.write(insert(1)) == 1


async def test_a_caller_that_gives_up_loses_nothing(store: Store) -> None:
    task = asyncio.create_task(store.write(insert(1)))
    await asyncio.sleep(0)
    task.cancel()
    await store.write(insert(2))
    assert {row[0] for row in store.reader.execute("SELECT x FROM t")} == {1, 2}


async def test_what_was_answered_survives_reopening(tmp_path: Path) -> None:
    path, log = tmp_path / "s.sqlite", journal.Journal("valclair", SIGNER)
    first = Store(path, SCHEMA, ManualClock(START), log)
    await asyncio.gather(*(first.write(insert(number)) for number in range(300)))
    state = first.state
    await first.close()
    again = Store(path, SCHEMA, ManualClock(START), log)
    assert again.state == state
    await again.close()


async def test_a_clock_set_back_does_not_reopen_a_closed_quarter(tmp_path: Path) -> None:
    clock = ManualClock(START)
    store = Store(tmp_path / "s.sqlite", SCHEMA, clock, journal.Journal("valclair", SIGNER))
    clock.step(seconds=60 * 86_400)
    await store.write(insert(1))
    clock.step(seconds=-60 * 86_400)
    await store.write(insert(2))
    assert [row[0] for row in store.reader.execute("SELECT DISTINCT log FROM entry")] == ["2027-T1"]
    await store.close()


def test_a_file_that_is_none_of_ours_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"not a database at all" * 300)
    with pytest.raises(Damaged):
        Store(path, SCHEMA, ManualClock(START))


FACTS = {
    "order": order(),
    "habilitation": habilitation("deputy", cameras=frozenset({"valclair-c01"})),
    "camera": camera(),
    "zones": zones(),
    "framing": framing(),
    "request": request(),
}


@pytest.mark.parametrize("kind", FACTS)
def test_facts_come_back_as_they_were(kind: str) -> None:
    keeper = Records("valclair", b"k" * 32)
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(records.SCHEMA)
        keeper.put(db, kind, "one", FACTS[kind], START.us)
        assert keeper.get(db, kind, "one", type(FACTS[kind])) == FACTS[kind]
        with pytest.raises(NotFound):
            keeper.get(db, kind, "two", type(FACTS[kind]))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fact SET body = replace(body, '15', '30')",
        "UPDATE fact SET id = 'o-2'",
        "UPDATE fact SET kind = 'camera'",
        "UPDATE fact SET mac = zeroblob(32)",
        "UPDATE fact SET body = '{}'",
        "UPDATE fact SET kind = 'unknown'",
    ],
)
def test_an_altered_fact_is_damaged(change: str) -> None:
    keeper = Records("valclair", b"k" * 32)
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(records.SCHEMA)
        keeper.put(db, "commune", COMMUNE_ID, CommuneRecord("Valclair", "", 0), 0)
        keeper.load(db)
        db.execute("DELETE FROM fact")
        keeper.put(db, "order", "o-1", order(), 0)
        db.execute(change)
        with pytest.raises(Damaged):
            keeper.load(db)


def test_a_fact_of_another_commune_or_key_is_damaged() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(records.SCHEMA)
        Records("valclair", b"k" * 32).put(db, "order", "o-1", order(), 0)
        for other in (Records("brumesnil", b"k" * 32), Records("valclair", b"x" * 32)):
            with pytest.raises(Damaged):
                other.get(db, "order", "o-1", Order)
        with pytest.raises(TypeError):
            Records("valclair", b"k" * 32).get(db, "order", "o-1", CameraFacts)


class Example(Args):
    """Fields of every kind."""

    name: Name = "x"
    motive: MotiveText = ""
    until: MomentEnd = 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "a\u202eb"},
        {"name": "a\x00b"},
        {"name": "x" * 301},
        {"motive": "x" * 121},
        {"motive": "deux\nlignes"},
        {"until": -1},
        {"until": True},
        {"until": "demain"},
        {"until": "2026-02-30"},
        {"until": "9999-12-31"},
        {"until": 1.5},
        {"until": 10**19},
        {"unknown": 1},
        {"name": ["x"]},
        [],
        None,
        "x",
    ],
)
def test_arguments_that_cannot_be_used(wrong: object) -> None:
    with pytest.raises(BadInput) as caught:
        parse(Example, wrong, "example")
    assert caught.value.where == "example"


def test_a_day_ends_at_the_next_midnight_of_paris() -> None:
    made = parse(Example, {"until": "2026-10-25", "name": " Cafe\u0301 "}, "example")
    assert UtcTime(made.until).iso() == "2026-10-25T23:00:00.000000Z"
    assert made.name == "Café"


@pytest.mark.parametrize(
    ("moment", "quarter"),
    [
        ("2026-12-31T22:59:59Z", "2026-T4"),
        ("2026-12-31T23:00:00Z", "2027-T1"),
        ("2026-03-31T21:59:59Z", "2026-T1"),
        ("2026-03-31T22:00:00Z", "2026-T2"),
    ],
)
def test_quarters_are_those_of_paris(moment: str, quarter: str) -> None:
    assert quarter_of(UtcTime.parse(moment)) == quarter


GOOD = "valclair-c01.main.20261124T141236123456Z.00112233445566778899aabbccddeeff.0"


@pytest.mark.parametrize(
    "name",
    [
        "",
        GOOD + "\n",
        GOOD.replace("main", "third"),
        GOOD.replace("20261124", "20261324"),
        GOOD.replace("00112233", "0011223"),
        GOOD[:-1] + "01",
        GOOD.upper(),
        "../" + GOOD,
        GOOD.replace("0011", "００１１"),
    ],
)
def test_names_that_are_no_segments(name: str) -> None:
    with pytest.raises(BadInput):
        parse_segment_name(name)


def test_a_segments_name() -> None:
    found = parse_segment_name(GOOD)
    assert (found.camera, found.stream, found.key_id) == ("valclair-c01", "main", "00112233445566778899aabbccddeeff")
    assert UtcTime(found.start_us).iso() == "2026-11-24T14:12:36.123456Z"
    assert found.overlaps(found.start_us + 119 * MICRO, found.start_us + 130 * MICRO)
    assert not found.overlaps(found.start_us + 120 * MICRO, found.start_us + 130 * MICRO)
    assert not found.overlaps(found.start_us - 10, found.start_us)
    with pytest.raises(TypeError):
        Refused("a refusal names its rule")  # type: ignore[call-arg]
