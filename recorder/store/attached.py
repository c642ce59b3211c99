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
    """The store to look into: nothing is made, and its identity is the one remembered here, if any."""
    memo = settings.recorder_dir / ("spool-identity" if settings.store_url else "store-identity")
    identity = memo.read_text(encoding="utf-8").strip() if memo.exists() else ""
    if not settings.store_url:
        return LocalStore(settings.store_dir, identity)
    return SpooledStore(settings.spool_dir, identity, bucket=Bucket(settings.store_url))
