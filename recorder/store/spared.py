"""A folder of sealed segments with a *spare volume* beside it, for while its own is away, another, or bad (design §4).

    the volume refuses, ``disk-wrong``      the same group begins a segment in the spare, in the same order (S3)
    it takes segments again                 new ones go there; what the spare has stays where it is until it is due

No row says where a segment lies: it is looked for, in the spare first. A segment begins there only after the volume
has refused it, so what that may have kept of it all the same is never read, and goes with it. Each of the two has its
own identity: nothing is written where either is not mounted. While one is away nothing that it may hold counts as gone.

A recorder that starts without the volume on which another left a segment open cannot read how far that goes. So each
notes it, on neither of the two: the segment ends there, and the stream goes on from it.
"""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from cryptography.utils import Buffer

from recorder.segment.format import SegmentName
from recorder.segment.progress import Progress, decode, encode
from recorder.store.disk import DIR_MODE, try_lock
from recorder.store.errors import DISK_WRONG, StoreError, answering
from recorder.store.local import LocalStore, SegmentFile, StoredFile
from recorder.store.reader import Bytes
from vms import logs
from vms.clock import MICRO, Clock, UtcTime
from vms.errors import Damaged, NotFound

# A bad disk takes its time to refuse: it is asked again only so often.
REST_US: Final = 20 * MICRO
# The spare needs a floor of its own, since it may share a disk with something else; a small one has a small floor.
FLOOR_PART: Final = 10

# How often a recorder notes how far it has got, in a file of its own.
TELL_S: Final = 1.0
TOLD: Final = "told"
TOLD_LEAST_COUNT: Final = 16
TOLD_PART: Final = 4

log = logs.get("recorder.store")


class Spare(LocalStore):
    """The spare volume by itself."""

    def floor_bytes(self) -> int:
        """The operator's reserve, at most a tenth of the volume: the disk that it is on is never filled."""
        return min(self._floor_bytes, self.total_bytes() // FLOOR_PART)


class SparedStore(LocalStore):
    """The store's own volume, and another that stands in for it. Paths are those of the volume a segment lies on."""

    def __init__(self, main: LocalStore, spare: LocalStore, notes: Path, clock: Clock | None = None) -> None:
        """``notes`` is a folder on neither; the streams' locks are there too, whichever volume comes or goes."""
        super().__init__(main.root, main.identity, main.disk, main.floor_bytes())
        self.spare = spare
        self._notes, self._clock = notes, clock
        self._rests_until_us = 0
        self._beside: dict[int, int] = {}
        self._told: OrderedDict[str, Progress] = OrderedDict()
        for path in sorted(notes.glob(f"{TOLD}-*")):
            with contextlib.suppress(Damaged, OSError):
                self._told.update({one.name: one for one in decode(path.read_bytes())})

    def tell(self, index: int, entries: Sequence[Progress]) -> None:
        """Note how far recorder ``index`` has got with its open segments; OSError.

        Not synced: what the power takes of it, the segment's row still knows less well.
        """
        for one in entries:
            self._told[one.name] = one
            self._told.move_to_end(one.name)
        # A segment that was left may still be open in the index, while that does not answer: some more are kept.
        while len(self._told) > TOLD_LEAST_COUNT + TOLD_PART * len(entries):
            self._told.popitem(last=False)
        self._notes.mkdir(mode=DIR_MODE, parents=True, exist_ok=True)
        draft = self._notes / f".{TOLD}-{index}"
        draft.write_bytes(encode(self._told.values()))
        draft.replace(self._notes / f"{TOLD}-{index}")

    def told(self, segment: str) -> Progress | None:
        """How far a segment was last told to be durable."""
        return self._told.get(segment)

    def check_ready(self) -> None:
        """That one of the two may be written to; else the StoreError of the store's own."""
        try:
            self.check_identity()
        except StoreError as error:
            self._require_spare(error)

    def check_whole(self) -> None:
        """That both are there."""
        self.check_identity()
        self.spare.check_identity()

    def has_other_place(self, error: StoreError) -> bool:
        """The spare is, for a volume that is away or bad, not for a full one (P-35); the volume is, for the spare."""
        return error.cause == DISK_WRONG or self._is_spare(Path(error.where))

    def within_reach(self, paths: Sequence[Path]) -> list[Path]:
        """Those on a volume that is there; while the spare is away, what is not found here may lie there."""
        here = super().within_reach([path for path in paths if not self._is_spare(path)])
        there = self.spare.within_reach([path for path in paths if self._is_spare(path)])
        if here and self.spare.is_away():
            here = [path for path in here if path.is_file()]
        return [*here, *there]

    def lies_apart(self, segment: str, commune: str) -> bool:
        """Whether it lies on the spare."""
        try:
            return self._is_spare(self.path_of(SegmentName.parse(segment), commune))
        except Damaged:
            return False  # an altered row: no file has its name

    def path_of(self, name: SegmentName, commune: str) -> Path:
        """Where a segment lies: on the spare when it is found there."""
        there = self.spare.path_of(name, commune)
        with contextlib.suppress(OSError):
            if there.is_file():
                return there
        return super().path_of(name, commune)

    def create(self, name: SegmentName, commune: str, *first: Buffer) -> SegmentFile:
        """On the volume, or on the spare when that refuses; StoreError when both do."""
        if self._clock is not None and self._clock.monotonic_us() < self._rests_until_us:
            try:
                return self.spare.create(name, commune, *first)
            except StoreError as error:
                self._rests_until_us = 0
                # Else a part of it may lie there, where it would be found before what the volume has.
                if error.where != str(self.spare.root):
                    raise
        try:
            return super().create(name, commune, *first)
        except StoreError as error:
            if not self.has_other_place(error):
                raise
            # A crash here leaves what the volume may have kept though it refused: adoption judges it as any other.
            log.error("volume_refuses", why=error.what, rule="P-35")
            try:
                file = self.spare.create(name, commune, *first)
            except StoreError as other:
                what = f"{error.what} Le volume de secours non plus : {other.what}"
                raise StoreError(what, cause=error.cause, where=error.where, todo=error.todo) from other
        if self._clock is not None:
            self._rests_until_us = self._clock.monotonic_us() + REST_US
        return file

    @contextlib.contextmanager
    def reader(self, path: Path, *, doubt: bool = False) -> Iterator[Bytes]:
        """The file open for reading; NotFound only when the volume it would lie on is there to say so."""
        opened = self.spare.reader(path, doubt=doubt) if self._is_spare(path) else super().reader(path, doubt=doubt)
        with contextlib.ExitStack() as stack:
            try:
                reader = stack.enter_context(opened)
            except NotFound:
                self.check_whole()
                raise
            yield reader

    def cut(self, path: Path, size_bytes: int) -> None:
        """See ``LocalStore``."""
        if self._is_spare(path):
            self.spare.cut(path, size_bytes)
        else:
            super().cut(path, size_bytes)

    def destroy(self, path: Path) -> bool:
        """See ``LocalStore``; from the volume too, what that kept though it had refused it."""
        if not self._is_spare(path):
            return super().destroy(path)
        gone = self.spare.destroy(path)
        with contextlib.suppress(StoreError):
            super().destroy(self._twin(path))
        return gone

    def destroy_all(self, paths: Iterable[Path]) -> None:
        """See ``LocalStore``."""
        found = list(paths)
        there = [path for path in found if self._is_spare(path)]
        here = [path for path in found if not self._is_spare(path)]
        super().destroy_all(here)
        if there:
            self.spare.destroy_all(there)
            with contextlib.suppress(StoreError):
                super().destroy_all([self._twin(path) for path in there])

    def quarantine(self, path: Path, keep: str) -> Path:
        """On the volume that the file lies on."""
        return self.spare.quarantine(path, keep) if self._is_spare(path) else super().quarantine(path, keep)

    def quarantine_tail(self, path: Path, offset: int) -> Path:
        """On the volume that the file lies on."""
        return (
            self.spare.quarantine_tail(path, offset) if self._is_spare(path) else super().quarantine_tail(path, offset)
        )

    def lock(self, commune: str, camera: str, stream: str) -> int | None:
        """See ``LocalStore``; and the volume's own lock, which a process has that was not told of the spare."""
        folder = self._notes / commune / camera
        with answering(folder):
            folder.mkdir(mode=DIR_MODE, parents=True, exist_ok=True)
            lock = try_lock(folder / f".{stream}.lock")
        if lock is None:
            return None
        try:
            beside = super().lock(commune, camera, stream)
        except StoreError:
            return lock  # the volume is away or bad
        if beside is None:
            os.close(lock)
            return None
        self._beside[lock] = beside
        return lock

    def unlock(self, lock: int) -> None:
        """See ``LocalStore``."""
        if (beside := self._beside.pop(lock, None)) is not None:
            os.close(beside)
        os.close(lock)

    def files_since(self, commune: str, camera: str, stream: str, since: UtcTime) -> list[StoredFile]:
        """Of both, oldest first; of one alone while the other does not answer."""
        found: dict[str, StoredFile] = {}
        for files in (super().files_since, self.spare.files_since):
            with contextlib.suppress(OSError):
                found |= {one.relative: one for one in files(commune, camera, stream, since)}
        return sorted(found.values(), key=lambda one: str(one.name))

    def files_until(self, last_day: str) -> list[StoredFile]:
        """Of both; of one alone while the other does not answer."""
        found: dict[str, StoredFile] = {}
        for files in (super().files_until, self.spare.files_until):
            with contextlib.suppress(OSError):
                found |= {one.relative: one for one in files(last_day)}
        return list(found.values())

    def files(self) -> Iterator[StoredFile]:
        """Of both, each segment once."""
        seen: set[str] = set()
        for one in self.spare.files():
            seen.add(one.relative)
            yield one
        yield from (one for one in super().files() if one.relative not in seen)

    def quarantined(self) -> list[Path]:
        """Of both; of one alone while the other does not answer."""
        found: list[Path] = []
        for files in (super().quarantined, self.spare.quarantined):
            with contextlib.suppress(OSError):
                found += files()
        return found

    def _is_spare(self, path: Path) -> bool:
        return self.spare.root in path.parents

    def _twin(self, path: Path) -> Path:
        return self.root / path.relative_to(self.spare.root)

    def _require_spare(self, error: StoreError) -> None:
        try:
            self.spare.check_identity()
        except StoreError:
            raise error from None
