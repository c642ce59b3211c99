"""Answering a decided request: plan, export permit, worker, key to the keeper, package recorded (P-74, T-10, E-31).

The order of what becomes durable: sealed file → its key with the keeper → the package recorded. A crash after the file
leaves bytes that nobody has a key for, and ``sweep`` removes them; a crash after the key leaves a key that goes after a
day.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from recorder.export.exporter import Exported, ExportJob, Progress, build_version, export, export_worker
from recorder.export.order import StreamPlan
from recorder.export.package_builder import PackageFacts
from recorder.export.plan import Wanted, plan_stream
from recorder.export.timestamping import Authorities, stamp
from recorder.store.local import LocalStore
from vms.clock import Clock
from vms.db.engine import read
from vms.errors import BadInput, GuetError, NotFound, Unavailable
from vms.keeper.clients.audiences import KeeperForWeb
from vms.keeper.gate.permit import verify_permit
from vms.keeper.protocol import Act
from vms.model import Camera

SUFFIX: Final = ".guetpkg"
# A file younger than this may be one whose key is on its way to the keeper.
SWEEP_AGE_S: Final = 3600
REQUEST_FACTS: Final = (
    "number",
    "frame",
    "frame_fr",
    "authority",
    "procedure_number",
    "motive",
    "from_us",
    "to_us",
    "fields",
    "basis",
    "basis_fr",
    "access",
)
DECISION_FACTS: Final = ("decision", "ground", "decided_by", "decided_us", "asked")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an extraction reads and writes, its clock (``clock_offset_s`` for its worker), and who time-stamps it."""

    engine: AsyncEngine
    store: LocalStore
    packages: Path
    clock: Clock
    clock_offset_s: int = 0
    authorities: Authorities | None = None


class SessionDesk:
    """The keeper, bound to one person's session and one request: what ``export`` asks for."""

    def __init__(self, keeper: KeeperForWeb, token: str, request: str, authorities: Authorities | None) -> None:
        self._keeper = keeper
        self._token = token
        self._request = request
        self._authorities = authorities

    async def renew(self, permit_id: str) -> str:
        """A fresh permit; raises the refusal when the right is gone."""
        answer = (await self._keeper.renew([permit_id]))[permit_id]
        if isinstance(answer, str):
            return answer
        raise GuetError.from_dict(answer["refused"])

    async def key_window(
        self, permit_id: str, camera: str, public: bytes, segments: Sequence[dict[str, Any]], from_us: int, to_us: int
    ) -> bytes:
        """Exactly these group keys, sealed to the worker."""
        return await self._keeper.key_window(permit_id, camera, public, segments, from_us, to_us)

    async def sign_manifest(self, manifest_sha256: str) -> dict[str, Any]:
        """The keeper's signatures over a manifest's hash, and an authority's token over its seal (E-10)."""
        args = {"request": self._request, "manifest_sha256": manifest_sha256}
        signed = await self._keeper.act(self._token, "sign_manifest", args)
        if self._authorities is None:
            return signed
        token = await self.stamp(base64.b64decode(signed["cms"]))
        return {**signed, "timestamp": base64.b64encode(token).decode()}

    async def stamp(self, data: bytes) -> bytes:
        """An authority's checked answer over ``data``; Unavailable when none gives one, or there is none (E-10)."""
        if self._authorities is None:
            raise Unavailable("Aucune autorité d’horodatage n’est réglée.", where="VMS_TIMESTAMP_URL")
        return await stamp(self._authorities, data)

    async def certify_export(self, public: str) -> dict[str, Any]:
        """A certificate by the commune's seal for the worker's video key."""
        return await self._keeper.act(self._token, "certify_export", {"request": self._request, "public": public})


async def extract_request(
    keeper: KeeperForWeb, token: str, request_id: str, place: Place, on_progress: Progress, statement: str = ""
) -> Exported:
    """Build the package of a decided request, of the main stream of each of its cameras, as the agent's page signed.

    Raises what the gate refuses (rule included), StepUpNeeded, Unavailable while the commune is locked; then nothing is
    left behind.
    """
    session = await keeper.session(token)
    request = await keeper.read(token, "request", {"request": request_id})
    acting = session.acting
    if acting is None:
        raise NotFound("Cette demande n’est pas de la commune pour laquelle vous agissez.", where=request_id)
    now = place.clock.utc()
    # The worker starts while the keeper is asked.
    async with export_worker(place.clock_offset_s) as worker:
        plans = [await _plan(place, acting.commune, camera, request) for camera in request["cameras"]]
        admitted = await keeper.admit(
            token,
            Act.EXPORT,
            request["cameras"],
            request["from_us"],
            request["to_us"],
            request=request_id,
            statement=statement,
        )
        try:
            keeper_public = await keeper.permit_key()
            permit = verify_permit(admitted.permit, keeper_public, place.clock.utc())
            facts = PackageFacts(
                package=f"{package_stem(request_id)}-{now.compact()}",
                commune=acting.commune,
                commune_name=acting.name or acting.commune,
                request=request_id,
                request_facts={name: request.get(name) for name in REQUEST_FACTS},
                decision={name: request.get(name) for name in DECISION_FACTS},
                operator={"label": session.person.label, "role": acting.role},
                zone_sets=await _zone_sets(keeper, token, request["cameras"]),
                build=build_version(),
                created_us=now.us,
                timestamp_roots=place.authorities.roots.decode("ascii") if place.authorities else "",
            )
            job = ExportJob(
                facts=facts,
                plans=tuple(plans),
                proofs=await _proofs(keeper, token, request, admitted.journal),
                commune_public=await keeper.commune_key(acting.commune),
                keeper_public=keeper_public,
                output=package_path(place.packages, acting.commune, facts.package),
            )
            job.output.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            desk = SessionDesk(keeper, token, request_id, place.authorities)
            exported = await export(worker, permit, job, desk, on_progress)
            try:
                await keeper.put_package_key(permit.id, exported.package, exported.wrapped_key)
                await keeper.act(token, "record_package", _recorded(request_id, exported))
            except GuetError:
                exported.path.unlink(missing_ok=True)
                raise
            return exported
        finally:
            await keeper.end([admitted.id])


def package_path(folder: Path, commune: str, package: str) -> Path:
    """Where a sealed package lies."""
    return folder / commune / f"{package}{SUFFIX}"


def find_package(folder: Path, commune: str, request: str) -> Path:
    """The newest sealed package of a request; NotFound when there is none."""
    found = sorted((folder / commune).glob(f"{package_stem(request)}-*{SUFFIX}"))
    if not found:
        raise NotFound("Ce paquet n’est plus sur le disque.", where=request, todo="Relancez l’extraction.")
    return found[-1]


def package_stem(request: str) -> str:
    """How the packages of a request are called; BadInput for what is no request's id."""
    stem = request.removeprefix("d-")
    if not stem.isascii() or not stem.replace("-", "").isalnum():
        raise BadInput("Cet identifiant de demande est mal formé.", where=request[:80])
    return f"E-{stem}"


def sweep(folder: Path, commune: str, live: set[str], now_s: float) -> int:
    """Destroy the sealed packages whose key is gone (P-33), and what broken extractions left; how many.

    ``live`` are the packages whose key the keeper still has; ``now_s`` is the file system's time, in seconds.
    """
    gone = 0
    for path in (folder / commune).glob(f"*{SUFFIX}*"):
        if path.name.removesuffix(".partial").removesuffix(SUFFIX) in live and not path.name.endswith(".partial"):
            continue
        if now_s - path.stat().st_mtime < SWEEP_AGE_S:
            continue
        path.unlink(missing_ok=True)
        gone += 1
    return gone


async def _plan(place: Place, commune: str, camera: str, request: dict[str, Any]) -> StreamPlan:
    async with read(place.engine) as session:
        row = await session.get(Camera, camera)
    name, where = (row.name, row.place) if row is not None and row.commune_id == commune else (camera, "")
    wanted = Wanted(commune, camera, name, where, "main", request["from_us"], request["to_us"])
    return await plan_stream(place.engine, place.store, wanted, place.clock.utc().us)


async def _zone_sets(keeper: KeeperForWeb, token: str, cameras: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Every zone set these cameras have had: which ones were burnt in, the chain says."""
    answer = await keeper.read(token, "zone_sets")
    return tuple(one for one in answer["zone_sets"] if one.get("camera") in cameras)


async def _proofs(
    keeper: KeeperForWeb, token: str, request: dict[str, Any], extraction_seq: int
) -> dict[str, dict[str, Any]]:
    """The proofs that the decision, or the collection that needs none (P-73), and the extraction are in the journal."""
    numbers = {"decision": request["package"].get("decision_journal"), "extraction": extraction_seq}
    return {
        name: await keeper.read(token, "journal_proof", {"seq": seq})
        for name, seq in numbers.items()
        if isinstance(seq, int)
    }


def _recorded(request_id: str, exported: Exported) -> dict[str, Any]:
    return {
        "request": request_id,
        "manifest_sha256": exported.manifest_sha256,
        "bytes": exported.size_bytes,
        "files": exported.files,
    }
