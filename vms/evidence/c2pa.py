"""A video's C2PA sidecar, in one form only (C2PA 2.2; docs/formats/package.md, decision 0024; E-20, E-22, E-23).

Its bytes follow from what the manifest says of the video, from a certificate, a signature and perhaps a time-stamp. So
a verifier rebuilds it instead of reading hostile JUMBF and CBOR, as it does with the seal (``cms``). The hard binding
is ``c2pa.hash.data`` over the whole video: the SHA-256 of the manifest's list, so nothing is read twice to make it.
"""

from __future__ import annotations

import hashlib
import struct
import uuid
from dataclasses import dataclass
from typing import Any, Final

import cbor2
from cryptography import x509

from vms.clock import UtcTime
from vms.errors import Damaged
from vms.evidence import timestamp
from vms.evidence.manifest import Manifest, StreamEvidence, Video
from vms.keys import seal

SUFFIX: Final = ".c2pa"
SIDECAR_LIMIT_BYTES: Final = timestamp.ANSWER_LIMIT_BYTES + seal.CERTIFICATE_LIMIT_BYTES + 16 * 1024
SALT_BYTES: Final = 32
CAPTURE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
GENERATOR: Final = "Guet"

# JUMBF content types (§11.1.4): four letters, then the tail that all of ISO's have.
_TYPE_TAIL: Final = bytes.fromhex("00110010800000aa00389b71")
_REQUESTABLE_WITH_LABEL: Final = b"\x03"
# COSE (RFC 9052, RFC 9360): the labels of the algorithm and of the certificate chain, PS256, COSE_Sign1's tag.
_ALG: Final = 1
_X5CHAIN: Final = 33
_PS256: Final = -37
_SIGN1: Final = 18
_DATE_TEXT: Final = 0
_CERTIFICATE_AFTER: Final = bytes((0xA2, _ALG, 0x38, 0x24, 0x18, _X5CHAIN, 0x59))
_TOKEN_AFTER: Final = b"\xa1\x67sigTst2\xa1\x69tstTokens\x81\xa1\x63val\x59"
_LENGTH: Final = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sidecar says of a video: its path and SHA-256 in the package, when it was recorded and exported (UTC µs).

    ``masked`` when private zones were burnt in before it was recorded (P-10).
    """

    package: str
    path: str
    sha256: str
    recorded_us: int
    exported_us: int
    build: str
    masked: bool

    @classmethod
    def of(cls, manifest: Manifest, stream: StreamEvidence, video: Video) -> Subject:
        """From the manifest alone; Damaged when it does not list the video."""
        listed = next((file for file in manifest.files if file.path == video.path), None)
        if listed is None:
            raise Damaged("Cette vidéo n’est pas dans la liste des fichiers.", where=video.path)
        sets = (one for one in manifest.zone_sets if one.get("id") in stream.zone_sets)
        return cls(
            package=manifest.package,
            path=video.path,
            sha256=listed.sha256,
            recorded_us=video.from_us,
            exported_us=manifest.created_us,
            build=manifest.build,
            masked=any(one.get("polygons") for one in sets),
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """A sidecar that only lacks its time-stamp: the certificate (DER) and the PS256 signature of its claim."""

    subject: Subject
    certificate: bytes
    signature: bytes

    def to_stamp(self) -> bytes:
        """What an authority is to see (§10.3.2.5): the signature, countersigned, with its protected header."""
        return _structure("CounterSignature", self.certificate, _cbor(self.signature))

    def encode(self, token: bytes = b"") -> bytes:
        """The sidecar's bytes, with an RFC 3161 TimeStampToken (DER) when there is one."""
        header = {"sigTst2": {"tstTokens": [{"val": token}]}} if token else {}
        sealed = _cbor(cbor2.CBORTag(_SIGN1, [_protected(self.certificate), header, None, self.signature]))
        assertions, claim = _claim(self.subject)
        name = _name(self.subject)
        return _superbox(
            b"c2pa",
            "c2pa",
            _superbox(
                b"c2ma",
                name,
                _superbox(b"c2as", "c2pa.assertions", *assertions),
                _superbox(b"c2cl", "c2pa.claim.v2", _box(b"cbor", claim)),
                _superbox(b"c2cs", "c2pa.signature", _box(b"cbor", sealed)),
            ),
        )


def sidecar_of(video: str) -> str:
    """The path of a video's sidecar: beside it, under its name, where tools look for it."""
    return video.removesuffix(".mp4") + SUFFIX


def sign(subject: Subject, by: seal.Seal) -> Signed:
    """The claim signed by an extraction's own key, which the commune's seal certified."""
    signed = _structure("Signature1", by.certificate, _claim(subject)[1])
    signature = seal.sign_digest(by.private, hashlib.sha256(signed).digest(), SALT_BYTES)
    return Signed(subject, by.certificate, signature)


def verify(
    data: bytes, subject: Subject, issuer: x509.Certificate, roots: list[x509.Certificate] | None
) -> x509.Certificate:
    """The signer's certificate when ``data`` is the video's sidecar; Damaged otherwise, with the part that fails.

    ``issuer`` is the commune's seal. With ``roots`` a time-stamp must be there and lead to them; without, none may be.
    """
    certificate, token, signature = _parts(data)
    made = Signed(subject, certificate, signature)
    if made.encode(token) != data:
        raise Damaged("Le fichier C2PA n’est pas celui de cette vidéo.")
    own = seal.read_certificate(certificate, issuer)
    signed = _structure("Signature1", certificate, _claim(subject)[1])
    try:
        seal.verify_digest(own, hashlib.sha256(signed).digest(), signature, SALT_BYTES)
    except Damaged as error:
        raise Damaged("La signature C2PA ne correspond pas au certificat.") from error
    if bool(token) != (roots is not None):
        raise Damaged("L’horodatage C2PA annoncé manque, ou n’est pas annoncé.")
    if roots is not None:
        at = timestamp.check(timestamp.answer_of(token), made.to_stamp(), roots).datetime()
        if not own.not_valid_before_utc <= at <= own.not_valid_after_utc:
            raise Damaged("Le fichier C2PA a été horodaté hors de la validité du certificat.")
    return own


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Certificate, token and signature where the one form has them; Damaged when they cannot be there."""
    if len(data) > SIDECAR_LIMIT_BYTES:
        raise Damaged("Le fichier C2PA est trop long.")
    certificate = _after(data, _CERTIFICATE_AFTER)
    token = _after(data, _TOKEN_AFTER) if _TOKEN_AFTER in data else b""
    return certificate, token, data[-seal.SIGNATURE_BYTES :]


def _after(data: bytes, mark: bytes) -> bytes:
    """The bytes behind a mark, as many as the two bytes after it say."""
    at = data.find(mark) + len(mark)
    if at < len(mark) or at + _LENGTH.size > len(data):
        raise Damaged("Le fichier C2PA n’a pas la forme attendue.")
    (length,) = _LENGTH.unpack_from(data, at)
    return data[at + _LENGTH.size : at + _LENGTH.size + length]


def _claim(subject: Subject) -> tuple[list[bytes], bytes]:
    """The assertion boxes, and the claim that names them by their hash (§10.2, §8.4.2.3)."""
    said = {"c2pa.actions.v2": _actions(subject), "c2pa.hash.data": _binding(subject)}
    boxes = [_superbox(b"cbor", label, _box(b"cbor", _cbor(content))) for label, content in said.items()]
    claim = {
        "instanceID": f"urn:uuid:{uuid.UUID(bytes=_digest(subject, 'instance')[:16], version=4)}",
        "claim_generator_info": {"name": GENERATOR, "version": subject.build},
        "signature": f"self#jumbf=/c2pa/{_name(subject)}/c2pa.signature",
        "created_assertions": [
            # A reference's hash is over the box without its own header of 8 bytes.
            {"url": f"self#jumbf=c2pa.assertions/{label}", "hash": hashlib.sha256(box[8:]).digest()}
            for label, box in zip(said, boxes, strict=True)
        ],
        "dc:title": subject.path.rpartition("/")[2],
        "alg": "sha256",
    }
    return boxes, _cbor(claim)


def _actions(subject: Subject) -> dict[str, Any]:
    """Recorded, perhaps masked before that, and copied without another encoding (§18.14)."""
    recorded, exported = _when(subject.recorded_us), _when(subject.exported_us)
    agent = {"name": GENERATOR, "version": subject.build}
    actions: list[dict[str, Any]] = [
        {"action": "c2pa.created", "when": recorded, "digitalSourceType": CAPTURE, "softwareAgent": agent}
    ]
    if subject.masked:
        actions.append(
            {
                "action": "c2pa.edited",
                "when": recorded,
                "reason": "c2pa.PII.present",
                "description": "Zones privées masquées avant l’enregistrement.",
                "softwareAgent": agent,
            }
        )
    copied = f"Extraction sans réencodage, paquet {subject.package}."
    actions.append({"action": "c2pa.repackaged", "when": exported, "description": copied, "softwareAgent": agent})
    return {"actions": actions}


def _binding(subject: Subject) -> dict[str, Any]:
    """Every byte of the video, none excluded (§18.5)."""
    return {"alg": "sha256", "hash": bytes.fromhex(subject.sha256), "name": "SHA-256 of the whole file", "pad": b""}


def _when(us: int) -> Any:
    return cbor2.CBORTag(_DATE_TEXT, UtcTime(us).iso())


def _name(subject: Subject) -> str:
    """The manifest's name. It is asked to be unique and of version 4's form; this one follows from what it is of."""
    return f"urn:c2pa:{uuid.UUID(bytes=_digest(subject, 'manifest')[:16], version=4)}"


def _digest(subject: Subject, of: str) -> bytes:
    return hashlib.sha256(f"guet/c2pa/v1\0{of}\0{subject.package}\0{subject.path}\0{subject.sha256}".encode()).digest()


def _structure(context: str, certificate: bytes, payload: bytes) -> bytes:
    """What is signed (RFC 9052 §4.4)."""
    return _cbor([context, _protected(certificate), b"", payload])


def _protected(certificate: bytes) -> bytes:
    return _cbor({_ALG: _PS256, _X5CHAIN: certificate})


def _cbor(content: Any) -> bytes:
    """Core deterministic encoding (RFC 8949 §4.2.1)."""
    return cbor2.dumps(content, canonical=True)


def _superbox(kind: bytes, label: str, *content: bytes) -> bytes:
    """A JUMBF superbox with its description (ISO 19566-5)."""
    description = _box(b"jumd", kind + _TYPE_TAIL + _REQUESTABLE_WITH_LABEL + label.encode() + b"\0")
    return _box(b"jumb", description, *content)


def _box(kind: bytes, *content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, content)), kind) + b"".join(content)
