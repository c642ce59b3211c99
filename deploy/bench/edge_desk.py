"""The keeper's desk for one recorder of a bench, and what opens again what that recorder sealed.

Reduced to what ``vms bench backfill`` needs: a plan that records its cameras, the same said of the past, a memory of
wrapped keys, and the commune's private key, with which every recorded picture is compared with what the camera made.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from recorder.recording.scan import read_index
from recorder.segment.format import SegmentName
from recorder.store.local import LocalStore
from vms.evidence.mp4 import nal_units, split_group
from vms.keeper.gate.statement import PLAN, sign_statement
from vms.keeper.protocol import CameraPlan, CommunePlan, LegalState, Plan, ZoneView
from vms.keys import derive, sealing, wrapping
from vms.keys.signing import generate_signing_key
from vms.model import Segment
from vms.wire import Answer, Args, WireServer

COMMUNE: Final = "bench"


class EdgeDesk:
    """Serves ``k-rec.sock``."""

    def __init__(self, cameras: Sequence[str]) -> None:
        self._wrapped: dict[str, bytes] = {}
        self._zones = {
            camera: ZoneView(id="z-1", version=1, camera=camera, no_dwelling=True, validated_us=1) for camera in cameras
        }
        private, public = generate_signing_key()
        self._private, commune_public = wrapping.generate_commune_key()
        plan = Plan(
            version="1", issued_us=1, permit_key=base64.b64encode(public).decode(),
            communes={COMMUNE: CommunePlan(name="Bench", public_key=base64.b64encode(commune_public).decode())},
            cameras=tuple(
                CameraPlan(
                    camera=camera, commune=COMMUNE, legal_state=LegalState.IN_SERVICE, record=True, zone_set=zones,
                    retention_days=30,
                )
                for camera, zones in self._zones.items()
            ),
        )  # fmt: skip
        self._signed = sign_statement(PLAN, plan.model_dump_json().encode(), private)
        self._server = WireServer(
            {
                "plan": self._plan, "put_hour_key": self._keep, "put_heads": self._heads, "retention": self._policies,
                "report_gap": self._nothing, "report_erased": self._nothing, "report_recovered": self._nothing,
                "packages": self._packages, "past_plan": self._past,
            }
        )  # fmt: skip

    async def start(self, path: Path) -> None:
        """Serve at ``path``."""
        await self._server.start(path)

    async def stop(self) -> None:
        """No more answers."""
        await self._server.stop()

    def digests(self, store: LocalStore, row: Segment) -> Iterator[str]:
        """The SHA-256 of each picture of a segment, as the virtual camera counts them; Damaged when one does not open.

        Over the NAL units, each behind its length as a 32-bit big-endian number.
        """
        name = SegmentName.parse(row.name)
        path, hour_us = store.path_of(name, COMMUNE), name.start.hour().us
        info = wrapping.hour_key_info(COMMUNE, name.camera, name.hour_key_id, hour_us)
        key = derive.segment_key(wrapping.unwrap(self._private, self._wrapped[name.hour_key_id], info), row.name)
        for placed in read_index(store, path)[1]:
            number = placed.header.number
            sealed = store.read(path, placed.sealed_offset, placed.header.length)
            context = derive.group_context(name.camera, row.name, number)
            plain = sealing.open_group(derive.group_key(key, number), context, sealed)
            for nals in nal_units(split_group(plain)[1]):
                digest = hashlib.sha256()
                for nal in nals:
                    digest.update(len(nal).to_bytes(4, "big"))
                    digest.update(nal)
                yield digest.hexdigest()

    async def _plan(self, args: Args, body: bytes) -> Answer:
        return {"unchanged": True} if args.get("known") == "1" else {"plan": self._signed}

    async def _keep(self, args: Args, body: bytes) -> Answer:
        self._wrapped[str(args["key_id"])] = body
        return {"stored": True}

    async def _past(self, args: Args, body: bytes) -> Answer:
        zones = self._zones[str(args["camera"])].model_dump(mode="json")
        return {"spans": [{"from_us": args["from_us"], "to_us": args["to_us"], "zone_set": zones}]}

    async def _policies(self, args: Args, body: bytes) -> Answer:
        return {"cameras": []}

    async def _packages(self, args: Args, body: bytes) -> Answer:
        return {"packages": []}

    async def _heads(self, args: Args, body: bytes) -> Answer:
        return {"heads": []}

    async def _nothing(self, args: Args, body: bytes) -> Answer:
        return {}
