"""The journal as a log: whatever is appended, rolled back or reopened, tree, tiles and proofs agree with a plain
list.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vms.clock import UtcTime
from vms.keeper.journal.checkpoint import Signer, parse_checkpoint
from vms.keeper.journal.entry import Entry
from vms.keeper.journal.log import SCHEMA, Journal, LogState, nodes_of, read_entry_bundle, read_tile
from vms.keeper.journal.tiles import pack_entries, split_hashes, tile_path, tiles_of, unpack_entries
from vms.keeper.journal.tree import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    nodes_over,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from vms.keys.signing import generate_signing_key

START = UtcTime.parse("2026-11-24T12:00:00Z")
SIGNER = Signer("guet/test", generate_signing_key()[0])


class JournalMachine(RuleBasedStateMachine):
    """Appends in batches, some of which fail; reopens; compares with the list of leaves that were committed."""

    def __init__(self) -> None:
        super().__init__()
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.executescript(SCHEMA)
        self.journal = Journal("valclair", SIGNER)
        self.state = LogState()
        self.leaves: list[bytes] = []
        self.roots: list[tuple[int, bytes]] = []

    def teardown(self) -> None:
        self.db.close()

    def append(self, count: int) -> LogState:
        state = self.state
        for number in range(count):
            entry = Entry("collecte", "gap", cameras=("valclair-c01",), detail={"n": number})
            state, _ = self.journal.append(self.db, state, entry, START)
        self.journal.seal(self.db, state)
        return state

    @rule(count=st.one_of(st.integers(1, 5), st.integers(200, 300)))
    def commit(self, count: int) -> None:
        self.db.execute("BEGIN")
        self.state = self.append(count)
        self.db.execute("COMMIT")
        rows = self.db.execute("SELECT leaf FROM entry ORDER BY n").fetchall()
        assert [row[0] for row in rows[: len(self.leaves)]] == self.leaves
        self.leaves = [row[0] for row in rows]
        self.roots.append((self.state.frontier.size, self.state.frontier.root()))

    @rule(count=st.integers(1, 300))
    def fail(self, count: int) -> None:
        self.db.execute("BEGIN")
        self.append(count)
        self.db.execute("ROLLBACK")

    @rule()
    def reopen(self) -> None:
        assert self.journal.load(self.db) == self.state

    @invariant()
    def the_tree_is_that_of_the_list(self) -> None:
        hashes = [leaf_hash(leaf) for leaf in self.leaves]
        assert self.state.frontier.root() == root_of(hashes)
        if not hashes:
            return
        note = self.db.execute("SELECT note FROM checkpoint").fetchone()[0]
        assert parse_checkpoint(note, SIGNER.verifier())[1:] == (len(hashes), root_of(hashes))
        stored, plain = nodes_of(self.db, self.state.log), nodes_over(hashes)
        for index in {0, len(hashes) - 1, len(hashes) // 2}:
            proof = inclusion_proof(stored, index, len(hashes))
            assert proof == inclusion_proof(plain, index, len(hashes))
            verify_inclusion(hashes[index], index, len(hashes), proof, root_of(hashes))
        for size, root in self.roots[-3:]:
            proof = consistency_proof(stored, size, len(hashes))
            verify_consistency(size, len(hashes), root, root_of(hashes), proof)

    @invariant()
    def tiles_hold_every_hash_once(self) -> None:
        if not self.leaves:
            return
        found = {0: [leaf_hash(leaf) for leaf in self.leaves]}
        for level, index, width in tiles_of(len(self.leaves)):
            hashes = split_hashes(read_tile(self.db, self.state.log, level, index))
            assert len(hashes) == width
            if level == 0:
                assert hashes == found[0][index * 256 : index * 256 + width]
                assert (
                    read_entry_bundle(self.db, self.state.log, index) == self.leaves[index * 256 : index * 256 + width]
                )
            else:
                assert hashes[0] == root_of(found[0][: 256**level])


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(max_examples=15, stateful_step_count=10)


@given(st.lists(st.binary(max_size=40), max_size=256))
def test_bundles_round_trip(entries: list[bytes]) -> None:
    assert unpack_entries(pack_entries(entries)) == entries


@given(st.integers(0, 10**9), st.integers(1, 256))
def test_tile_paths_sort_and_stay_below_the_log(index: int, width: int) -> None:
    path = tile_path(0, index, width)
    assert path.startswith("tile/0/")
    assert ".." not in path
    digits = path.removeprefix("tile/0/").split(".p/")[0].replace("x", "").replace("/", "")
    assert int(digits) == index


def test_paths_of_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path("entries", 0, 112) == "tile/entries/000.p/112"
    assert tile_path(1, 273, 17) == "tile/1/273.p/17"
    assert list(tiles_of(70_000))[-2:] == [(1, 1, 17), (2, 0, 1)]


def test_a_million_leaves_have_the_tiles_they_should() -> None:
    listed = list(tiles_of(1_000_000))
    assert sum(width for level, _, width in listed if level == 0) == 1_000_000
    assert [max(i for lv, i, _ in listed if lv == level) for level in (0, 1, 2)] == [3906, 15, 0]


def test_a_fresh_file_has_no_state() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA)
        assert Journal("valclair", SIGNER).load(db) == LogState()
