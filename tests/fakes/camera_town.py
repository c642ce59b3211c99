"""Virtual cameras on small clips and a vault beside them: what enrolment tests start from."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.camera import CameraConfig, Farm, FarmConfig, VirtualCamera
from tests.fakes.clips import encode_clip
from vms.clock import SystemClock
from vms.onvif.soap import Credential
from vms.onvif.territory import DeclaredPrefix, Territory
from vms.services.enrol import PLAN, Enrolled, Enrolment, EnrolRequest
from vms.services.identify import Identity, Match
from vms.services.steps import Steps
from vms.vault.files import Vault

PREFIX = "127.77.0.0/28"
FACTORY = Credential("admin", "admin")


@functools.cache
def clip(encoder: str, width: int, height: int) -> Path:
    """A short clip of this size at 25 images a second."""
    path = Path(tempfile.mkdtemp(prefix="guet-town-")) / f"{encoder}-{width}x{height}.mp4"
    encode_clip(path, encoder, width, height, 10, preset="ultrafast", g="5")
    return path


def camera(number: int = 7, **settings: Any) -> CameraConfig:
    """A factory-fresh camera at 127.77.0.<number>: 704 × 576 and 352 × 288."""
    given = {"main": clip("libx264", 704, 576), "sub": clip("libx264", 352, 288), **settings}
    return CameraConfig(id=f"cam-{number}", address=f"127.77.0.{number}", name="Halle", **given)


def farm(*cameras: CameraConfig) -> Farm:
    """The cameras on ports that the system chooses."""
    return Farm(
        FarmConfig(cameras=cameras, http_port=0, rtsp_port=0, discovery_port=0, multicast=False, control_port=0)
    )


@dataclass
class Town:
    """What one enrolment needs, with the inventory replaced by what the test says."""

    home: Path
    match: Match = field(default_factory=lambda: Match("new"))
    trusted: bool = True
    saved: dict[str, Any] = field(default_factory=dict)
    inscribed: list[Enrolled] = field(default_factory=list)

    @property
    def vault(self) -> Vault:
        """The vault, opened afresh as a restarted provisioner would."""
        return Vault(self.home / "vault")

    async def enrol(self, device: VirtualCamera, account: Credential | None = None, **changes: Any) -> Enrolled:
        """Enrol a virtual camera as valclair-c07."""
        settings: dict[str, Any] = {"address": device.config.address, "url": device.device_url}
        settings |= {"endpoint_reference": device.config.endpoint_reference} | changes
        return await Enrolment(
            EnrolRequest("valclair-c07", account=account, **settings),
            territory=Territory([DeclaredPrefix.parse(PREFIX, trusted=self.trusted)]),
            vault=self.vault,
            clock=SystemClock(),
            steps=Steps(PLAN, SystemClock(), self.save, self.saved),
            compare=self._compare,
            inscribe=self._inscribe,
        ).run()

    async def save(self, progress: dict[str, Any]) -> None:
        """What the order's row would hold."""
        self.saved = progress

    async def _compare(self, _: Identity) -> Match:
        return self.match

    async def _inscribe(self, enrolled: Enrolled) -> str:
        self.inscribed.append(enrolled)
        return "Caméra inscrite."

    def step(self, name: str) -> dict[str, Any]:
        """One step as pages see it."""
        return next(s for s in self.saved["steps"] if s["name"] == name)
