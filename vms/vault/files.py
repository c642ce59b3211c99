"""The vault on disk: one AES-256-GCM file a camera, under a key file that only the provisioner's account can read.

    file = "GUETVLT1" ‖ nonce(12) ‖ AES-256-GCM(key, nonce, entry, aad = "guet/vault/v1" ‖ 0 ‖ camera id)

The camera's id is authenticated, so that one camera's file cannot stand in for another's. A write is durable before it
returns: temporary file, fsync, rename, fsync of the folder; a crash leaves the old file or the new one.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vms.errors import BadInput, Damaged, Refused
from vms.vault.entry import VaultEntry

MAGIC: Final = b"GUETVLT1"
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
MAX_FILE_BYTES: Final = 64 * 1024
CAMERA_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class Vault:
    """The vault in one folder; the key is made at first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = secret_file(folder / "vault.key", KEY_BYTES)

    def read(self, camera: str) -> VaultEntry | None:
        """The camera's entry, None when there is none; Damaged when the file was altered or is another camera's."""
        path = self._path(camera)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        if len(data) > MAX_FILE_BYTES or not data.startswith(MAGIC):
            raise Damaged("Fiche du coffre des caméras abîmée.", where=path.name)
        nonce, sealed = data[len(MAGIC) : len(MAGIC) + NONCE_BYTES], data[len(MAGIC) + NONCE_BYTES :]
        try:
            return VaultEntry.from_json(AESGCM(self._key).decrypt(nonce, sealed, _aad(camera)))
        except (InvalidTag, ValueError) as error:
            raise Damaged(
                "Fiche du coffre des caméras abîmée, ou scellée sous une autre clé.",
                where=path.name,
                todo="Restaurez la fiche et la clé du coffre de la même sauvegarde.",
            ) from error

    def write(self, entry: VaultEntry) -> None:
        """Seal and store an entry, durable when this returns."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(nonce, entry.to_json(), _aad(entry.camera))
        write_durably(self._path(entry.camera), MAGIC + nonce + sealed)

    def _path(self, camera: str) -> Path:
        if not CAMERA_ID.fullmatch(camera):
            raise BadInput(f"« {camera[:40]} » n’est pas l’identifiant d’une caméra.")
        return self._folder / f"{camera}.vault"


def _aad(camera: str) -> bytes:
    return b"guet/vault/v1\0" + camera.encode()


def secret_file(path: Path, size: int) -> bytes:
    """The secret in ``path``, made at first use; Refused when others could read it, Damaged when it is not whole."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        write_durably(path, os.urandom(size), only_if_absent=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor)
        if stat.S_IMODE(mode.st_mode) & 0o077 or mode.st_uid != os.geteuid():
            raise Refused(
                "D’autres comptes de cette machine peuvent lire une clé du coffre.",
                where=path.name,
                todo=f"Rendez le fichier à son compte, droits 0600 : chmod 600 {path.name}.",
                rule="A-12",
            )
        secret = file.read(size + 1)
    if len(secret) != size:
        raise Damaged("Clé du coffre abîmée.", where=path.name, todo="Restaurez-la de la sauvegarde.")
    return secret


def write_durably(path: Path, data: bytes, *, mode: int = 0o600, only_if_absent: bool = False) -> None:
    """Write a file so that after a crash it is there whole, or not at all."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if only_if_absent:
            with contextlib.suppress(FileExistsError):  # somebody made it meanwhile: theirs counts
                os.link(temporary, path)
            temporary.unlink()
        else:
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
