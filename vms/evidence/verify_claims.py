"""What a manifest claims, beside the bytes it names: each file has one role, the journal knows this very extraction.

Whoever builds a package has its hash signed without its content being seen (decision 0011). So a builder that was taken
over could leave a camera out, narrow the range or slip a file in, all duly signed. But the gate opened the extraction
under an entry of the journal that names its cameras and range, and the keeper alone writes there (P-40, E-32).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from vms.errors import Damaged
from vms.evidence import c2pa
from vms.evidence.manifest import CERTIFICATE_FILE, NOTICE_FILE, SUMMARY_FILE, SUMS_FILE, Manifest
from vms.evidence.proof import JournalProof
from vms.evidence.report import Report
from vms.law.state_access import BASIS

DECISION: Final = "decide"
COLLECTION: Final = "collect"
EXTRACTION: Final = "export"
_FIXED: Final = (CERTIFICATE_FILE, NOTICE_FILE, SUMMARY_FILE, SUMS_FILE)


@dataclass(frozen=True, slots=True)
class Proved:
    """A journal entry whose inclusion holds: which log says it (its origin), and what its record says."""

    origin: str
    record: dict[str, Any]


def role_problems(manifest: Manifest) -> list[str]:
    """Files of the list that nothing of the package speaks of, or two things do."""
    roles: list[str] = [*_FIXED, *(item for one in manifest.journal for item in (one.entry, one.proof))]
    roles += [manifest.timestamp.roots] if manifest.timestamp else []
    for stream in manifest.streams:
        # Videos of one format share their initialisation segment.
        shared = {video.init for video in stream.videos}
        roles += [stream.chain, *shared, *(path for video in stream.videos for path in video.own_files)]
    sidecars = {c2pa.sidecar_of(video.path) for stream in manifest.streams for video in stream.videos}
    listed = {file.path for file in manifest.files}
    problems = [f"{name} ne sert à rien dans ce paquet" for name in sorted(listed - set(roles) - sidecars)]
    return problems + [f"{name} sert deux fois" for name in sorted(_twice(roles))]


def proved(proof: JournalProof, origin: str, name: str, manifest: Manifest) -> Proved:
    """The entry that a proof leads to in the log of this origin; Damaged when it is of another commune, log or place.

    ``name`` is that of the checkpoint's key, below which its logs lie; empty when it is not known.
    """
    host, _, rest = origin.rpartition(f"/{manifest.commune.id}/")
    log = rest if "/" not in rest else ""
    if not host or not log or name not in ("", host):
        raise Damaged(f"Ce journal n’est pas celui de la commune : « {origin} ».")
    record = proof.said()
    if (record.get("commune"), record.get("log"), record.get("n")) != (manifest.commune.id, log, proof.index):
        raise Damaged("L’entrée du journal n’est pas à sa place.", where=f"entrée {proof.index}")
    return Proved(origin, record)


def verify_extraction(manifest: Manifest, entries: Iterable[Proved], report: Report) -> None:
    """Note whether decision and extraction are proved, and are of this request, these cameras and this range."""
    records = [one.record for one in entries]
    opened = _collection_problem if manifest.request.facts.get("basis") == BASIS else _decision_problem
    problem = opened(manifest, records) or _extraction_problem(manifest, records)
    detail = "ces caméras et cette plage, pour cette demande, selon le journal"
    report.add("extraction", not problem, problem or detail)


def _decision_problem(manifest: Manifest, records: list[dict[str, Any]]) -> str:
    found = [record.get("detail") for record in records if record.get("act") == DECISION]
    if len(found) != 1 or not isinstance(found[0], dict):
        return "la décision n’est pas prouvée par une entrée du journal"
    said = (found[0].get("request"), found[0].get("decision"))
    if said != (manifest.request.id, "execute") or manifest.decision.get("decision") != "execute":
        return "la décision que le journal prouve n’est pas celle de cette demande"
    if found[0].get("ground", "") != (manifest.decision.get("ground") or ""):
        return "le motif de la décision n’est pas celui que le journal prouve"
    return ""


def _collection_problem(manifest: Manifest, records: list[dict[str, Any]]) -> str:
    """A collection needs no decision, and has none; who extracts it is who opened it (P-73)."""
    found = [record for record in records if record.get("act") == COLLECTION]
    if len(found) != 1 or not isinstance(found[0].get("detail"), dict):
        return "la collecte n’est pas prouvée par une entrée du journal"
    said = (found[0]["detail"].get("request"), found[0]["detail"].get("basis"))
    if said != (manifest.request.id, BASIS) or manifest.decision.get("decision"):
        return "la collecte que le journal prouve n’est pas celle de cette demande"
    extracted = [record.get("author") for record in records if record.get("act") == EXTRACTION]
    if any(_person(author) != _person(found[0].get("author")) for author in extracted):
        return "l’extraction n’est pas de l’agent qui a ouvert la collecte"
    return ""


def _person(author: object) -> object:
    return author.get("person") if isinstance(author, dict) else None


def _extraction_problem(manifest: Manifest, records: list[dict[str, Any]]) -> str:
    found = [record for record in records if record.get("act") == EXTRACTION]
    if len(found) != 1:
        return "l’extraction n’est pas prouvée par une entrée du journal"
    entry = found[0]
    if entry.get("reference") != manifest.request.id:
        return "l’extraction que le journal prouve est celle d’une autre demande"
    opened = entry.get("cameras")
    cameras = {camera for camera in opened if isinstance(camera, str)} if isinstance(opened, list) else set()
    given = {stream.camera for stream in manifest.streams}
    if missing := sorted(cameras - given):
        return f"des caméras de l’extraction ne sont pas dans le paquet : {', '.join(missing)}"
    if added := sorted(given - cameras):
        return f"des caméras du paquet ne sont pas de l’extraction : {', '.join(added)}"
    for stream in manifest.streams:
        if (stream.from_us, stream.to_us) != (entry.get("from_us"), entry.get("to_us")):
            return f"la plage de {stream.camera} n’est pas celle de l’extraction"
    return ""


def _twice(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
