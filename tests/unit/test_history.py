"""Versions of facts: what was recorded at any past instant, and what a hand in the file cannot change unseen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from tests.unit.gate_facts import CAMERA, NOW, camera, order
from vms.errors import Damaged, NotFound
from vms.keeper.files import records
from vms.keeper.files.records import COMMUNE_ID, CommuneRecord, Holder, Records

FIRST, SECOND = camera(), camera(panel_us=NOW, purposes=frozenset({"5"}))


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """A commune of 1000, a camera of 2000, changed at 3000 and again within the same transaction."""
    with closing(sqlite3.connect(":memory:")) as made:
        made.executescript(records.SCHEMA)
        keeper = kept()
        keeper.put(made, "commune", COMMUNE_ID, CommuneRecord("Valclair", "", 0), 1000)
        keeper.put(made, "camera", CAMERA, FIRST, 2000)
        keeper.put(made, "camera", CAMERA, camera(panel_us=5), 3000)
        keeper.put(made, "camera", CAMERA, SECOND, 3000)
        keeper.put(made, "holder", "p-1", Holder("p-1", "Le maire", {"box": "x"}, 0), 1000)
        yield made


def kept() -> Records:
    return Records("valclair", b"k" * 32)


def test_each_instant_has_the_facts_of_then(db: sqlite3.Connection) -> None:
    keeper = kept()
    assert keeper.load_at(db, 999).cameras == {}
    assert keeper.load_at(db, 1999).cameras == {}
    assert keeper.load_at(db, 2000).cameras == {CAMERA: FIRST}
    assert keeper.load_at(db, 2999).cameras == {CAMERA: FIRST}
    assert keeper.load_at(db, 3000).cameras == {CAMERA: SECOND}
    assert keeper.load_at(db, NOW) == keeper.load(db)


def test_wrapped_keys_leave_no_former_version(db: sqlite3.Connection) -> None:
    kinds = {row[0] for row in db.execute("SELECT DISTINCT kind FROM fact_version")}
    assert kinds == {"commune", "camera"}


def test_a_fact_older_than_the_history_is_known_since_ever_and_keeps_its_former_body(db: sqlite3.Connection) -> None:
    keeper = kept()
    keeper.put(db, "order", "o-1", order(), 10)
    db.execute("DELETE FROM fact_version WHERE kind = 'order'")  # as a store of before the history has it
    assert keeper.load_at(db, 1500).orders == {"o-1": order()}
    later = replace(order(), withdrawn_us=4000)
    keeper.put(db, "order", "o-1", later, 4000)
    assert keeper.load_at(db, 3999).orders == {"o-1": order()}
    assert keeper.load_at(db, 4000).orders == {"o-1": later}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fact_version SET body = replace(body, 'mât 3', 'mât 4') WHERE version = 1",
        "UPDATE fact_version SET at_us = 1 WHERE kind = 'camera' AND version = 3",
        "DELETE FROM fact_version WHERE kind = 'camera' AND version = 2",
        "DELETE FROM fact_version WHERE kind = 'camera' AND version = 3",
        "DELETE FROM fact WHERE kind = 'camera'",
        "UPDATE fact_version SET version = 9 WHERE kind = 'camera' AND version = 3",
    ],
)
def test_a_hand_in_the_history_is_seen(db: sqlite3.Connection, change: str) -> None:
    db.execute(change)
    with pytest.raises(Damaged):
        kept().load_at(db, 5000)


def test_pruning_forgets_what_was_superseded_and_says_from_when_one_may_ask(db: sqlite3.Connection) -> None:
    keeper = kept()
    assert keeper.prune(db, 3000) == 0
    assert keeper.prune(db, 3001) == 2
    assert keeper.load_at(db, 3001).cameras == {CAMERA: SECOND}
    with pytest.raises(NotFound) as caught:
        keeper.load_at(db, 3000)
    assert caught.value.rule == "P-43"
    assert keeper.prune(db, 9999) == 0
