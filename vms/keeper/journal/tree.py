"""The Merkle tree of RFC 6962 §2.1, pure: hashes, roots, inclusion and consistency proofs.

A tree is read through ``Nodes``: a function that gives the hash of the perfect subtree at (level, index), level 0 being
the leaves; only subtrees that are wholly inside the tree are ever asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from vms.errors import BadInput, Damaged

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
PROOF_LIMIT_HASHES: Final = 64

Nodes = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 ‖ data)."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\1" + left + right).digest()


def root_of(hashes: Iterable[bytes]) -> bytes:
    """The root over leaf (or subtree) hashes of equal height."""
    return frontier_of(hashes).root()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a growing tree: the perfect subtrees that make it up, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Frontier:
        """The edge with one more leaf hash."""
        peaks = [*self.peaks, leaf]
        carry = self.size
        while carry & 1:
            right = peaks.pop()
            peaks.append(node_hash(peaks.pop(), right))
            carry >>= 1
        return Frontier(self.size + 1, tuple(peaks))

    def root(self) -> bytes:
        """The root of the tree with this edge."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def frontier_of(hashes: Iterable[bytes]) -> Frontier:
    """The edge of a tree over all these hashes, level by level: much faster than appending them one by one."""
    level = list(hashes)
    size, peaks = len(level), []
    while level:
        if len(level) & 1:
            peaks.append(level[-1])
        # node_hash written out: a million entries are verified in a loop of nothing else
        level = [sha256(b"\1" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    return Frontier(size, tuple(reversed(peaks)))


def frontier_at(nodes: Nodes, size: int) -> Frontier:
    """The edge of the first ``size`` leaves of a tree."""
    peaks, start = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            peaks.append(nodes(level, start >> level))
            start += 1 << level
    return Frontier(size, tuple(peaks))


def _range_hash(nodes: Nodes, low: int, high: int) -> bytes:
    """MTH of the leaves ``[low, high)``, where ``low`` is a multiple of the largest power of two below the length."""
    length = high - low
    if length & (length - 1) == 0 and low % length == 0:
        return nodes(length.bit_length() - 1, low // length)
    split = _split(length)
    return node_hash(_range_hash(nodes, low, low + split), _range_hash(nodes, low + split, high))


def _split(length: int) -> int:
    """The largest power of two smaller than ``length`` (RFC 6962 §2.1)."""
    return 1 << ((length - 1).bit_length() - 1)


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """The audit path of leaf ``index`` in the tree of ``size`` leaves (RFC 6962 §2.1.1)."""
    if not 0 <= index < size:
        raise BadInput(f"L’entrée {index} n’est pas dans un arbre de {size}.")
    proof, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(_range_hash(nodes, middle, high))
            high = middle
        else:
            proof.append(_range_hash(nodes, low, middle))
            low = middle
    return proof[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that an audit path leads to (RFC 9162 §2.1.3.2); Damaged when its shape is impossible."""
    if not 0 <= index < size or len(proof) > PROOF_LIMIT_HASHES:
        raise Damaged("La preuve d’inclusion est impossible.")
    node, last, root = index, size - 1, leaf
    for one in proof:
        if last == 0:
            raise Damaged("La preuve d’inclusion est trop longue.")
        if node & 1 or node == last:
            root = node_hash(one, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, one)
        node, last = node >> 1, last >> 1
    if last:
        raise Damaged("La preuve d’inclusion est trop courte.")
    return root


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return when the leaf hash is at ``index`` in the tree with this root; raise Damaged otherwise."""
    _check_lengths(leaf, root, *proof)
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise Damaged("La preuve d’inclusion ne mène pas à la racine.", where=f"entrée {index}")


def consistency_proof(nodes: Nodes, first: int, second: int) -> list[bytes]:
    """The proof that the first ``first`` leaves of ``second`` are those of the earlier tree (RFC 6962 §2.1.2)."""
    if not 0 < first <= second:
        raise BadInput(f"Pas de preuve de cohérence de {first} à {second}.")
    proof, low, high, whole = [], 0, second, True
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            proof.append(_range_hash(nodes, middle, high))
            high = middle
        else:
            proof.append(_range_hash(nodes, low, middle))
            low, whole = middle, False
    if not whole:
        proof.append(_range_hash(nodes, low, high))
    return proof[::-1]


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> None:
    """Return when the second tree extends the first (RFC 9162 §2.1.4.2); raise Damaged otherwise."""
    bad = Damaged("Les deux points de contrôle ne sont pas du même journal.", where=f"{first} → {second}")
    _check_lengths(first_root, second_root, *proof)
    if not 0 < first <= second or len(proof) > PROOF_LIMIT_HASHES:
        raise bad
    if first == second:
        if proof or first_root != second_root:
            raise bad
        return
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        raise bad
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for one in path[1:]:
        if last == 0:
            raise bad
        if node & 1 or node == last:
            old, new = node_hash(one, old), node_hash(one, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, one)
        node, last = node >> 1, last >> 1
    if last or old != first_root or new != second_root:
        raise bad


def _check_lengths(*hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise Damaged(f"Une empreinte de l’arbre fait {HASH_BYTES} octets.")


def nodes_over(leaves: Sequence[bytes]) -> Nodes:
    """Nodes of a tree whose leaf hashes are all in memory."""
    levels: list[list[bytes]] = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def read(level: int, index: int) -> bytes:
        return levels[level][index]

    return read
