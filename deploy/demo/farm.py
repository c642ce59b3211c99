"""The demonstration's cameras: one process of virtual ONVIF cameras on loopback addresses, streaming the clips found.

The virtual cameras live with the tests, which drive them into every corner; the demonstration starts the same ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.demo.footage import Clip
from deploy.demo.town import CAMERAS, COMMUNES, KNOWN_ZONES, DemoCamera
from vms.errors import NotFound, Unavailable

START_LIMIT_S: Final = 60.0
REPOSITORY: Final = Path(__file__).parent.parent.parent
HTTP_PORT: Final = 18080
RTSP_PORT: Final = 18554
NETWORK_TRIES: Final = 50
# Beside the cameras' configuration: what they said of themselves once they answered.
LISTENING_FILE: Final = "cameras-listening.json"


@dataclass(frozen=True, slots=True)
class Network:
    """Where the demonstration's cameras listen: ``127.<second>.<commune's network>.<10 + number>``."""

    second: int

    @classmethod
    def kept_in(cls, home: Path) -> Network:
        """The network of this home: chosen at random once, among those where no other demonstration's cameras are."""
        path = home / "network.json"
        if path.exists():
            return cls(int(json.loads(path.read_text())["second"]))
        seconds = random.SystemRandom().sample(range(16, 251), k=NETWORK_TRIES)
        network = next((cls(second) for second in seconds if cls(second).is_free()), cls(seconds[0]))
        path.write_text(json.dumps({"second": network.second}))
        return network

    def is_free(self) -> bool:
        """Whether the cameras' RTSP port can be had on every address that the demonstration would use now."""
        for camera in CAMERAS:
            third = next(commune.network for commune in COMMUNES if commune.id == camera.commune)
            with socket.socket() as probe:
                try:
                    probe.bind((self.address(third, camera.number), RTSP_PORT))
                except OSError:
                    return False
        return True

    def prefix(self, third: int) -> str:
        """The prefix that a commune declares."""
        return f"127.{self.second}.{third}.0/28"

    def address(self, third: int, number: int) -> str:
        """One camera's address inside that prefix."""
        return f"127.{self.second}.{third}.{number + 1}"


def clip_for(camera: DemoCamera, clips: list[Clip]) -> Clip:
    """The clip whose scene fits the camera best; any clip rather than none."""
    for scene in camera.scenes:
        for clip in clips:
            if clip.scene.startswith(scene) and clip.codec == "h264":
                return clip
    if not clips:
        raise NotFound("Aucune séquence pour les caméras de la démonstration.", todo="Donnez --footage DOSSIER.")
    return clips[camera.number % len(clips)]


def zones_of(camera: DemoCamera, clip: Clip) -> tuple[tuple[tuple[float, float], ...], ...]:
    """The dwellings to hide on this camera; none when it is to show an unmasked one."""
    return (clip.zones or KNOWN_ZONES.get(clip.scene, ())) if camera.masked else ()


def farm_config(network: Network, wanted: Sequence[DemoCamera], clips: list[Clip], home: Path) -> dict[str, Any]:
    """The configuration of the virtual cameras, as they leave the factory; what they are told stays in ``home``."""
    thirds = {commune.id: commune.network for commune in COMMUNES}
    cameras = []
    for camera in wanted:
        clip, name = clip_for(camera, clips), f"{camera.commune}-{camera.number:02d}"
        cameras.append(
            {
                "id": name,
                "address": network.address(thirds[camera.commune], camera.number),
                "main": str(clip.main),
                "sub": str(clip.sub),
                "name": f"Camera {camera.number}",
                "model": "Virtual-1",
                "memory": str(home / "cameras" / f"{name}.json"),
            }
        )
    return {"cameras": cameras, "http_port": HTTP_PORT, "rtsp_port": RTSP_PORT, "multicast": False}


@dataclass(frozen=True, slots=True)
class FarmProcess:
    """The cameras' process, which takes a moment to answer while others start beside it."""

    process: asyncio.subprocess.Process
    told: Path

    async def answers(self) -> None:
        """Return once every camera answers, with where they listen in ``told``; Unavailable when they cannot start."""
        stdout = self.process.stdout
        try:
            async with asyncio.timeout(START_LIMIT_S):
                line = await stdout.readline() if stdout is not None else b""
        except TimeoutError:
            line = b""
        if not line:
            raise Unavailable(
                "Les caméras virtuelles n’ont pas démarré.",
                where="démonstration",
                todo="Lancez la démonstration depuis le dépôt, et voyez l’erreur ci-dessus.",
            )
        self.told.write_bytes(line)

    async def end(self) -> None:
        """Switch the cameras off."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        await self.process.wait()


async def start_farm(config: dict[str, Any], path: Path) -> FarmProcess:
    """Start the cameras; they are not yet there when this returns: ``await farm.answers()``."""
    path.write_text(json.dumps(config, indent=1))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.camera", "--config", str(path),
        cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    return FarmProcess(process, path.with_name(LISTENING_FILE))
