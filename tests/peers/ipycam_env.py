"""ipycam, an ONVIF camera written by others, in an environment of its own (it needs the windowed OpenCV).

It knows no users and no RTSP authentication, listens on every address of the machine, answers discovery for each of
them, and needs ffmpeg on PATH: an enrolment against it ends in a refusal.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.ports import free_port
from tests.peers.process import running, wait_for

PACKAGE = "ipycam==1.3.0"
INSTALL_LIMIT_S = 300
CONNECT_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Ipycam:
    """A running ipycam; ``address`` is the loopback address it calls its own."""

    address: str
    onvif_port: int
    rtsp_port: int

    @property
    def device_url(self) -> str:
        """The device service."""
        return f"http://{self.address}:{self.onvif_port}/onvif/device_service"


def ipycam_python(cache: Path) -> Path:
    """The interpreter of the environment in ``cache``, made on first use by whoever comes first."""
    final = cache / PACKAGE.replace("==", "-")
    python = final / "bin" / "python"
    if python.exists():
        return python
    unfinished = cache / f".{final.name}-{os.getpid()}"
    subprocess.run([sys.executable, "-m", "venv", str(unfinished)], check=True, timeout=INSTALL_LIMIT_S)
    install = [str(unfinished / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", PACKAGE]
    subprocess.run(install, check=True, timeout=INSTALL_LIMIT_S)
    try:
        unfinished.rename(final)
    except OSError:
        shutil.rmtree(unfinished)
    return python


@contextmanager
def ipycam(clip: Path, folder: Path, cache: Path, *, address: str) -> Iterator[Ipycam]:
    """Run ipycam on a clip; configuration and log go to ``folder``, the environment to ``cache``."""
    python = ipycam_python(cache)
    ports: set[int] = set()
    while len(ports) < 5:
        ports.add(free_port())
    onvif_port, rtsp_port, *others = ports
    settings = {
        "local_ip": address,
        "onvif_port": onvif_port,
        "rtsp_port": rtsp_port,
        "web_port": others[0],
        "go2rtc_api_port": others[1],
        "rtmp_port": others[2],
        "hw_accel": "cpu",
        "main_width": 704,
        "main_height": 576,
        "main_fps": 12,
        "sub_width": 352,
        "sub_height": 288,
        "sub_fps": 12,
    }
    config, log = folder / "ipycam.json", folder / "ipycam.log"
    config.write_text(json.dumps(settings))
    command = [str(python), "-m", "ipycam", "--config", str(config), "--source", str(clip), "--hw", "cpu"]
    with running(command, log, cwd=folder) as process:
        wait_for(process, log, lambda: (_answers(address, onvif_port) and _answers(address, rtsp_port)) or None)
        yield Ipycam(address, onvif_port, rtsp_port)


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), CONNECT_LIMIT_S).close()
    except OSError:
        return False
    return True
