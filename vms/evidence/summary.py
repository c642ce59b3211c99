"""LISEZMOI.pdf: the package on one page, in words for a magistrate (E-31). PDF/A-2a and PDF/UA-1, fonts embedded.

The page is set by typst from ``summary.typ``; what is shown is passed as data, so that no name of a camera or authority
is ever read as markup. It is one page whatever the package holds: what does not fit is counted, and in the manifest.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any, Final

from vms.clock import MICRO, PARIS, UtcTime
from vms.evidence.absences import CAUSES
from vms.evidence.manifest import Absence, Manifest, StreamEvidence
from vms.typeset import typeset

ROWS_LIMIT: Final = 6
GAPS_LIMIT: Final = 4
CELL_LIMIT_CHARS: Final = 50
TEXT_LIMIT_CHARS: Final = 120
_TEMPLATE: Final = files("vms.evidence").joinpath("summary.typ").read_bytes()


def render(manifest: Manifest, certificate: bytes) -> bytes:
    """The page for a manifest whose list of files may still be empty; ``certificate`` is the seal's, DER."""
    failed = "Le résumé du paquet n’a pas pu être composé."
    return typeset(_TEMPLATE, _facts(manifest, certificate), manifest.created_us // MICRO, failed)


def _facts(manifest: Manifest, certificate: bytes) -> dict[str, Any]:
    rows = [row for stream in manifest.streams for row in _rows(stream)]
    gaps = [(stream, absence) for stream in manifest.streams for absence in stream.absences]
    digest = hashlib.sha256(certificate).hexdigest().upper()
    return {
        "title": "Extraction de vidéoprotection",
        "description": f"Paquet {manifest.package}, demande {manifest.request.id}",
        "commune": _cut(manifest.commune.name),
        "facts": _identity(manifest),
        "given": "Les images telles que le système les a enregistrées, sans réencodage ni retouche. Les zones "
        "privées (logements, entrées) ont été masquées avant l’enregistrement : aucune copie sans masque n’existe. "
        "Il n’y a pas de son, qui n’est jamais capté.",
        "rows": rows[:ROWS_LIMIT],
        "more": _more(len(rows) - ROWS_LIMIT, "ligne", "manifest.json"),
        "missing": _missing(manifest, [absence for _, absence in gaps]),
        "gaps": [_gap(*one) for one in gaps[:GAPS_LIMIT]] + ([rest] if (rest := _more_gaps(len(gaps))) else []),
        "proves": _proves(manifest),
        "limits": "Ni que la caméra montrait toute la scène, ni qui sont les personnes visibles. Les heures sont "
        "celles de l’enregistreur, à l’heure de Paris.",
        "checks": _checks(manifest),
        "fingerprint": ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)),
        "package": manifest.package,
        "build": manifest.build,
    }


def _identity(manifest: Manifest) -> list[tuple[str, str]]:
    """Who asked, on which ground, who decided, who extracted; what is not known is left out."""
    asked, decision, operator = manifest.request.facts, manifest.decision, manifest.operator
    decided = _said(decision.get("decided_by"), decision.get("decided_us"))
    told = [
        (
            "Demande",
            " — ".join(filter(None, [_text(asked, "number") or manifest.request.id, _text(asked, "frame_fr")])),
        ),
        ("Fondement", _basis(asked)),
        ("Autorité", _text(asked, "authority")),
        ("Procédure", _text(asked, "procedure_number")),
        ("Décision", f"remise décidée par {decided}" if decided else ""),
        ("Extraction", _said(operator.get("label"), manifest.created_us)),
    ]
    return [(name, value) for name, value in told if value]


def _basis(asked: dict[str, Any]) -> str:
    """On what a collection without a réquisition rests: the law, and the decision of the chief of service (P-73)."""
    access = asked.get("access")
    if not _text(asked, "basis_fr") or not isinstance(access, dict):
        return ""
    decision = " — ".join(filter(None, (_text(access, name) for name in ("service_fr", "decision_ref", "signed_by"))))
    return f"{_text(asked, 'basis_fr')}. Habilitation : {decision}"


def _rows(stream: StreamEvidence) -> list[tuple[str, str, str, str]]:
    name = _cut(f"{stream.name}, {stream.place}" if stream.place else stream.name, CELL_LIMIT_CHARS)
    if not stream.videos:
        return [(name, _local(stream.from_us), _local(stream.to_us), "aucune image")]
    return [
        (
            name,
            _local(video.from_us),
            _local(video.to_us),
            f"{video.pictures} images, {video.width} × {video.height}",
        )
        for video in stream.videos
    ]


def _missing(manifest: Manifest, absences: list[Absence]) -> str:
    if not absences:
        return "Rien : les vidéos couvrent toute la plage demandée, sans interruption."
    seconds = sum(absence.to_us - absence.from_us for absence in absences) / MICRO
    asked = sum(stream.to_us - stream.from_us for stream in manifest.streams) / MICRO
    return (
        f"{_count(len(absences), 'interruption')}, {_duration(seconds)} en tout sur {_duration(asked)} demandées. "
        "Chacune est déclarée avec sa cause ; aucune image enregistrée de la plage n’a été omise :"
    )


def _gap(stream: StreamEvidence, absence: Absence) -> str:
    cause = CAUSES.get(absence.cause, _cut(absence.cause, CELL_LIMIT_CHARS))
    name = _cut(stream.name, CELL_LIMIT_CHARS)
    return f"{name}, du {_local(absence.from_us)} au {_local(absence.to_us)} : {cause}."


def _proves(manifest: Manifest) -> list[str]:
    stamped = (
        "La date : une autorité d’horodatage indépendante atteste que ce paquet existait à l’heure du jeton joint."
        if manifest.timestamp
        else "La date n’est attestée que par la commune : le paquet ne porte pas l’horodatage d’une autorité."
    )
    opened = "la collecte" if _basis(manifest.request.facts) else "la décision"
    return [
        "L’intégrité : chaque image est celle qui a été enregistrée ; en changer un octet se voit.",
        "La complétude : les enregistrements sont chaînés ; en retirer un au milieu se voit.",
        f"L’origine : le cachet de la commune couvre l’ensemble ; {opened} et l’extraction sont à son journal.",
        stamped,
    ]


def _checks(manifest: Manifest) -> list[str]:
    return [
        "Demandez à la commune, autrement que par ce paquet, l’empreinte de son cachet ; comparez-la à celle du bas.",
        "Faites vérifier le paquet : « vms evidence verify », hors ligne, répond AUTHENTIQUE, SIGNATAIRE INCONNU "
        "ou ALTÉRÉ.",
        "Ou sans aucun programme de Guet : LISEZMOI.txt donne les commandes de openssl, sha256sum et ffprobe.",
    ]


def _said(by: object, at_us: object) -> str:
    who = _cut(by) if isinstance(by, str) else ""
    return f"{who}, le {_local(at_us)}" if who and isinstance(at_us, int) else who


def _text(facts: dict[str, Any], name: str) -> str:
    value = facts.get(name)
    return _cut(value) if isinstance(value, str) else ""


def _cut(text: str, limit_chars: int = TEXT_LIMIT_CHARS) -> str:
    return text if len(text) <= limit_chars else text[: limit_chars - 1] + "…"


def _more(count: int, what: str, where: str) -> str:
    return f"Et {_count(count, what)} de plus, dans {where}." if count > 0 else ""


def _more_gaps(count: int) -> str:
    return _more(count - GAPS_LIMIT, "interruption", "manifest.json")


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count > 1 else ''}"


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds, as one says them."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest} s" if rest else ""]
    return " ".join(filter(None, parts)) or "moins d’une seconde"


def _local(us: int) -> str:
    return UtcTime(us).datetime().astimezone(PARIS).strftime("%d/%m/%Y %H:%M:%S")
