"""Live pictures over the recorder's socket: a permit opens a view, renewals keep it open, its lapse ends it (P-40).

The stream op ``live`` takes ``{permit, camera, stream}``. The permit says whether it is the live view (masked,
recorded pictures) or a framing session (raw, memory only, P-57); it must be renewed on the channel with
``{"renew": token}`` before it expires. What is sent follows the live WebSocket: text-like messages as data, fMP4 as
bodies.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from recorder.camera.fleet import Fleet
from recorder.camera.plan_source import PlanSource
from recorder.stream.live_hub import Hub, LiveMessage, Viewer
from vms import logs
from vms.clock import MICRO, Clock
from vms.errors import BadInput, Refused, Unavailable
from vms.keeper.gate.permit import Permit, verify_permit
from vms.wire import Args, Channel

BEAT_S: Final = 1.0
FROZEN_S: Final = 2.0
SEND_LIMIT_S: Final = 10.0
ACTS: Final = ("live", "framing")
STREAMS: Final = ("main", "sub")

log = logs.get("recorder.live.service")


class LiveService:
    """Serves the views of one recorder process."""

    def __init__(self, fleet: Fleet, plans: PlanSource, clock: Clock) -> None:
        self._fleet = fleet
        self._plans = plans
        self._clock = clock

    async def live(self, args: Args, channel: Channel) -> None:
        """The stream handler; raises Refused, BadInput, Unavailable, which travel to the other side."""
        camera, stream = args.get("camera"), args.get("stream", "main")
        if not isinstance(camera, str) or stream not in STREAMS:
            raise BadInput("Une vue demande une caméra et un flux « main » ou « sub ».", where="live")
        view = _View(self._verified(args.get("permit"), camera, None), camera, stream)
        hub = self._fleet.hub(camera, stream, view.permit.payload.act)
        if hub is None:
            raise Unavailable("Cette caméra n’est pas suivie en ce moment.", where=camera, todo="Réessayez bientôt.")
        viewer = hub.join()
        tasks = [
            asyncio.create_task(self._pictures(view, hub, viewer, channel)),
            asyncio.create_task(self._beats(view, channel)),
            asyncio.create_task(self._renewals(view, channel)),
            asyncio.create_task(self._lapse(view)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            viewer.close()

    def _verified(self, token: Any, camera: str, before: Permit | None) -> Permit:
        """The permit in ``token``: signed by the keeper, in time, for this camera; a renewal of the same view."""
        key = self._plans.permit_key
        if key is None:
            raise Unavailable("Le gardien n’a pas encore donné son plan.", todo="Réessayez dans un instant.")
        if not isinstance(token, str):
            raise Refused("Aucune vue sans permis.", where=camera, todo="Redemandez l’accès.", rule="P-40")
        permit = verify_permit(token, key, self._clock.utc())
        act = permit.payload.act
        if act not in ACTS or not permit.allows(act, camera):
            raise Refused("Ce permis n’ouvre pas cette vue.", where=camera, todo="Redemandez l’accès.", rule="P-40")
        if before is not None and (permit.id != before.id or act != before.payload.act):
            raise Refused("Ce permis est celui d’une autre vue.", where=camera, todo="Redemandez l’accès.", rule="P-40")
        return permit

    async def _pictures(self, view: _View, hub: Hub, viewer: Viewer, channel: Channel) -> None:
        while True:
            message = await viewer.next()
            # The permit may have lapsed while this task waited its turn: nothing leaves without one.
            self._require(view)
            async with asyncio.timeout(SEND_LIMIT_S):
                await self._send(view, message, channel)

    async def _send(self, view: _View, message: LiveMessage, channel: Channel) -> None:
        fmt = message.fmt
        if message.kind == "fragment":
            view.frozen_at_us = self._clock.monotonic_us() + round(FROZEN_S * MICRO)
            view.dark_cause = ""
            view.last_utc_us = message.utc.us if message.utc is not None else 0
            await channel.send({}, message.data)
        elif fmt is not None:
            said: Args = {"type": "stream", "codec": fmt.codec_string, "width": fmt.width, "height": fmt.height}
            await channel.send({**said, "masked": self._zones(view)})
            await channel.send({}, message.data)
        elif message.kind == "dark":
            view.dark_cause = message.cause
            await channel.send(self._beat(view))
        else:
            await channel.send({"type": message.kind})

    async def _beats(self, view: _View, channel: Channel) -> None:
        while True:
            await channel.send(self._beat(view))
            await self._clock.sleep(BEAT_S)

    def _beat(self, view: _View) -> dict[str, Any]:
        run = self._fleet.run_of(view.camera)
        health = run.health().get(view.stream) if run is not None else None
        state, cause = (health.state, health.cause) if health is not None else ("stopped", "")
        last_us = health.last_unit_us if health is not None else 0
        if view.permit.payload.act == "framing":
            # The raw picture has its own life: what is kept may be dark meanwhile, while zones are drawn anew.
            last_us = view.last_utc_us
            state, cause = ("live", "") if state == "dark" else (state, cause)
        if view.dark_cause:
            state, cause = "dark", view.dark_cause
        elif state == "live" and self._clock.monotonic_us() > view.frozen_at_us:
            state = "frozen"
        return {
            "type": "beat",
            "utc_us": self._clock.utc().us,
            "state": state,
            "cause": cause,
            "last_unit_us": last_us,
        }

    async def _renewals(self, view: _View, channel: Channel) -> None:
        while True:
            data, _ = await channel.receive()
            if "renew" in data:
                view.permit = self._verified(data["renew"], view.camera, view.permit)

    async def _lapse(self, view: _View) -> None:
        """End the view when its permit runs out, whatever the other side does (P-53)."""
        while True:
            self._require(view)
            await self._clock.sleep(view.permit.expires.since(self._clock.utc()) / MICRO)

    def _require(self, view: _View) -> None:
        """The view's permit covers it now; Unavailable when it was not renewed in time.

        A refusal is told by the keeper to the pages at the next renewal: what lapses here lapses because it is away.
        """
        if view.permit.expires.since(self._clock.utc()) <= 0:
            raise Unavailable(
                "Le permis de cette vue n’a pas été renouvelé : le gardien ne répond plus.",
                where=view.camera,
                todo="Elle reprend d’elle-même dès son retour.",
            )
        view.permit.require(view.permit.payload.act, view.camera, self._clock.utc())

    def _zones(self, view: _View) -> int:
        run = self._fleet.run_of(view.camera)
        if run is None or run.spec.zones is None or view.permit.payload.act == "framing":
            return 0
        return len(run.spec.zones.polygons)


class _View:
    """One view: its permit in force, and what was last seen on it."""

    def __init__(self, permit: Permit, camera: str, stream: str) -> None:
        self.permit = permit
        self.camera = camera
        self.stream = stream
        self.dark_cause = ""
        self.frozen_at_us = 0
        self.last_utc_us = 0
