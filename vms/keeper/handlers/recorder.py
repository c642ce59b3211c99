"""What a recorder may ask: the plan, and where its keys, chain heads and reports go; never a key back."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, Literal

from pydantic import Field

from vms.clock import HOUR_US
from vms.errors import BadInput, LimitExceeded
from vms.keeper.arguments import Args, Moment, Slug, parse
from vms.keeper.communes import Commune
from vms.keeper.files import hour_keys
from vms.keeper.files.hour_keys import WrappedHour
from vms.keeper.files.segment_name import parse_segment_name
from vms.keeper.files.store import Tx
from vms.keeper.gate.past_plan import past_spans
from vms.keeper.gate.plan import PlanDesk
from vms.keeper.gate.statement import HEAD, PLAN, sign_statement
from vms.keeper.handlers.mask_reports import ReportMasks, take_masks
from vms.keeper.house import House
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.protocol import DestructionTime
from vms.keeper.reads.footage import camera_retentions

WRAPPED_LIMIT_BYTES: Final = 8192
HEADS_LIMIT: Final = 1000
REPORT_LIMIT: Final = 1000
# A recorder makes a key for the hour that starts; its clock and ours are within this of each other.
HOUR_AHEAD_US: Final = HOUR_US

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class HourKeyArgs(Args):
    """A wrapped hour key's place."""

    commune: Slug
    camera: Slug
    key_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    hour_us: Moment


class Head(Args):
    """The last link of a stream's chain: after a segment, or after an absence that no segment precedes (empty name)."""

    camera: Slug
    stream: Literal["main", "sub"]
    sequence: int = Field(ge=0, lt=1 << 63)
    link: str = Field(pattern=r"^[0-9a-f]{64}$")
    segment: str = Field(max_length=200)
    origin: Literal["live", "edge"] = "live"  # what came from the camera's card has a chain of its own


class Gap(Args):
    """A recording start or stop, or an absence with its cause (*collecte*)."""

    camera: Slug
    from_us: Moment
    to_us: Moment | None = None
    cause: str = Field(pattern=r"^[a-z-]{1,32}$")
    stream: Literal["main", "sub"] = "main"


class Recovered(Args):
    """Footage brought back from a camera's card (*collecte*)."""

    camera: Slug
    from_us: Moment
    to_us: Moment
    stream: Literal["main", "sub"]


class PastPlanArgs(Args):
    """A past range of a camera."""

    commune: Slug
    camera: Slug
    from_us: Moment
    to_us: Moment


class Erased(Args):
    """Bytes destroyed (*effacement*)."""

    camera: Slug
    from_us: Moment
    to_us: Moment
    mode: str = Field(pattern=r"^[a-z-]{1,32}$")
    count: int = Field(ge=0)
    bytes: int = Field(ge=0)


class RecorderDesk:
    """The recorders' desk."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._plans = PlanDesk(house.host.keys.permit_public)

    def ops(self) -> dict[str, Op]:
        """The closed list of operations."""
        return {
            "plan": self.plan,
            "permit_key": self.permit_key,
            "packages": self.packages,
            "put_hour_key": self.put_hour_key,
            "put_heads": self.put_heads,
            "retention": self.retention,
            "destruction_time": self.destruction_time,
            "report_gap": self.report_gap,
            "report_erased": self.report_erased,
            "report_recovered": self.report_recovered,
            "report_masks": self.report_masks,
            "past_plan": self.past_plan,
        }

    async def plan(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The signed plan, unless the recorder knows it already."""
        keys = self._house.host.keys
        plan = self._plans.plan(self._house.communes, self._house.clock.utc().us)
        if args.get("known") == plan.version:
            return {"unchanged": True, "version": plan.version}
        return {"plan": sign_statement(PLAN, plan.model_dump_json().encode(), keys.permit_private)}

    async def packages(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The evidence packages that may still lie on disk."""
        return {"packages": self._house.packages.live(str(args.get("commune", "")))}

    async def permit_key(self, _: dict[str, Any], __: bytes) -> dict[str, Any]:
        """The public key of permits and statements."""
        return {"key": base64.b64encode(self._house.host.keys.permit_public).decode()}

    async def put_hour_key(self, args: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Keep a wrapped hour key, durable on return; nothing is kept of an hour that is due (S5)."""
        asked = parse(HourKeyArgs, args, "put_hour_key")
        commune = self._commune_of(asked.commune, asked.camera)
        if not body or len(body) > WRAPPED_LIMIT_BYTES:
            raise LimitExceeded("Cette clé enveloppée n’a pas une longueur possible.", where=asked.key_id)
        if asked.hour_us % HOUR_US or asked.hour_us > self._house.guard.latest_us() + HOUR_AHEAD_US:
            raise BadInput("Cette heure n’est pas une heure ronde et passée.", where="hour_us")
        now_us = self._house.due_us(commune)
        due = hour_keys.is_due(commune.facts, asked.camera, asked.hour_us, now_us)
        around = (asked.hour_us, asked.hour_us + HOUR_US)
        if due and not hour_keys.holds_on(commune.facts, asked.camera, *around, now_us):
            return {"stored": False}
        key = WrappedHour(asked.key_id, asked.camera, asked.hour_us, body)
        await commune.keys.write(lambda tx: hour_keys.put(tx, key))
        return {"stored": True}

    async def put_heads(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Keep and sign chain heads; the segments' names tell which keys a hold must keep."""
        given = _listed(args, "heads", HEADS_LIMIT)
        heads = [parse(Head, one, "put_heads") for one in given]
        by_commune: dict[str, list[tuple[Head, str]]] = {}
        signed = []
        for head in heads:
            commune = self._house.communes.of_camera(head.camera)
            if commune is None:
                raise BadInput("Cette caméra n’est pas connue.", where=head.camera)
            if head.segment and parse_segment_name(head.segment).camera != head.camera:
                raise BadInput("Ce segment n’est pas de cette caméra.", where=head.segment)
            # A statement about the live chain reads as it always has: only another chain is named.
            said = head.model_dump(exclude={"origin"} if head.origin == "live" else None)
            body = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
            statement = sign_statement(HEAD, body, self._house.host.keys.permit_private)
            by_commune.setdefault(commune.id, []).append((head, statement))
            signed.append(
                {"camera": head.camera, "stream": head.stream, "sequence": head.sequence, "signed": statement}
            )
        for commune_id, some in by_commune.items():
            commune = self._house.communes.get(commune_id)
            await commune.store.write(partial(_keep_heads, heads=some))
            ids = {parse_segment_name(head.segment).key_id for head, _ in some if head.segment}
            known = {row[0] for row in commune.keys.reader.execute("SELECT DISTINCT key_id FROM rewrapped")}
            if ids & known:
                await commune.keys.write(partial(hour_keys.rewrap_again, key_ids=ids & known))
        return {"heads": signed}

    async def retention(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Each camera's days and holds."""
        commune = self._house.communes.get(str(args.get("commune", "")))
        listed = camera_retentions(commune.facts, self._house.due_us(commune))
        return {"cameras": [one.model_dump(mode="json") for one in listed]}

    async def destruction_time(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """By what time what is due may be destroyed: recorders go by this clock, not by their own."""
        commune = self._house.communes.get(str(args.get("commune", "")))
        known = DestructionTime(now_us=self._house.due_us(commune))
        doubt = self._house.doubt_of(commune)
        if doubt is not None and doubt.grave:
            known = known.model_copy(update={"what": doubt.what, "todo": doubt.todo})
        return known.model_dump(mode="json")

    async def report_gap(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Journal absences and starts."""
        commune = self._house.communes.get(str(args.get("commune", "")))
        gaps = [parse(Gap, one, "report_gap") for one in _listed(args, "gaps", REPORT_LIMIT)]
        entries = [
            Entry(
                "collecte",
                "gap",
                cameras=(self._known(commune, gap.camera),),
                from_us=gap.from_us,
                to_us=gap.to_us,
                detail={"cause": gap.cause, "stream": gap.stream},
            )
            for gap in gaps
        ]
        return {"journal": await commune.log(*entries)}

    async def report_recovered(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Journal what filled absences afterwards, from the camera's own card."""
        commune = self._house.communes.get(str(args.get("commune", "")))
        spans = [parse(Recovered, one, "report_recovered") for one in _listed(args, "spans", REPORT_LIMIT)]
        entries = [
            Entry(
                "collecte",
                "recovered",
                cameras=(self._known(commune, one.camera),),
                from_us=one.from_us,
                to_us=one.to_us,
                detail={"stream": one.stream, "origin": "edge"},
            )
            for one in spans
        ]
        return {"journal": await commune.log(*entries)}

    async def report_masks(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Hold what a camera reports of its own masks against those that were validated (O-44)."""
        asked = parse(ReportMasks, args, "report_masks")
        commune = self._commune_of(asked.commune, asked.camera)
        return await commune.change(lambda change: take_masks(change, asked), Author())

    async def past_plan(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """What a recorder may bring back of a past range of a camera."""
        asked = parse(PastPlanArgs, args, "past_plan")
        facts, now_us = self._commune_of(asked.commune, asked.camera).facts, self._house.clock.utc().us
        spans = past_spans(facts, facts.cameras[asked.camera], asked.from_us, asked.to_us, now_us)
        return {"spans": [one.model_dump(mode="json") for one in spans]}

    async def report_erased(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Journal destroyed bytes."""
        commune = self._house.communes.get(str(args.get("commune", "")))
        erased = [parse(Erased, one, "report_erased") for one in _listed(args, "erased", REPORT_LIMIT)]
        entries = [
            Entry(
                "effacement",
                "erase_bytes",
                cameras=(self._known(commune, one.camera),),
                from_us=one.from_us,
                to_us=one.to_us,
                detail={"mode": one.mode, "count": one.count, "bytes": one.bytes},
            )
            for one in erased
        ]
        return {"journal": await commune.log(*entries)}

    def _commune_of(self, commune_id: str, camera: str) -> Commune:
        commune = self._house.communes.get(commune_id)
        self._known(commune, camera)
        return commune

    @staticmethod
    def _known(commune: Commune, camera: str) -> str:
        if camera not in commune.facts.cameras:
            raise BadInput("Cette caméra n’est pas de cette commune.", where=camera)
        return camera


def _keep_heads(tx: Tx, heads: list[tuple[Head, str]]) -> None:
    for head, statement in heads:
        if head.segment:
            name = parse_segment_name(head.segment)
            tx.db.execute(
                "INSERT OR IGNORE INTO head (segment, camera, start_us, key_id) VALUES (?, ?, ?, ?)",
                (head.segment, head.camera, name.start_us, name.key_id),
            )
        chain = head.stream if head.origin == "live" else f"{head.stream}-edge"
        tx.db.execute(
            "INSERT INTO last_head (camera, stream, sequence, link, segment, statement) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (camera, stream) DO UPDATE SET sequence = excluded.sequence, link = excluded.link, "
            "segment = excluded.segment, statement = excluded.statement WHERE excluded.sequence > sequence",
            (head.camera, chain, head.sequence, head.link, head.segment, statement),
        )


def _listed(args: dict[str, Any], name: str, limit: int) -> list[Any]:
    found = args.get(name)
    if not isinstance(found, list) or not 0 < len(found) <= limit:
        raise BadInput(f"Il faut de 1 à {limit} éléments.", where=name)
    return found
