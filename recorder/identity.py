"""The recorders' identity on this machine: an X25519 key that camera accounts are sealed to (O-25)."""

from __future__ import annotations

from pathlib import Path

from recorder.rtsp.auth import Credentials
from vms.keys.wrapping import PEER_KEY_BYTES, peer_public_key
from vms.vault.files import secret_file, write_durably
from vms.vault.handover import open_for_recorder


class RecorderIdentity:
    """The private key, made at first use and shared by the machine's recorder processes; its public half beside it."""

    def __init__(self, recorder_dir: Path) -> None:
        recorder_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Any 32 bytes are an X25519 private key (RFC 7748 §5).
        self._private = secret_file(recorder_dir / "identity.key", PEER_KEY_BYTES)
        public = peer_public_key(self._private)
        # Accounts opened before, by what they were sealed as: the fleet asks for each of them every second.
        self._opened: dict[str, tuple[bytes, Credentials]] = {}
        path = recorder_dir / "identity.pub"
        if not path.exists() or path.read_bytes() != public:
            write_durably(path, public, mode=0o644)

    def open(self, camera: str, sealed: bytes) -> Credentials | None:
        """The camera's streaming account, None when it needs none; Damaged when it is not for us."""
        if not sealed:
            self._opened.pop(camera, None)
            return None
        known = self._opened.get(camera)
        if known is None or known[0] != sealed:
            account = open_for_recorder(self._private, camera, sealed)
            known = self._opened[camera] = (sealed, Credentials(account.username, account.password))
        return known[1]
