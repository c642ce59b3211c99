"""The camera vault: sealed, bound to its camera, durable, and mute (A-05, A-12, O-25)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.errors import BadInput, Damaged, GuetError, Refused, Unavailable
from vms.keys.wrapping import generate_peer_key
from vms.onvif.soap import Credential
from vms.vault import files
from vms.vault.entry import ADMINISTRATOR, USER, StoredAccount, VaultEntry
from vms.vault.files import Vault
from vms.vault.handover import (
    Intake,
    open_for_recorder,
    recorder_public,
    seal_for_provisioner,
    seal_for_recorder,
)
from vms.vault.passwords import PASSWORD_CHARS, PASSWORD_MIN_CHARS, SIGNS, new_password

SECRET = "Zebra-quartz.91+moka"
ENTRY = VaultEntry(
    "valclair-c07",
    "urn:uuid:5f5a69c2-e0ae-504f-829b-00fcda1a0001",
    {USER: StoredAccount("guet-lecture", SECRET, "pending-" + SECRET)},
    {"root": StoredAccount("root", "locked-" + SECRET)},
    established=True,
)


def test_an_entry_comes_back_whole_and_nothing_of_it_is_in_clear(tmp_path: Path) -> None:
    Vault(tmp_path).write(ENTRY)
    assert Vault(tmp_path).read("valclair-c07") == ENTRY
    assert Vault(tmp_path).read("valclair-c08") is None
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for text in (SECRET, "guet-lecture", "root", "5f5a69c2"):
        assert text.encode() not in written
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_files_and_keys_are_the_provisioners_own(tmp_path: Path) -> None:
    Vault(tmp_path / "vault").write(ENTRY)
    Intake(tmp_path / "vault")
    modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "vault").iterdir()}
    assert modes == {"vault.key": 0o600, "intake.key": 0o600, "intake.pub": 0o644, "valclair-c07.vault": 0o600}
    assert (tmp_path / "vault").stat().st_mode & 0o777 == 0o700


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Vault(tmp_path)
    (tmp_path / "vault.key").chmod(0o640)
    with pytest.raises(Refused) as caught:
        Vault(tmp_path)
    assert caught.value.rule == "A-12"


def test_a_key_that_is_a_link_or_cut_is_not_followed(tmp_path: Path) -> None:
    Vault(tmp_path)
    key = tmp_path / "vault.key"
    key.write_bytes(key.read_bytes()[:31])
    with pytest.raises(Damaged):
        Vault(tmp_path)
    key.rename(tmp_path / "elsewhere")
    key.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        Vault(tmp_path)


@pytest.mark.parametrize("position", [0, 7, 8, 19, 20, 60, -1])
def test_one_flipped_bit_is_found(tmp_path: Path, position: int) -> None:
    vault = Vault(tmp_path)
    vault.write(ENTRY)
    path = tmp_path / "valclair-c07.vault"
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged) as caught:
        vault.read("valclair-c07")
    assert caught.value.where == "valclair-c07.vault"


@pytest.mark.parametrize("length", [0, 8, 20, 40])
def test_a_cut_file_is_found(tmp_path: Path, length: int) -> None:
    vault = Vault(tmp_path)
    vault.write(ENTRY)
    path = tmp_path / "valclair-c07.vault"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(Damaged):
        vault.read("valclair-c07")


def test_one_cameras_file_cannot_stand_in_for_anothers(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write(ENTRY)
    (tmp_path / "valclair-c07.vault").rename(tmp_path / "valclair-c08.vault")
    with pytest.raises(Damaged):
        vault.read("valclair-c08")


@pytest.mark.parametrize("camera", ["", "../x", "a/b", "A-c01", "-a", "a" * 65])
def test_a_camera_id_that_is_a_path_is_refused(tmp_path: Path, camera: str) -> None:
    with pytest.raises(BadInput):
        Vault(tmp_path).read(camera)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    vault = Vault(tmp_path)
    vault.write(ENTRY)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os if call == "fsync" else Path, call, fails)
        with pytest.raises(OSError):
            vault.write(VaultEntry("valclair-c07"))
    assert vault.read("valclair-c07") == ENTRY
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_two_provisioners_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    files.write_durably(tmp_path / "vault.key", b"a" * 32, only_if_absent=True)
    files.write_durably(tmp_path / "vault.key", b"b" * 32, only_if_absent=True)
    assert (tmp_path / "vault.key").read_bytes() == b"a" * 32


def test_no_repr_shows_a_password() -> None:
    assert SECRET not in repr(ENTRY) + str(ENTRY) + repr(ENTRY.account(USER).credentials())


def test_a_pending_password_is_tried_before_the_old_one() -> None:
    passwords = [c.password for c in ENTRY.account(USER).credentials()]
    assert passwords == ["pending-" + SECRET, SECRET]
    with pytest.raises(Damaged):
        ENTRY.account(ADMINISTRATOR)


@given(st.binary(max_size=200))
def test_an_entry_that_is_none_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        VaultEntry.from_json(data)


def test_the_recorders_account_opens_for_that_recorder_and_camera_only() -> None:
    private, public = generate_peer_key()
    sealed = seal_for_recorder(public, "valclair-c07", Credential("guet-lecture", SECRET))
    assert SECRET.encode() not in sealed
    assert open_for_recorder(private, "valclair-c07", sealed) == Credential("guet-lecture", SECRET)
    for other_private, camera in ((private, "valclair-c08"), (generate_peer_key()[0], "valclair-c07")):
        with pytest.raises(Damaged):
            open_for_recorder(other_private, camera, sealed)


def test_recorders_that_never_started_have_no_identity(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        recorder_public(tmp_path)
    (tmp_path / "identity.pub").write_bytes(b"short")
    with pytest.raises(Damaged):
        recorder_public(tmp_path)


def test_a_typed_account_reaches_the_provisioner_sealed(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        seal_for_provisioner(tmp_path, "valclair", "admin", SECRET)
    intake = Intake(tmp_path)
    sealed = seal_for_provisioner(tmp_path, "valclair", "admin", SECRET)
    assert SECRET not in sealed
    assert Intake(tmp_path).open("valclair", sealed) == Credential("admin", SECRET)
    for commune, value in (
        ("brume", sealed),
        ("valclair", sealed[:-8] + "AAAAAAA="),
        ("valclair", "é"),
        ("valclair", ""),
    ):
        with pytest.raises(GuetError):
            intake.open(commune, value)
    with pytest.raises(BadInput):
        seal_for_provisioner(tmp_path, "valclair", "admin", "line\nfeed")


def test_passwords_are_long_mixed_and_never_twice_the_same() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == PASSWORD_CHARS
        assert password[0].isalpha()
        assert any(c in SIGNS for c in password)
        assert any(c.isupper() for c in password)
        assert any(c.islower() for c in password)
        assert any(c.isdigit() for c in password)


def test_a_camera_that_takes_short_passwords_gets_what_it_takes_or_is_refused() -> None:
    assert len(new_password(16)) == 16
    assert len(new_password(64)) == PASSWORD_CHARS
    with pytest.raises(Refused) as caught:
        new_password(PASSWORD_MIN_CHARS - 1)
    assert caught.value.rule == "A-05"


def test_key_files_survive_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        Vault(tmp_path / "v")
    finally:
        os.umask(old)
    assert (tmp_path / "v" / "vault.key").stat().st_mode & 0o777 == 0o600
