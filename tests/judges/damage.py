"""Damages a copied store on purpose, knowing nothing of the product but that segments are files ending in ``.seg``.

    python -m tests.judges.damage STORE --kind KIND [--seed N] [--count N]

Prints one JSON object a damage, ``{"kind", "path", "was", "offset"}``, paths relative to STORE: what ``vms fsck`` must
find and name. The same seed does the same damage to the same store.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

FOREIGN_NAMES = ("notes.txt", "IMG_0001.JPG", ".DS_Store", "Thumbs.db", "segment.seg", "core.1234", "lost+found/x")


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing done: ``path`` is wrong now; ``was`` is another path that is missing or wrong because of it."""

    kind: str
    path: str
    was: str = ""
    offset: int = -1


class Vandal:
    """Does damage to one store with one seed; a file is damaged once at most."""

    def __init__(self, store: Path, seed: int) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.intact = sorted(store.rglob("*.seg"))

    def relative(self, path: Path) -> str:
        """How a path is named in what is printed."""
        return path.relative_to(self.store).as_posix()

    def pick(self) -> Path:
        """A segment that nothing was done to yet."""
        return self.intact.pop(self.chance.randrange(len(self.intact)))

    def cut(self) -> Damage:
        """A file that ends early, perhaps at once."""
        path = self.pick()
        kept = self.chance.randrange(path.stat().st_size)
        with path.open("r+b") as file:
            file.truncate(kept)
        return Damage("cut", self.relative(path), offset=kept)

    def flip(self) -> Damage:
        """One bit of one byte, anywhere."""
        path = self.pick()
        offset = self.chance.randrange(path.stat().st_size)
        with path.open("r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ (1 << self.chance.randrange(8))]))
        return Damage("flip", self.relative(path), offset=offset)

    def grow(self) -> Damage:
        """Bytes after the end."""
        path = self.pick()
        size = path.stat().st_size
        with path.open("ab") as file:
            file.write(self.chance.randbytes(self.chance.randrange(1, 4000)))
        return Damage("grow", self.relative(path), offset=size)

    def swap(self) -> Damage:
        """Two files under each other's name."""
        one, two = self.pick(), self.pick()
        aside = one.with_name("aside")
        one.rename(aside)
        two.rename(one)
        aside.rename(two)
        return Damage("swap", self.relative(one), self.relative(two))

    def remove(self) -> Damage:
        """A file that is gone."""
        path = self.pick()
        path.unlink()
        return Damage("remove", self.relative(path))

    def foreign(self) -> Damage:
        """A file that nobody of ours wrote, somewhere."""
        folders = [self.store, *(path for path in self.store.rglob("*") if path.is_dir() and "guet" not in path.name)]
        path = self.chance.choice(folders) / self.chance.choice(FOREIGN_NAMES)
        while path.exists():
            path = path.with_name(f"_{path.name}")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.chance.randbytes(self.chance.randrange(1, 5000)))
        return Damage("foreign", self.relative(path))

    def rename(self) -> Damage:
        """A segment under a name that is not its own: another number at its end, or another ending."""
        path = self.pick()
        head, _, fence = path.stem.rpartition(".")
        name = self.chance.choice([f"{head}.{int(fence) + 7}.seg", f"{path.stem}.seg.bak", f"copy of {path.name}"])
        path.rename(path.with_name(name))
        return Damage("rename", self.relative(path.with_name(name)), self.relative(path))

    def copy(self) -> Damage:
        """A segment that lies in another day's folder too."""
        path = self.pick()
        elsewhere = path.parent.parent / "2020-02-29"
        elsewhere.mkdir(exist_ok=True)
        shutil.copy(path, elsewhere / path.name)
        return Damage("copy", self.relative(elsewhere / path.name))

    def kinds(self) -> dict[str, Callable[[], Damage]]:
        """Every kind of damage."""
        does = (self.cut, self.flip, self.grow, self.swap, self.remove, self.foreign, self.rename, self.copy)
        return {one.__name__: one for one in does}


def main() -> int:
    """Damage the store; exit 2 when there are not segments enough."""
    parser = argparse.ArgumentParser(prog="python -m tests.judges.damage", description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--kind", default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    arguments = parser.parse_args()
    vandal = Vandal(arguments.store, arguments.seed)
    kinds = vandal.kinds()
    chosen = list(kinds) if arguments.kind == "all" else [arguments.kind]
    for _ in range(arguments.count):
        for kind in chosen:
            if len(vandal.intact) < 2:
                print("no segments left to damage", file=sys.stderr)
                return 2
            print(json.dumps(asdict(kinds[kind]())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
