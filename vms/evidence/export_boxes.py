"""The closing ``meta`` of a video, checked: capture time and signature of ONVIF's export format (O-62, O-65)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography import x509
from cryptography.x509.oid import NameOID

from vms.clock import MICRO
from vms.errors import Damaged
from vms.evidence import mp4
from vms.evidence.manifest import Manifest, StreamEvidence, Video
from vms.evidence.verify_seal import Sealed
from vms.keys import seal

META_LIMIT_BYTES: Final = 64 * 1024
FILETIME_EPOCH_100NS: Final = 116_444_736_000_000_000
OEFF: Final = b"oeff"
OEFF_VERSION: Final = 0x0001_0000
OEFF_SALT_BYTES: Final = 20
# One entry: count, track id, and 100-ns intervals from 1601-01-01 to the first picture.
_CSTB_BYTES: Final = 16
_SCHM: Final = bytes(4) + OEFF + OEFF_VERSION.to_bytes(4, "big")
_HDLR: Final = bytes(8) + b"null" + bytes(12) + b"\0"
# Seconds from 1904-01-01 (ISO/IEC 14496-12) to 1970-01-01, both UTC.
_MP4_EPOCH_S: Final = 2_082_844_800
NOTE_LIMIT_CHARS: Final = 128


@dataclass(frozen=True, slots=True)
class Export:
    """What a stream's videos must say of themselves, from the manifest: ``suep`` and ``auib``, whole.

    ``commune`` is its id, ``title`` the name in their certificate, ``by`` the seal that issued that one.
    """

    commune: str
    suep: bytes
    note: bytes
    title: str
    by: Sealed


def export_of(manifest: Manifest, stream: StreamEvidence, by: Sealed) -> Export:
    """What the videos of a stream of this package say, and who certified their key."""
    request = manifest.request.id
    note = f"{manifest.commune.name}, demande {request}, paquet {manifest.package}"[:NOTE_LIMIT_CHARS]
    exported = struct.pack(">Q", manifest.created_us // MICRO + _MP4_EPOCH_S)
    who = _text(f"Guet {manifest.build}", "", ""), exported, _text(str(manifest.operator.get("label", "")))
    suep = b"".join((b"\1\0\0\0", *who, struct.pack(">IH", 1, 1), _text(stream.name, "", "", "")))
    return Export(manifest.commune.id, suep, _text(note), f"Extraction {request}"[: seal.NAME_LIMIT_CHARS], by)


def _text(*values: str) -> bytes:
    return b"".join(value.encode() + b"\0" for value in values)


class RunningDigest(Protocol):
    """A SHA-256 over what stands before the closing box."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""
        ...

    def digest(self) -> bytes:
        """Of what was taken so far."""
        ...


def check_meta(meta: bytes, before: RunningDigest, video: Video, issuer: x509.Certificate) -> None:
    """Check a video's closing box; ``before`` has taken the whole file up to it. Damaged, naming the box that lies."""
    inner = _inner(meta)
    _check_start(meta[inner[b"cstb"].body : inner[b"cstb"].end], video)
    protection = inner[b"ipro"]
    if meta[protection.body : protection.body + 6] != bytes(4) + (1).to_bytes(2, "big"):
        raise Damaged("La boîte ipro n’annonce pas une protection.")
    scheme = _named(meta, protection.body + 6, protection.end, (b"sinf",))[b"sinf"]
    parts = _named(meta, scheme.body, scheme.end, (b"schm", b"schi"))
    if meta[parts[b"schm"].body : parts[b"schm"].end] != _SCHM:
        raise Damaged("La boîte schm n’annonce pas le format d’export de l’ONVIF.")
    signed = _named(meta, parts[b"schi"].body, parts[b"schi"].end, (b"sibo", b"cert", b"auib"))
    own, place = signed[b"cert"], signed[b"sibo"]
    certificate = seal.read_certificate(meta[own.body : own.end], issuer)
    before.update(meta[: place.body])
    before.update(bytes(place.end - place.body))
    before.update(meta[place.end :])
    seal.verify_digest(certificate, before.digest(), meta[place.body : place.end], OEFF_SALT_BYTES)


def check_export(meta: bytes, export: Export) -> None:
    """Check what a closing box that ``check_meta`` took says of the export; Damaged when it is another's."""
    inner = _inner(meta)
    for kind, told in ((b"hdlr", _HDLR), (b"suep", export.suep)):
        if meta[inner[kind].body : inner[kind].end] != told:
            raise Damaged(f"La boîte {kind.decode()} ne dit pas ce que dit le manifeste.")
    scheme = _named(meta, inner[b"ipro"].body + 6, inner[b"ipro"].end, (b"sinf",))[b"sinf"]
    held = _named(meta, scheme.body, scheme.end, (b"schm", b"schi"))[b"schi"]
    signed = _named(meta, held.body, held.end, (b"sibo", b"cert", b"auib"))
    certificate = seal.read_certificate(meta[signed[b"cert"].body : signed[b"cert"].end], export.by.certificate)
    check_signer(certificate, export)
    if meta[signed[b"auib"].body : signed[b"auib"].end] != export.note:
        raise Damaged("La vidéo a été signée pour une autre demande ou un autre paquet.")


def check_signer(certificate: x509.Certificate, export: Export) -> None:
    """Check that the seal certified a key for this extraction, and for the day it was put on; Damaged otherwise."""
    at = None if export.by.at is None else export.by.at.datetime()
    if at is not None and not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise Damaged("Le certificat de la vidéo n’était pas valable quand le cachet a été apposé.")
    titles = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if titles != [export.title]:
        raise Damaged("La vidéo a été signée pour une autre demande ou un autre paquet.")


def _inner(meta: bytes) -> dict[bytes, mp4.Box]:
    outer = list(mp4.boxes(meta))
    if len(outer) != 1 or outer[0].kind != b"meta":
        raise Damaged("La fin de la vidéo n’est pas une seule boîte meta.")
    return _named(meta, outer[0].body + 4, outer[0].end, (b"hdlr", b"suep", b"cstb", b"ipro"))


def _named(data: bytes, start: int, end: int, kinds: Iterable[bytes]) -> dict[bytes, mp4.Box]:
    """The boxes in this stretch, which must be exactly these, in this order."""
    found = list(mp4.boxes(data, start, end))
    if [box.kind for box in found] != list(kinds):
        raise Damaged("Les boîtes d’export de la vidéo ne sont pas celles du format.", where=f"octet {start} de meta")
    return {box.kind: box for box in found}


def _check_start(start: bytes, video: Video) -> None:
    """The capture time that players show (O-62) is that of the first picture."""
    told = (video.from_us * 10 + FILETIME_EPOCH_100NS).to_bytes(8, "big")
    if len(start) != _CSTB_BYTES or start[:4] != (1).to_bytes(4, "big") or start[-8:] != told:
        raise Damaged("L’heure de début inscrite dans la vidéo n’est pas celle de l’enregistrement.")
