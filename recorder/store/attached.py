"""Which store the settings name: a folder of this machine, or a bucket with a spool before it."""

from __future__ import annotations

from recorder.store.bucket import Bucket
from recorder.store.local import FLOOR_BYTES, LocalStore
from recorder.store.s3 import SpooledStore
from vms.settings import Settings


def attach(settings: Settings, floor_bytes: int = FLOOR_BYTES) -> LocalStore:
    """The store to write to; StoreError while its volume is away, or is another one. Blocks."""
    if not settings.store_url:
        memo = settings.recorder_dir / "store-identity"
        return LocalStore.attach(settings.store_dir, memo, floor_bytes=floor_bytes)
    memo = settings.recorder_dir / "spool-identity"
    bucket = Bucket(settings.store_url)
    return SpooledStore.of(settings.spool_dir, memo, bucket, settings.spool_limit_mib, floor_bytes)


def reading(settings: Settings) -> LocalStore:
    """The store to read from: nothing is made, and its identity does not matter."""
    if not settings.store_url:
        return LocalStore(settings.store_dir, "")
    return SpooledStore(settings.spool_dir, "", bucket=Bucket(settings.store_url))
