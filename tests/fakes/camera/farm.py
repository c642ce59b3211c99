"""Many virtual cameras in one process, each on its own loopback address, and the control endpoint beside them."""

from __future__ import annotations

from typing import Any

from tests.fakes.camera.camera import VirtualCamera
from tests.fakes.camera.config import CameraConfig, FarmConfig
from tests.fakes.camera.control import ControlServer
from tests.fakes.camera.discovery import Discovery
from tests.fakes.camera.pacer import Pacer


class Farm:
    """``async with Farm(config) as farm: farm["camera-1"]…``"""

    def __init__(self, config: FarmConfig) -> None:
        self.config = config
        self.pacer = Pacer()
        self.cameras = {camera.id: self._make(camera) for camera in config.cameras}
        self.discovery = Discovery(self.cameras.values(), config.discovery_port, multicast=config.multicast)
        self.control = ControlServer(self, config.control_address, config.control_port)

    def __getitem__(self, camera_id: str) -> VirtualCamera:
        return self.cameras[camera_id]

    async def __aenter__(self) -> Farm:
        try:
            await self.start()
        except OSError:
            await self.stop()  # an address was taken: leave none of the others open
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start every camera, discovery and control."""
        for camera in self.cameras.values():
            await camera.start()
        await self.discovery.start()
        await self.control.start()

    async def stop(self) -> None:
        """Stop everything."""
        self.discovery.stop()
        await self.control.stop()
        self.pacer.close()
        for camera in self.cameras.values():
            await camera.stop()

    async def add(self, config: CameraConfig) -> VirtualCamera:
        """One more camera while the others run, for example an impostor with another's endpoint reference."""
        camera = self._make(config)
        await camera.start()
        self.cameras[config.id] = camera
        if config.onvif:
            await self.discovery.add(camera)
        return camera

    async def remove(self, camera_id: str) -> None:
        """Take a camera off the network."""
        camera = self.cameras.pop(camera_id)
        self.discovery.remove(camera)
        await camera.stop()

    def _make(self, config: CameraConfig) -> VirtualCamera:
        return VirtualCamera(config, self.pacer, http_port=self.config.http_port, rtsp_port=self.config.rtsp_port)

    def describe(self) -> dict[str, Any]:
        """Where everything listens, as JSON data; the command's first line of output."""
        return {
            "event": "ready",
            "control": self.control.url,
            "discovery_port": self.discovery.port,
            "cameras": [
                {
                    "id": camera.config.id,
                    "address": camera.config.address,
                    "http_port": camera.http_port,
                    "rtsp_port": camera.rtsp_port,
                    "device_url": camera.device_url if camera.config.onvif else None,
                    "streams": {name: camera.rtsp_url(name) for name in camera.streams},
                    "endpoint": camera.config.endpoint_reference,
                    "mac": camera.config.mac_address,
                    "serial": camera.config.serial_number,
                }
                for camera in self.cameras.values()
            ],
        }
