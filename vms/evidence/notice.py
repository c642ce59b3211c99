"""LISEZMOI.txt: what the package is and how to check it, for a reader who has never heard of us (T-14)."""

from __future__ import annotations

from vms.clock import PARIS, UtcTime
from vms.evidence.manifest import Manifest, StreamEvidence

_HEAD = """PAQUET DE PREUVE {package}

Commune : {commune}
Demande : {request}
Paquet constitué le {created}

Ce paquet contient les enregistrements de vidéoprotection remis en réponse à la demande ci-dessus. Les vidéos sont
celles que le système a enregistrées, image pour image, sans réencodage. Les zones privées (logements, entrées) ont été
masquées avant l’enregistrement : aucune copie sans masque n’existe. Il n’y a pas de son.

CE QUI EST REMIS
"""

_CHECKS = """
VÉRIFIER

1. Avec la commande de Guet, hors ligne :
       vms evidence verify {package}.zip --signer COMMUNE.vkey
   COMMUNE.vkey est la clé que la commune publie. Sans elle, le paquet peut être dit intact, mais pas authentique.

2. Avec des outils publics (sha256sum, openssl, ffprobe), dans le dossier extrait :
   a. chaque fichier a l’empreinte SHA-256 que donne manifest.json, rubrique « files » :
       sha256sum video/*.mp4 proofs/*
   b. l’empreinte de manifest.json est la quatrième ligne de manifest.sig :
       sha256sum manifest.json
   c. la signature de manifest.sig (Ed25519, note signée C2SP) porte sur ses quatre premières lignes :
       head -n 4 manifest.sig > texte
       tail -n 1 manifest.sig | cut -d ' ' -f 3 | base64 -d | tail -c +5 > signature
       (printf '302a300506032b6570032100' | xxd -r -p; cut -d + -f 3- signer.vkey | base64 -d | tail -c +2) > cle.der
       openssl pkeyutl -verify -pubin -keyform DER -inkey cle.der -rawin -in texte -sigfile signature
   d. signer.vkey est la clé que la commune publie : comparez-les, elle n’est jointe que pour mémoire.
   e. les vidéos se lisent et n’ont pas de son :
       ffprobe video/*.mp4

Les heures du manifeste sont en microsecondes UTC depuis 1970. Le format est décrit dans docs/formats/package.md.
"""


def notice(manifest: Manifest) -> str:
    """The text for a manifest whose list of files may still be empty; times are those of Paris, with their offset."""
    head = _HEAD.format(
        package=manifest.package,
        commune=manifest.commune.name,
        request=manifest.request.id,
        created=_local(manifest.created_us),
    )
    return head + "".join(map(_stream, manifest.streams)) + _CHECKS.format(package=manifest.package)


def _stream(stream: StreamEvidence) -> str:
    lines = [f"\n{stream.name} ({stream.camera}), {stream.place or 'lieu non précisé'}"]
    lines.append(f"  demandé : du {_local(stream.from_us)} au {_local(stream.to_us)}")
    for video in stream.videos:
        lines.append(f"  {video.path}")
        lines.append(f"    du {_local(video.from_us)} au {_local(video.to_us)}")
        lines.append(
            f"    {video.width} × {video.height}, {video.codec}, {video.pictures} images, "
            f"{video.fps_measured:g} images/s mesurées"
        )
    lines += [f"  absence du {_local(a.from_us)} au {_local(a.to_us)} : {a.cause}" for a in stream.absences]
    if not stream.videos:
        lines.append("  aucune image enregistrée sur cette plage")
    return "\n".join(lines) + "\n"


def _local(us: int) -> str:
    return UtcTime(us).datetime().astimezone(PARIS).strftime("%d/%m/%Y %H:%M:%S.%f")[:-3] + _offset(us)


def _offset(us: int) -> str:
    text = UtcTime(us).datetime().astimezone(PARIS).strftime("%z")
    return f" (UTC{text[:3]}:{text[3:]})"
