"""One virtual camera on a clip of 0.8 s, for tests of what it sends."""

from __future__ import annotations

import asyncio
import functools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig
from tests.fakes.clips import encode_clip

ADDRESS = "127.0.62.1"
EYE = ("eye", "eye-secret")
USERS = (UserConfig(name="boss", password="boss-secret"), UserConfig(name="eye", password="eye-secret", level="User"))
LIMIT_S = 60.0


@functools.cache
def clip(encoder: str = "libx264", width: int = 320, height: int = 240) -> Path:
    """A clip of 0.8 s: it loops within a test."""
    path = Path(tempfile.mkdtemp(prefix="guet-rtsp-")) / f"{encoder}-{width}.mp4"
    encode_clip(path, encoder, width, height, 20, g="5", **{"x265-params": "log-level=none:keyint=5:bframes=0"})
    return path


def settings(**changes: object) -> CameraConfig:
    given = {"id": "cam", "address": ADDRESS, "main": clip(), "sub": clip("libx264", 160, 120), "users": USERS}
    return CameraConfig.model_validate({**given, "factory": False, "onvif": False, **changes})


def farm_of(config: CameraConfig) -> Farm:
    return Farm(FarmConfig(cameras=(config,), http_port=0, rtsp_port=0, discovery_port=0, multicast=False))


async def until(what: Callable[[], bool]) -> None:
    """Wait until a callable is true; fail after a while."""
    deadline = time.monotonic() + LIMIT_S
    while not what():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)
