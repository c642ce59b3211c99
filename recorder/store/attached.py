"""Which store the settings name: a folder of this machine, with a spare volume or not, or a bucket behind a spool."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

from recorder.store.bucket import Bucket
from recorder.store.disk import Disk
from recorder.store.errors import StoreError
from recorder.store.local import FLOOR_BYTES, LocalStore
from recorder.store.s3 import MIB, SpooledStore
from recorder.store.spared import Spare, SparedStore
from vms import logs
from vms.clock import Clock
from vms.settings import Settings

# No volume has this one: a place that never was ours is not written to.
NOBODY: Final = "-"

S = TypeVar("S", bound=LocalStore)

log = logs.get("recorder.store")


def attach(settings: Settings, floor_bytes: int = FLOOR_BYTES, clock: Clock | None = None) -> LocalStore:
    """The store to write to; StoreError while its volume is away, or is another one. Blocks.

    With a spare volume one of the two is enough, once the store's own has ever been seen.
    """
    if settings.store_url:
        memo = settings.recorder_dir / "spool-identity"
        bucket = Bucket(settings.store_url)
        return SpooledStore.of(settings.spool_dir, memo, bucket, settings.spool_limit_mib, floor_bytes)
    memo = settings.recorder_dir / "store-identity"
    if settings.spare_store is None:
        return LocalStore.attach(settings.store_dir, memo, floor_bytes=floor_bytes)
    main = recalled(LocalStore, settings.store_dir, memo, None, floor_bytes)
    if main.identity == NOBODY:
        main.check_identity()
    spare = recalled(Spare, settings.spare_store, _spare_memo(settings), None, settings.store_reserve_mib * MIB)
    store = SparedStore(main, spare, _notes(settings), clock)
    store.check_ready()
    return store


def recalled(kind: type[S], root: Path, memo: Path, disk: Disk | None, floor_bytes: int) -> S:
    """A volume, attached; while it is away, as it is remembered: it refuses everything until it is back."""
    try:
        return kind.attach(root, memo, disk, floor_bytes)
    except StoreError as error:
        log.error("volume_away", why=error.what, where=error.where, rule="P-35")
        return kind(root, _remembered(memo) or NOBODY, disk, floor_bytes)


def reading(settings: Settings) -> LocalStore:
    """The store to look into: nothing is made, and its identity is the one remembered here, if any."""
    identity = _remembered(settings.recorder_dir / ("spool-identity" if settings.store_url else "store-identity"))
    if settings.store_url:
        return SpooledStore(settings.spool_dir, identity, bucket=Bucket(settings.store_url))
    main = LocalStore(settings.store_dir, identity)
    if settings.spare_store is None:
        return main
    spare = Spare(settings.spare_store, _remembered(_spare_memo(settings)) or NOBODY)
    return SparedStore(main, spare, _notes(settings))


def _spare_memo(settings: Settings) -> Path:
    return settings.recorder_dir / "spare-identity"


def _notes(settings: Settings) -> Path:
    return settings.recorder_dir / "streams"


def _remembered(memo: Path) -> str:
    return memo.read_text(encoding="utf-8").strip() if memo.exists() else ""
