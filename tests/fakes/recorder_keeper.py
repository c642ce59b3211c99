"""The keeper as a recorder sees it, for tests of recorders alone: a plan that a test edits, permits that it signs."""

from __future__ import annotations

import base64
import secrets
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from vms.clock import UtcTime
from vms.keeper.gate.permit import LIFETIME_US, PermitPayload, sign_permit
from vms.keeper.gate.statement import PLAN, sign_statement
from vms.keeper.protocol import Act, CameraPlan, CameraRetention, CommunePlan, LegalState, Plan, ZoneView
from vms.keys.signing import generate_signing_key
from vms.keys.wrapping import generate_commune_key
from vms.wire import Answer, Args, WireServer

COMMUNE = "valclair"


def zones(camera: str, name: str, *polygons: dict[str, Any], no_dwelling: bool = False, **more: Any) -> ZoneView:
    """A validated zone set."""
    facts: dict[str, Any] = {"author": "a", "validator": "b", "created_us": 1, "validated_us": 2} | more
    return ZoneView(id=name, version=1, camera=camera, polygons=polygons, no_dwelling=no_dwelling, **facts)


def camera_plan(camera: str, **changes: Any) -> CameraPlan:
    """A camera in service with nothing to mask, unless told otherwise."""
    facts: dict[str, Any] = {
        "camera": camera,
        "commune": COMMUNE,
        "legal_state": LegalState.IN_SERVICE,
        "record": True,
        "zone_set": zones(camera, "zones-1", no_dwelling=True),
        "retention_days": 30,
    }
    return CameraPlan(**(facts | changes))


class RecorderKeeper:
    """Serves ``k-rec.sock`` in a folder; what recorders hand over is kept in lists."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "k-rec.sock"
        self.private, self.public = generate_signing_key()
        self.commune_private, self.commune_public = generate_commune_key()
        self.cameras: list[CameraPlan] = []
        self.hour_keys: dict[str, bytes] = {}
        self.heads: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self.recovered: list[dict[str, Any]] = []
        self.forbidden: list[tuple[int, int]] = []  # past ranges in which nothing might be recorded
        self.retentions: list[CameraRetention] = []
        self.erased: list[dict[str, Any]] = []
        self.masks: list[dict[str, Any]] = []
        self.known = ""  # the plan that the recorder says it has
        self._version = 0
        self._server: WireServer | None = None

    async def start(self) -> None:
        self._server = WireServer(
            {
                "plan": self._plan,
                "permit_key": self._permit_key,
                "put_hour_key": self._put_hour_key,
                "put_heads": self._put_heads,
                "retention": self._retention,
                "destruction_time": self._destruction_time,
                "report_gap": self._report_gap,
                "past_plan": self._past_plan,
                "report_recovered": self._report_recovered,
                "report_erased": self._report_erased,
                "report_masks": self._report_masks,
            }
        )
        await self._server.start(self._path)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
            self._server = None

    def decide(self, *cameras: CameraPlan) -> None:
        """The plan from now on."""
        self.cameras = list(cameras)
        self._version += 1

    @property
    def version(self) -> str:
        """The plan's name."""
        return str(self._version)

    def permit(
        self, camera: str, now: UtcTime, act: str = "live", *, view: str = "", life_us: int = LIFETIME_US
    ) -> str:
        """A signed permit for one camera; ``view`` is the id of the view that it renews."""
        payload = PermitPayload(
            id=view or secrets.token_hex(16), session="s", person="p", act=Act(act), commune=COMMUNE, cameras=(camera,),
            issued_us=now.us, expires_us=now.us + life_us,
        )  # fmt: skip
        return sign_permit(payload, self.private)

    async def _plan(self, args: Args, body: bytes) -> Answer:
        version = self.version
        self.known = str(args.get("known", ""))
        if self.known == version:
            return {"unchanged": True}
        plan = Plan(
            version=version,
            issued_us=1,
            permit_key=base64.b64encode(self.public).decode(),
            communes={COMMUNE: CommunePlan(name="Valclair", public_key=base64.b64encode(self.commune_public).decode())},
            cameras=tuple(self.cameras),
        )
        return {"plan": sign_statement(PLAN, plan.model_dump_json().encode(), self.private)}

    async def _permit_key(self, args: Args, body: bytes) -> Answer:
        return {"key": base64.b64encode(self.public).decode()}

    async def _put_hour_key(self, args: Args, body: bytes) -> Answer:
        self.hour_keys[args["key_id"]] = body
        return {"stored": True}

    async def _put_heads(self, args: Args, body: bytes) -> Answer:
        self.heads += args["heads"]
        return {"heads": args["heads"]}

    async def _report_gap(self, args: Args, body: bytes) -> Answer:
        self.gaps += args["gaps"]
        return {}

    async def _past_plan(self, args: Args, body: bytes) -> Answer:
        plan = next((one for one in self.cameras if one.camera == args["camera"]), None)
        if plan is None or plan.zone_set is None:
            return {"spans": []}
        bounds = sorted({args["from_us"], args["to_us"], *(at for span in self.forbidden for at in span)})
        spans = [
            {"from_us": low, "to_us": high, "zone_set": plan.zone_set.model_dump(mode="json")}
            for low, high in pairwise(bounds)
            if args["from_us"] <= low < args["to_us"] and not any(a <= low < b for a, b in self.forbidden)
        ]
        return {"spans": spans}

    async def _report_recovered(self, args: Args, body: bytes) -> Answer:
        self.recovered += args["spans"]
        return {}

    async def _destruction_time(self, args: Args, body: bytes) -> Answer:
        return {"now_us": time.time_ns() // 1000, "what": "", "todo": ""}

    async def _retention(self, args: Args, body: bytes) -> Answer:
        return {"cameras": [one.model_dump(mode="json") for one in self.retentions]}

    async def _report_erased(self, args: Args, body: bytes) -> Answer:
        self.erased += args["erased"]
        return {}

    async def _report_masks(self, args: Args, body: bytes) -> Answer:
        self.masks.append(args)
        return {}
