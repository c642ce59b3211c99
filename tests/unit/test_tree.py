"""The RFC 6962 tree against the Certificate Transparency vectors, and against its own definition."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from vms.errors import BadInput, Damaged
from vms.keeper.journal import tree

GOLDEN = Path(__file__).parents[1] / "golden" / "rfc6962"


def cases(name: str) -> list[Any]:
    """One parameter per line of a vector file, named by its origin."""
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    return [pytest.param(case, id=case["file"]) for case in map(json.loads, lines)]


def proof_of(case: dict[str, Any]) -> list[bytes]:
    """The proof of a vector."""
    return [base64.b64decode(one) for one in case["proof"] or []]


def definition(leaves: list[bytes]) -> bytes:
    """MTH exactly as RFC 6962 §2.1 defines it."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return tree.node_hash(definition(leaves[:split]), definition(leaves[split:]))


@pytest.mark.parametrize("case", cases("inclusion.jsonl"))
def test_inclusion_vectors(case: dict[str, Any]) -> None:
    leaf, root = base64.b64decode(case["leafHash"] or ""), base64.b64decode(case["root"] or "")
    if case["wantErr"]:
        with pytest.raises(Damaged):
            tree.verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof_of(case), root)
    else:
        tree.verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof_of(case), root)


@pytest.mark.parametrize("case", cases("consistency.jsonl"))
def test_consistency_vectors(case: dict[str, Any]) -> None:
    roots = base64.b64decode(case["root1"] or ""), base64.b64decode(case["root2"] or "")
    if case["wantErr"] or case["size1"] == 0 or len(roots[0]) != tree.HASH_BYTES:
        # RFC 6962 has no proof from the empty tree, and a text is no root: their library lets both pass, ours refuses.
        with pytest.raises(Damaged):
            tree.verify_consistency(case["size1"], case["size2"], *roots, proof_of(case))
    else:
        tree.verify_consistency(case["size1"], case["size2"], *roots, proof_of(case))


def test_roots_of_the_certificate_transparency_tests() -> None:
    data = json.loads((GOLDEN / "roots.json").read_text(encoding="utf-8"))
    frontier = tree.Frontier()
    for leaf, root in zip(data["leaves"], data["roots"], strict=True):
        frontier = frontier.append(tree.leaf_hash(bytes.fromhex(leaf)))
        assert frontier.root().hex() == root


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert tree.Frontier().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", [*range(1, 40), 255, 256, 257])
def test_every_proof_of_small_trees(size: int) -> None:
    leaves = [tree.leaf_hash(str(n).encode()) for n in range(size)]
    nodes, root = tree.nodes_over(leaves), definition(leaves)
    assert tree.root_of(leaves) == root
    assert tree.frontier_at(nodes, size).root() == root
    for index in range(size):
        tree.verify_inclusion(leaves[index], index, size, tree.inclusion_proof(nodes, index, size), root)
    for first in range(1, size + 1):
        proof = tree.consistency_proof(nodes, first, size)
        tree.verify_consistency(first, size, definition(leaves[:first]), root, proof)


def test_a_proof_outside_the_tree_is_refused() -> None:
    nodes = tree.nodes_over([tree.leaf_hash(b"a")])
    with pytest.raises(BadInput):
        tree.inclusion_proof(nodes, 1, 1)
    with pytest.raises(BadInput):
        tree.consistency_proof(nodes, 2, 1)
