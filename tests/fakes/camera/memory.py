"""A camera's flash: what a real one still knows after its power was cut (accounts, settings, the chosen encoder).

A file of JSON, replaced whole after each change, so that a killed farm leaves the last complete state. A camera without
a file forgets everything, as before.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.camera.accounts import Account
from tests.fakes.camera.device import Mask, NetworkProtocol

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera


class Memory:
    """Reads the state once, when the camera starts; writes it after each change."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._written = b""

    def recall(self, camera: VirtualCamera) -> None:
        """Give the camera what its last life left; ValueError when the file is not one of ours."""
        if self._path is None or not self._path.exists():
            return
        self._written = self._path.read_bytes()
        state = json.loads(self._written)
        camera.accounts.restore([Account(**one) for one in state["accounts"]])
        device = camera.device
        for name in ("discoverable", "configured_scopes", "ntp_servers", "clock_source", "time_zone"):
            setattr(device, name, state["device"][name])
        device.metadata_version = state["device"]["metadata_version"]
        device.protocols = [NetworkProtocol(**one) for one in state["device"]["protocols"]]
        device.masks = {one["token"]: Mask(**one) for one in state["device"]["masks"]}
        for name, clip in state["clips"].items():
            known = (camera.config.main, *camera.config.main_variants, camera.config.sub)
            if Path(clip) in known and Path(clip) != camera.streams[name].clip.path:
                camera.switch_clip(name, Path(clip))

    def keep(self, camera: VirtualCamera) -> None:
        """Write the state when it has changed; OSError when the disk refuses."""
        if self._path is None:
            return
        told = json.dumps(_state(camera), indent=1).encode()
        if told == self._written:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".tmp")
        with unfinished.open("wb") as file:
            file.write(told)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._path)
        self._written = told


def _state(camera: VirtualCamera) -> dict[str, Any]:
    device = camera.device
    return {
        "accounts": [asdict(account) for account in camera.accounts.all()],
        "device": {
            "discoverable": device.discoverable,
            "configured_scopes": device.configured_scopes,
            "ntp_servers": device.ntp_servers,
            "clock_source": device.clock_source,
            "time_zone": device.time_zone,
            "metadata_version": device.metadata_version,
            "protocols": [asdict(one) for one in device.protocols],
            "masks": [asdict(one) for one in device.masks.values()],
        },
        "clips": {name: str(stream.clip.path) for name, stream in camera.streams.items()},
    }
