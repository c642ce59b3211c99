"""The closing ``meta`` of a video, checked: capture time and signature of ONVIF's export format (O-62, O-65)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from cryptography import x509

from vms.errors import Damaged
from vms.evidence import mp4
from vms.evidence.manifest import Video
from vms.keys import seal

META_LIMIT_BYTES: Final = 64 * 1024
FILETIME_EPOCH_100NS: Final = 116_444_736_000_000_000
OEFF: Final = b"oeff"
OEFF_VERSION: Final = 0x0001_0000
OEFF_SALT_BYTES: Final = 20
# One entry: count, track id, and 100-ns intervals from 1601-01-01 to the first picture.
_CSTB_BYTES: Final = 16
_SCHM: Final = bytes(4) + OEFF + OEFF_VERSION.to_bytes(4, "big")


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
    outer = list(mp4.boxes(meta))
    if len(outer) != 1 or outer[0].kind != b"meta":
        raise Damaged("La fin de la vidéo n’est pas une seule boîte meta.")
    inner = _named(meta, outer[0].body + 4, outer[0].end, (b"hdlr", b"suep", b"cstb", b"ipro"))
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
