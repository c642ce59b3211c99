"""Virtual cameras: ONVIF, WS-Discovery and RTSP on real footage, able to misbehave on command.

In a test: ``async with Farm(FarmConfig(cameras=(…,))) as farm``. As a process:
``python -m tests.fakes.camera --config FILE.json``.
"""

from tests.fakes.camera.camera import VirtualCamera
from tests.fakes.camera.config import CameraConfig, FarmConfig, UserConfig
from tests.fakes.camera.farm import Farm

__all__ = ["CameraConfig", "Farm", "FarmConfig", "UserConfig", "VirtualCamera"]
