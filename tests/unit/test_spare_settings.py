"""Which spare volumes the settings allow, and how a store starts when one of its two volumes is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from recorder.store.attached import attach, reading
from recorder.store.errors import StoreError
from recorder.store.identity import IDENTITY_FILE
from recorder.store.spared import SparedStore
from vms.settings import Settings


def test_a_volume_that_was_never_seen_is_waited_for(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", spare_store=tmp_path / "spare")
    settings.make_dirs()
    (tmp_path / "spare").mkdir()
    settings.store_dir.rmdir()
    with pytest.raises(StoreError):
        attach(settings, 0)
    settings.store_dir.mkdir()
    assert attach(settings, 0).identity
    (settings.store_dir / IDENTITY_FILE).unlink()
    store = attach(settings, 0)
    assert store.is_away()
    store.check_ready()
    (tmp_path / "spare" / IDENTITY_FILE).unlink()
    with pytest.raises(StoreError):
        attach(settings, 0)
    assert isinstance(reading(settings), SparedStore)


@pytest.mark.parametrize("spare", ["spare", "{home}/store", "{home}/store/spare", "{home}"])
def test_a_spare_that_would_be_none_is_refused(tmp_path: Path, spare: str) -> None:
    with pytest.raises(ValidationError, match="VMS_SPARE_STORE"):
        Settings(home=tmp_path, spare_store=Path(spare.format(home=tmp_path)))


def test_a_bucket_has_a_spool_and_no_spare(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="VMS_SPARE_STORE"):
        Settings(home=tmp_path, spare_store=tmp_path / "spare", store_url="s3://footage")
