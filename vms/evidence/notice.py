"""LISEZMOI.txt: what the package is and how to check it, for a reader who has never heard of us (T-14)."""

from __future__ import annotations

from vms.clock import PARIS, UtcTime
from vms.evidence.manifest import Manifest, StreamEvidence

_HEAD = """PAQUET DE PREUVE {package}

Commune : {commune}
Demande : {request}{basis}
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

2. Avec des outils publics, dans le dossier extrait. Les commandes qui suivent disent l’essentiel ; la page
   docs/legal/verifier-une-extraction.md les donne toutes, une par une, avec ce qu’elles prouvent.
   a. signer.pem est le certificat du cachet de la commune : comparez son empreinte à celle que la commune publie.
       openssl x509 -in signer.pem -noout -subject -fingerprint -sha256
   b. ce cachet est apposé sur le manifeste :
       openssl cms -verify -binary -inform DER -in manifest.p7s -content manifest.json -CAfile signer.pem \\
           -purpose any -out /dev/null
      l’empreinte du manifeste est celle du reçu et de l’étiquette :
       sha256sum manifest.json
   c. le manifeste nomme SHA256SUMS, par son empreinte, et SHA256SUMS tous les autres fichiers :
       grep -c "$(sha256sum SHA256SUMS | cut -d ' ' -f 1)" manifest.json
       sha256sum --check --quiet --strict SHA256SUMS
   d. {timestamp}
   e. les vidéos se lisent et n’ont pas de son :
       ffprobe video/*.mp4
   f. (facultatif) le fichier .c2pa à côté de chaque vidéo dit ce qu’elle est dans la forme de la C2PA :
       c2patool video/NOM.mp4 --external-manifest video/NOM.c2pa trust --trust_anchors signer.pem

Les heures du manifeste sont en microsecondes UTC depuis 1970. Le format est décrit dans docs/formats/package.md.
"""
_STAMPED = "manifest.tsr atteste, d’une autorité d’horodatage, que ce cachet existait à la date qu’il porte."
_UNSTAMPED = "il n’y a pas d’horodatage d’une autorité : la date n’est attestée que par la commune."


def notice(manifest: Manifest) -> str:
    """The text for a manifest whose list of files may still be empty; times are those of Paris, with their offset."""
    basis = manifest.request.facts.get("basis_fr")
    head = _HEAD.format(
        package=manifest.package,
        commune=manifest.commune.name,
        request=manifest.request.id,
        basis=f"\nFondement : {basis}" if isinstance(basis, str) and basis else "",
        created=_local(manifest.created_us),
    )
    return (
        head
        + "".join(map(_stream, manifest.streams))
        + _CHECKS.format(package=manifest.package, timestamp=_STAMPED if manifest.timestamp else _UNSTAMPED)
    )


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
