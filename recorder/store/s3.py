"""Sealed segments in a bucket, with a *spool* on this machine's disk before it (design §4, S3).

    written       into the spool, group by group, each durable; row ``open``
    ended         row ``spooled``: whole, still here
    drained       object confirmed → row ``sealed`` committed → spool file removed (``recorder/drain_spool.py``)

While the bucket is away the spool fills, for hours if its limit allows; when it is full, recording stops with the
cause ``disk-full`` rather than lose in silence. What is in the spool is read from there, by this machine only.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from cryptography.utils import Buffer

from recorder.segment.format import SegmentName
from recorder.store.bucket import Bucket, BucketReader, key_of, trailer_of
from recorder.store.disk import Disk, write_atomic
from recorder.store.errors import StoreError
from recorder.store.identity import FORMAT, IDENTITY_FILE
from recorder.store.local import (
    FLOOR_BYTES,
    QUARANTINE_DIR,
    SPOOLED,
    SUFFIX,
    LocalStore,
    SegmentFile,
    StoredFile,
    name_of,
)
from recorder.store.reader import Bytes
from vms.errors import NotFound

FETCHED_DIR: Final = "fetched"
# A bucket tells nobody how full it is: what it costs is its owner's alarm.
UNLIMITED_BYTES: Final = 1 << 60
MIB: Final = 1024 * 1024


class SpooledStore(LocalStore):
    """A bucket and the spool before it; paths are those of the spool, and an object's key is the same path."""

    ended_state = SPOOLED

    def __init__(
        self,
        root: Path,
        identity: str,
        disk: Disk | None = None,
        floor_bytes: int = FLOOR_BYTES,
        *,
        bucket: Bucket,
        limit_bytes: int = UNLIMITED_BYTES,
    ) -> None:
        super().__init__(root, identity, disk, floor_bytes)
        self.bucket = bucket
        self._limit_bytes = limit_bytes
        self._spooled_bytes = 0

    @classmethod
    def of(
        cls, spool: Path, memo: Path, bucket: Bucket, limit_mib: int, floor_bytes: int = FLOOR_BYTES
    ) -> SpooledStore:
        """The store of one machine; the spool's folder and identity are made the first time, the bucket may be away."""
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        plain = LocalStore.attach(spool, memo, floor_bytes=floor_bytes)
        store = cls(spool, plain.identity, floor_bytes=floor_bytes, bucket=bucket, limit_bytes=limit_mib * MIB)
        store.measure()
        return store

    def measure(self) -> int:
        """How many bytes wait in the spool; asked again by the drain, since a segment grows after it is created."""
        waiting = list(self.root.glob(f"*/*/*/*{SUFFIX}"))
        total = 0
        for path in waiting:
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
        self._spooled_bytes = total
        return total

    def is_nameless(self, memo: Path) -> bool:
        """Whether the bucket has no identity, and none is remembered: the next ``check_bucket`` gives it one."""
        return not self._bucket_identity() and not _remembered(memo)

    def _bucket_identity(self) -> str:
        """What the bucket says it is; empty when it says nothing, ``?`` when that cannot be read."""
        try:
            data = json.loads(self.bucket.get(IDENTITY_FILE))
            return str(data["id"]) if data["guet_store"] == FORMAT else ""
        except NotFound:
            return ""
        except (ValueError, KeyError, TypeError):
            return "?"

    def check_bucket(self, memo: Path) -> None:
        """That the bucket is the one we remember; both get an identity the first time. StoreError, as for a volume.

        Where it is nameless nobody else may do this at the same time.
        """
        found, remembered = self._bucket_identity(), _remembered(memo)
        if not found and not remembered:
            found = secrets.token_hex(16)
            self.bucket.put(IDENTITY_FILE, json.dumps({"guet_store": FORMAT, "id": found}).encode("ascii"))
        if not remembered and found != "?":
            write_atomic(self.disk, memo, found.encode("ascii"))
        elif found != remembered:
            raise StoreError(
                "Ce magasin d’objets n’est pas celui des enregistrements : sa fiche manque ou est une autre.",
                cause="disk-wrong",
                where=self.bucket.url,
                todo="Vérifiez VMS_STORE_URL ; rien n’y est écrit en attendant, le tampon local garde tout.",
            )

    def create(self, name: SegmentName, commune: str, *first: Buffer) -> SegmentFile:
        """As in a folder; StoreError ``disk-full`` when the spool holds as much as it may."""
        if self._spooled_bytes > self._limit_bytes:
            raise StoreError(
                "Le tampon local est plein : le magasin d’objets ne prend rien depuis trop longtemps.",
                cause="disk-full",
                where=str(self.root),
                todo="Rétablissez le magasin d’objets, ou agrandissez le tampon (VMS_SPOOL_LIMIT_MIB).",
            )
        return super().create(name, commune, *first)

    def upload(self, path: Path) -> None:
        """Put a whole segment of the spool into the bucket and see that it is there; safe to do twice."""
        data = path.read_bytes()
        self.bucket.put(key_of(self.root, path), data + trailer_of(data))

    def forget(self, path: Path) -> bool:
        """Remove a segment from the spool: the bucket has it."""
        return super().destroy(path)

    @contextlib.contextmanager
    def reader(self, path: Path, *, doubt: bool = False) -> Iterator[Bytes]:
        """From the spool when it is there, else from the bucket."""
        if self.is_here(path):
            try:
                with super().reader(path, doubt=doubt) as reader:
                    yield reader
                return
            except NotFound:
                pass  # drained between the two looks
        yield BucketReader(self.bucket, key_of(self.root, path))

    def within_reach(self, paths: Sequence[Path]) -> list[Path]:
        """All: the bucket says itself that it does not answer, and another machine's spool sees to its own."""
        return list(paths)

    def destroy(self, path: Path) -> bool:
        """Remove a segment from the bucket and the spool. A spool on another machine sees to its own."""
        here = super().destroy(path)
        return self.bucket.delete(key_of(self.root, path)) or here

    def destroy_all(self, paths: Iterable[Path]) -> None:
        """Each from the bucket and the spool."""
        for path in paths:
            self.destroy(path)

    def quarantine(self, path: Path, keep: str) -> Path:
        """In the spool's quarantine what lies in the spool, in the bucket's what lies there."""
        if self.is_here(path):
            return super().quarantine(path, keep)
        target = self.root / QUARANTINE_DIR / f"{keep}.{secrets.token_hex(4)}"
        self.bucket.move(key_of(self.root, path), key_of(self.root, target))
        return target

    def quarantined(self) -> list[Path]:
        """What lies in quarantine, here and in the bucket."""
        there = [self.root / key for key in self.bucket.keys(f"{QUARANTINE_DIR}/")]
        return sorted({*super().quarantined(), *there})

    def quarantined_here(self) -> list[Path]:
        """What lies in the spool's quarantine."""
        return super().quarantined()

    def fetched(self) -> list[Path]:
        """The copies of objects that were made for processes which read files."""
        folder = self.root / FETCHED_DIR
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def free_bytes(self) -> int:
        """Room in the bucket: no limit that anybody told us."""
        return UNLIMITED_BYTES

    def total_bytes(self) -> int:
        """As ``free_bytes``."""
        return UNLIMITED_BYTES

    def room_bytes(self) -> int:
        """Room in the spool's volume: what a new segment is measured against."""
        return super().free_bytes()

    def files_until(self, last_day: str) -> list[StoredFile]:
        """The segments of days up to ``last_day``, in the spool and in the bucket."""
        found = {one.relative: one for one in super().files_until(last_day)}
        for commune in self.bucket.folders(""):
            for camera in self.bucket.folders(f"{commune}/") if commune != QUARANTINE_DIR else []:
                for day in self.bucket.folders(f"{commune}/{camera}/"):
                    if day <= last_day:
                        found |= {key: self._stored(key) for key in self.bucket.keys(f"{commune}/{camera}/{day}/")}
        return [one for one in found.values() if one.name is not None]

    def files(self) -> Iterator[StoredFile]:
        """Every file of the spool and every object of the bucket, each name once."""
        seen: set[str] = set()
        for one in super().files():
            if not one.relative.startswith(f"{FETCHED_DIR}/"):
                seen.add(one.relative)
                yield one
        for key in sorted(self.bucket.keys()):
            if key not in seen and key != IDENTITY_FILE and not key.startswith(f"{QUARANTINE_DIR}/"):
                yield self._stored(key)

    def waiting(self) -> list[StoredFile]:
        """The segments in the spool, oldest first: open ones too, which their rows tell apart."""
        found = [one for one in super().files() if one.name is not None]
        return sorted(found, key=lambda one: (one.name.start if one.name else None, one.relative))

    def local(self, path: Path) -> Path:
        """A sealed copy on this machine of a segment in the bucket, for a process that reads files."""
        if self.is_here(path):
            return path
        copy = self.root / FETCHED_DIR / path.name
        if not copy.exists():
            with self.reader(path) as reader:
                data = reader.read(0, reader.size())
            self._make_dirs(copy.parent)
            write_atomic(self.disk, copy, data)
        return copy

    def _stored(self, key: str) -> StoredFile:
        name = name_of(key)
        return StoredFile(self.root / key, key, name, key.split("/")[0] if name else "")


def _remembered(memo: Path) -> str:
    return memo.read_text(encoding="ascii").strip() if memo.exists() else ""
