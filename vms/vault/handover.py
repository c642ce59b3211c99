"""Camera accounts on their way between processes, each sealed to the one that may open it (HPKE X25519).

* To the recorders: a camera's *User* account (O-25), to the public key in ``recorder/identity.pub``.
* To the provisioner: an account that a person typed (a factory password, a stream's account), to the public key in
  ``vault/intake.pub``, so that neither the order, nor the journal, nor the database ever holds it in clear.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Final

from vms.errors import BadInput, Damaged, Unavailable
from vms.keys.wrapping import PEER_KEY_BYTES, open_from, peer_public_key, seal_to
from vms.onvif.soap import Credential
from vms.vault.files import secret_file, write_durably

RECORDER_INFO: Final = b"guet/camera-credential/v1"
INTAKE_INFO: Final = b"guet/camera-intake/v1"
MAX_SEALED_BYTES: Final = 4096
MAX_FIELD_CHARS: Final = 256


def seal_for_recorder(public: bytes, camera: str, credential: Credential) -> bytes:
    """The camera's streaming account for the recorders; bound to the camera's id."""
    return seal_to(public, _plain(credential), RECORDER_INFO, camera.encode())


def open_for_recorder(private: bytes, camera: str, sealed: bytes) -> Credential:
    """What ``seal_for_recorder`` sealed, for a recorder; Damaged when it is another camera's or was altered."""
    return _credential(open_from(private, sealed, RECORDER_INFO, camera.encode()))


def recorder_public(recorder_dir: Path) -> bytes:
    """The recorders' identity key; Unavailable until a recorder has run once."""
    return _public(recorder_dir / "identity.pub", "Aucun enregistreur n’a encore démarré sur cette machine.")


def seal_for_provisioner(vault_dir: Path, commune: str, username: str, password: str) -> str:
    """An account that a person typed, as order arguments carry it (``credential_sealed``); bound to the commune."""
    for text in (username, password):
        if len(text) > MAX_FIELD_CHARS or not text.isprintable():
            raise BadInput("Identifiant ou mot de passe trop long, ou avec des caractères de commande.")
    public = _public(vault_dir / "intake.pub", "Le coffre des caméras n’est pas encore prêt.")
    sealed = seal_to(public, _plain(Credential(username, password)), INTAKE_INFO, commune.encode())
    return base64.b64encode(sealed).decode()


class Intake:
    """The provisioner's side: the private key, made at first use, and its public half beside it."""

    def __init__(self, vault_dir: Path) -> None:
        vault_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Any 32 bytes are an X25519 private key (RFC 7748 §5), so the key file is made like the vault's.
        self._private = secret_file(vault_dir / "intake.key", PEER_KEY_BYTES)
        public = peer_public_key(self._private)
        path = vault_dir / "intake.pub"
        if not path.exists() or path.read_bytes() != public:
            write_durably(path, public, mode=0o644)

    def open(self, commune: str, sealed: str) -> Credential:
        """The account in an order's ``credential_sealed``; Damaged when it is another commune's or was altered."""
        try:
            data = base64.b64decode(sealed, validate=True)
        except ValueError as error:
            raise Damaged("Compte scellé illisible.") from error
        if len(data) > MAX_SEALED_BYTES:
            raise Damaged("Compte scellé trop long.")
        return _credential(open_from(self._private, data, INTAKE_INFO, commune.encode()))


def _public(path: Path, missing: str) -> bytes:
    try:
        public = path.read_bytes()
    except FileNotFoundError as error:
        raise Unavailable(missing, where=path.name, todo="Démarrez `vms serve`, puis recommencez.") from error
    if len(public) != PEER_KEY_BYTES:
        raise Damaged("Clé publique abîmée.", where=path.name)
    return public


def _plain(credential: Credential) -> bytes:
    return json.dumps({"username": credential.username, "password": credential.password}).encode()


def _credential(data: bytes) -> Credential:
    try:
        plain = json.loads(data)
        return Credential(str(plain["username"]), str(plain["password"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged("Compte scellé illisible.") from error
