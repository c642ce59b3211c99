"""The last step of the verification: each video's C2PA sidecar, where the package has them (E-20, E-22)."""

from __future__ import annotations

from cryptography import x509

from vms.errors import Damaged, GuetError
from vms.evidence import c2pa, timestamp
from vms.evidence.container import Container
from vms.evidence.export_boxes import check_signer, export_of
from vms.evidence.manifest import Manifest
from vms.evidence.report import Report
from vms.evidence.verify_seal import Sealed


def verify_sidecars(container: Container, manifest: Manifest, sealed: Sealed, report: Report) -> None:
    """Note whether each sidecar is that of its video; nothing is raised.

    Packages were made without them before they existed: none at all is no damage, one that lacks is.
    """
    listed = {file.path for file in manifest.files}
    videos = [(stream, video) for stream in manifest.streams for video in stream.videos]
    if not any(c2pa.sidecar_of(video.path) in listed for _, video in videos):
        return
    sound = 0
    for stream, video in videos:
        path = c2pa.sidecar_of(video.path)
        try:
            if path not in listed:
                raise Damaged("Le fichier C2PA de cette vidéo manque.")
            data = container.read(path, c2pa.SIDECAR_LIMIT_BYTES)
            if sealed.certificate is None:
                raise Damaged("Sans certificat du cachet, la signature C2PA ne peut pas être vérifiée.")
            subject, roots = c2pa.Subject.of(manifest, stream, video), _roots(container, manifest)
            check_signer(c2pa.verify(data, subject, sealed.certificate, roots), export_of(manifest, stream, sealed))
        except GuetError as error:
            report.add("c2pa", False, f"{path} : {error}")
        else:
            sound += 1
    if sound == len(videos):
        report.add("c2pa", True, f"{sound} fichier{'s' if sound > 1 else ''} C2PA, chacun lié à sa vidéo et signé")


def _roots(container: Container, manifest: Manifest) -> list[x509.Certificate] | None:
    if manifest.timestamp is None:
        return None
    return timestamp.read_roots(container.read(manifest.timestamp.roots, timestamp.ROOTS_LIMIT_BYTES))
