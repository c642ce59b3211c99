"""The C2SP tlog-tiles layout (E-01): where each tile lies, what it holds, and the nodes of a tree read through tiles.

    <log>/checkpoint   <log>/tile/<L>/<N>[.p/<W>]   <log>/tile/entries/<N>[.p/<W>]

A tile holds up to 256 hashes of tree level 8·L; ``N`` is written in groups of three digits, all but the last with an x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from vms.errors import BadInput, Damaged
from vms.keeper.journal.tree import HASH_BYTES, Nodes, node_hash, root_of

WIDTH: Final = 256
LEVEL_BITS: Final = 8
ENTRY_LENGTH_BYTES: Final = 2
LEVELS_LIMIT: Final = 6

# (tile level, tile index) → its hashes, as many as the tree has
ReadTile = Callable[[int, int], bytes]


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """The path of a tile below its log; ``level`` is a number or ``entries``."""
    if not 0 < width <= WIDTH or index < 0:
        raise BadInput(f"Il n’y a pas de tuile {level}/{index} large de {width}.")
    groups = [f"{index % 1000:03d}"]
    index //= 1000
    while index:
        groups.append(f"x{index % 1000:03d}")
        index //= 1000
    tail = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{tail}"


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Every (level, index, width) of the tiles of a tree of ``size`` leaves, the partial ones at the edge included."""
    level = 0
    while size:
        full, rest = divmod(size, WIDTH)
        for index in range(full):
            yield level, index, WIDTH
        if rest:
            yield level, full, rest
        size, level = full, level + 1


def entry_bundles_of(size: int) -> Iterator[tuple[int, int]]:
    """Every (index, width) of the entry bundles of a tree of ``size`` leaves."""
    full, rest = divmod(size, WIDTH)
    for index in range(full):
        yield index, WIDTH
    if rest:
        yield full, rest


def tile_levels(leaves: list[bytes]) -> list[list[bytes]]:
    """The hashes of every tile level of a tree: the leaves, the roots of full tiles of leaves, and so on."""
    levels = [leaves]
    while len(levels[-1]) >= WIDTH:
        below = levels[-1]
        levels.append([root_of(below[at * WIDTH : (at + 1) * WIDTH]) for at in range(len(below) // WIDTH)])
    return levels


def split_hashes(tile: bytes) -> list[bytes]:
    """The hashes of a tile; Damaged when it is cut."""
    if len(tile) % HASH_BYTES or len(tile) > WIDTH * HASH_BYTES:
        raise Damaged("Une tuile n’a pas une longueur de tuile.")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def nodes_in(read_tile: ReadTile) -> Nodes:
    """The nodes of a tree, computed from the tile that holds their descendants."""

    def read(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, LEVEL_BITS)
        span = 1 << height
        first = index * span
        tile = read_tile(tile_level, first // WIDTH)
        start = first % WIDTH * HASH_BYTES
        hashes = split_hashes(tile[start : start + span * HASH_BYTES])
        if len(hashes) != span:
            raise Damaged(
                "Une tuile est plus courte que l’arbre ne le dit.", where=f"tile/{tile_level}/{first // WIDTH}"
            )
        while len(hashes) > 1:
            hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
        return hashes[0]

    return read


def pack_entries(entries: list[bytes]) -> bytes:
    """An entry bundle: each entry after its 16-bit length."""
    return b"".join(len(one).to_bytes(ENTRY_LENGTH_BYTES) + one for one in entries)


def unpack_entries(bundle: bytes) -> list[bytes]:
    """The entries of a bundle; Damaged when it is cut or holds more than a tile's worth."""
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        end = at + ENTRY_LENGTH_BYTES + int.from_bytes(bundle[at : at + ENTRY_LENGTH_BYTES])
        if at + ENTRY_LENGTH_BYTES > len(bundle) or end > len(bundle) or len(entries) == WIDTH:
            raise Damaged("Un lot d’entrées est coupé.", where=f"octet {at}")
        entries.append(bundle[at + ENTRY_LENGTH_BYTES : end])
        at = end
    return entries
