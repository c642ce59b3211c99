"""An extraction without a town: real footage recorded through a Rig, and a keeper that signs, opens and renews."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from recorder.access_unit import AccessUnit, StreamFormat, TimedUnit
from recorder.export.exporter import Exported, ExportJob, export, export_worker
from recorder.export.package_builder import PackageFacts
from recorder.export.plan import Wanted, plan_stream
from recorder.recording.writer import StreamWriter
from recorder.rtsp.h264_sets import H264Sets
from recorder.rtsp.h265_sets import H265Sets
from recorder.segment.format import SegmentName
from recorder.stream.fragmenter import fragment, init_segment
from tests.fakes.clips import ClipTooShort, clip, read_units
from tests.fakes.recording import CAMERA, COMMUNE, PRIVATE, PUBLIC, START, Rig
from vms.clock import MICRO, SystemClock, UtcTime
from vms.errors import Refused
from vms.evidence import cms
from vms.evidence.manifest import statement
from vms.evidence.sealed import open_parts, package_key_info
from vms.keeper.gate.permit import LIFETIME_US, Permit, PermitPayload, sign_permit, verify_permit
from vms.keeper.journal.checkpoint import Signer, checkpoint_text
from vms.keeper.journal.entry import Entry, commitment, record_of
from vms.keeper.journal.tree import inclusion_proof, leaf_hash, nodes_over, root_of
from vms.keeper.protocol import KEY_WINDOW_INFO, Act
from vms.keys import derive, seal
from vms.keys.note import sign_note
from vms.keys.signing import generate_signing_key, signing_public_key
from vms.keys.wrapping import seal_to, unwrap

REQUEST = "d-2026-0001"
PACKAGE = "E-0001"
PERMIT_ID = "0" * 31 + "1"
SIGNING, KEEPER_PUBLIC = generate_signing_key()
SIGNER = Signer("valclair.example/guet", SIGNING)
SEAL = seal.make_seal(COMMUNE, "Valclair-sur-Brume", SystemClock().utc())
GROUP_US = 2_000_000
QUARTER = "2026-T4"
GAP_RANGE = (START.us, START.plus(seconds=14).us)  # of ``package_with_a_gap``


class ExportDesk:
    """The keeper as an extraction sees it; ``withdrawn`` takes the right away, ``asked`` is what keys were given.

    ``stamped`` answers for a time-stamping authority.
    """

    def __init__(
        self,
        rig: Rig,
        renewed: Callable[[], Permit] | None = None,
        stamped: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.rig = rig
        self.stamped = stamped
        self.renewed = renewed or permit
        self.asked: list[dict[str, Any]] = []
        self.withdrawn = False
        self.signed: list[str] = []

    async def renew(self, permit_id: str) -> str:
        """A fresh token of the same permit."""
        if self.withdrawn:
            raise Refused("L’habilitation a été retirée.", rule="P-58")
        return self.renewed().token

    async def key_window(
        self, permit_id: str, camera: str, public: bytes, segments: Sequence[dict[str, Any]], from_us: int, to_us: int
    ) -> bytes:
        """The keys of exactly these groups."""
        if self.withdrawn:
            raise Refused("L’habilitation a été retirée.", rule="P-58")
        self.asked += segments
        keys = []
        for one in segments:
            key = derive.segment_key(self.rig.hour_key(SegmentName.parse(one["name"]).hour_key_id), one["name"])
            groups = {str(n): base64.b64encode(derive.group_key(key, n)).decode() for n in one["groups"]}
            keys.append({"segment": one["name"], "groups": groups})
        return seal_to(public, json.dumps({"keys": keys}).encode(), KEY_WINDOW_INFO, permit_id.encode())

    async def sign_manifest(self, manifest_sha256: str) -> dict[str, Any]:
        """The note over a manifest's hash."""
        self.signed.append(manifest_sha256)
        note = sign_note(statement(COMMUNE, REQUEST, manifest_sha256), SIGNER.name, SIGNER.private)
        cms_signed = cms.sign(SEAL, bytes.fromhex(manifest_sha256), SystemClock().utc())
        told = {"note": note, "vkey": SIGNER.vkey(), "cms": base64.b64encode(cms_signed).decode()}
        if self.stamped is not None:
            told["timestamp"] = base64.b64encode(self.stamped(cms_signed)).decode()
        return told

    async def stamp(self, data: bytes) -> bytes:
        """The answer of the authority that ``stamped`` stands for."""
        assert self.stamped is not None
        return self.stamped(data)

    async def certify_export(self, public: str) -> dict[str, Any]:
        """The worker's video key, certified by the commune's seal."""
        certificate = seal.issue(SEAL, base64.b64decode(public), f"Extraction {REQUEST}", SystemClock().utc())
        own = base64.b64encode(SEAL.certificate).decode()
        return {"certificate": base64.b64encode(certificate).decode(), "seal": own}


def permit(act: Act = Act.EXPORT, camera: str = CAMERA, private: bytes = SIGNING) -> Permit:
    """An export permit of this moment, for the whole of the rig's time."""
    now = SystemClock().utc()
    payload = PermitPayload(
        id=PERMIT_ID,
        session="s1",
        person="p-1",
        act=act,
        commune=COMMUNE,
        cameras=(camera,),
        from_us=START.plus(days=-1).us,
        to_us=START.plus(days=1).us,
        issued_us=now.us,
        expires_us=now.us + LIFETIME_US,
    )
    token = sign_permit(payload, private)
    return verify_permit(token, KEEPER_PUBLIC if private is SIGNING else signing_public_key(private), now)


def timed_groups(name: str, count: int, start: UtcTime) -> tuple[StreamFormat, list[list[TimedUnit]]]:
    """The first ``count`` groups of a clip, as timed units from ``start`` on, each group GROUP_US long.

    ClipTooShort when the clip holds fewer.
    """
    path = clip(name)
    spec, units = read_units(path)
    starts = [number for number, unit in enumerate(units) if unit.key][: count + 1]
    if len(starts) <= count:
        raise ClipTooShort(f"{path.name} holds {len(starts) - 1} whole groups; this test needs {count}")
    sets = H264Sets() if spec.codec == "h264" else H265Sets()
    for nal in units[0].nals:
        sets.add(nal)
    fmt = sets.format()
    groups = []
    for number, (begin, end) in enumerate(itertools.pairwise(starts)):
        step = GROUP_US // (end - begin)
        at = start.plus(us=number * GROUP_US)
        groups.append(
            [
                TimedUnit(
                    AccessUnit.of(unit.nals, 0, unit.key, 0, fmt if unit.key else None),
                    at.us + i * step,
                    None,
                )
                for i, unit in enumerate(units[begin:end])
            ]
        )
    return fmt, groups


async def record_clip(rig: Rig, writer: StreamWriter, name: str, count: int, start: UtcTime) -> list[bytes]:
    """Write a clip's first groups through a started writer; the NAL units written, in order."""
    fmt, groups = timed_groups(name, count, start)
    nals: list[bytes] = []
    for number, units in enumerate(groups):
        end = start.plus(us=(number + 1) * GROUP_US)
        plain = init_segment(fmt) + fragment(units, fmt, number + 1, end)
        await writer.group([plain], units[0].utc, end, len(units), fmt, "zs-1")
        nals += [nal for unit in units for nal in unit.unit.nals]
    return nals


def journal_proofs(from_us: int, to_us: int, *cameras: str) -> dict[str, dict[str, Any]]:
    """What the keeper's ``journal_proof`` answers for the decision and the extraction, in a small log."""
    cameras = cameras or (CAMERA,)
    spoken: dict[int, Entry] = {
        1: Entry("modification", "decide", cameras=cameras, detail={"request": REQUEST, "decision": "execute"}),
        3: Entry("communication", "export", cameras=cameras, from_us=from_us, to_us=to_us, reference=REQUEST),
    }
    other = Entry("session", "sign_in")
    records = [record_of(spoken.get(n, other), COMMUNE, QUARTER, n, START) for n in range(5)]
    salts = [bytes([n]) * 16 for n in range(5)]
    leaves = [leaf_hash(commitment(salt, record)) for salt, record in zip(salts, records, strict=True)]
    text = checkpoint_text(f"{SIGNER.name}/{COMMUNE}/{QUARTER}", len(leaves), root_of(leaves))

    def proof(index: int) -> dict[str, Any]:
        path = inclusion_proof(nodes_over(leaves), index, len(leaves))
        return {
            "record": records[index],
            "salt": salts[index].hex(),
            "n": index,
            "proof": [base64.b64encode(one).decode() for one in path],
            "checkpoint": sign_note(text, SIGNER.name, SIGNER.private),
        }

    return {"decision": proof(1), "extraction": proof(3)}


async def job_for(rig: Rig, output: Path, from_us: int, to_us: int, roots: bytes = b"") -> ExportJob:
    """The job of the rig's camera over a range."""
    wanted = Wanted(COMMUNE, CAMERA, "Place de l’Église", "mât 3", "main", from_us, to_us)
    plan = await plan_stream(rig.engine, rig.store, wanted, rig.clock.utc().us)
    facts = PackageFacts(
        package=PACKAGE,
        commune=COMMUNE,
        commune_name="Valclair-sur-Brume",
        request=REQUEST,
        request_facts={"frame": "flagrance", "authority": "Commissariat"},
        decision={"decision": "execute", "decided_by": "Le maire"},
        operator={"label": "Cheffe de service PM"},
        zone_sets=({"id": "zs-1", "version": 1},),
        build="0.1.0",
        created_us=START.us,
        timestamp_roots=roots.decode(),
    )
    return ExportJob(facts, (plan,), journal_proofs(from_us, to_us), PUBLIC, KEEPER_PUBLIC, output)


async def extract(
    rig: Rig, output: Path, from_us: int, to_us: int, desk: ExportDesk | None = None, roots: bytes = b""
) -> Exported:
    """Extract and return what the exporter says; with ``roots``, the desk's time-stamp is announced."""
    job = await job_for(rig, output, from_us, to_us, roots)
    return await exported_by(permit(), job, desk or ExportDesk(rig))


async def exported_by(permit: Permit, job: ExportJob, desk: ExportDesk) -> Exported:
    """The job, carried out by a worker of its own."""
    async with export_worker() as worker:
        return await export(worker, permit, job, desk, lambda done, total: None)


def opened_package(exported: Exported, into: Path) -> Path:
    """The package in clear, as the agent's browser saves it."""
    key = unwrap(PRIVATE, exported.wrapped_key, package_key_info(COMMUNE, REQUEST, PACKAGE))
    with exported.path.open("rb") as file:
        into.write_bytes(b"".join(open_parts(file, PACKAGE, key)))
    return into


def package_with_a_gap(
    folder: Path, groups: int = 2, stamped: Callable[[bytes], bytes] | None = None, roots: bytes = b""
) -> bytes:
    """One authentic package in clear: ``groups`` of footage, an absence until 10 s, as many groups again.

    With ``stamped`` and its ``roots``, time-stamped.
    """

    async def make() -> bytes:
        rig = await Rig(folder).prepare()
        writer = rig.writer()
        await writer.start()
        await record_clip(rig, writer, "sub", groups, START)
        rig.clock.step(seconds=groups * GROUP_US / MICRO)
        await writer.absence(START.plus(us=groups * GROUP_US), "stream-stalled")
        begin = START.plus(seconds=10)
        await record_clip(rig, writer, "other", groups, begin)
        rig.clock.step(seconds=600)
        await writer.close()
        desk, end = ExportDesk(rig, stamped=stamped), begin.plus(us=groups * GROUP_US)
        exported = await extract(rig, folder / "p.guetpkg", START.us, end.us, desk, roots)
        await rig.close()
        return opened_package(exported, folder / "p.zip").read_bytes()

    return asyncio.run(make())
