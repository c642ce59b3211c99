"""The manifest: what a package holds, of what it is proof, and who decided (E-31, E-32, P-72, P-74).

It is canonical JSON (sorted keys, no spaces, UTF-8) and names every other file with its SHA-256; the keeper signs its
hash. All instants are UTC microseconds. Persons are those who acted, never those who were filmed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vms.errors import Damaged

FORMAT: Final[Literal["guet/evidence/v1"]] = "guet/evidence/v1"
STATEMENT: Final = "guet/manifest/v1"
MANIFEST_FILE: Final = "manifest.json"
SIGNATURE_FILE: Final = "manifest.sig"
SIGNER_FILE: Final = "signer.vkey"
SEAL_FILE: Final = "manifest.p7s"
TIMESTAMP_FILE: Final = "manifest.tsr"
CERTIFICATE_FILE: Final = "signer.pem"
NOTICE_FILE: Final = "LISEZMOI.txt"
SUMMARY_FILE: Final = "LISEZMOI.pdf"
SUMS_FILE: Final = "SHA256SUMS"
ROOTS_FILE: Final = "proofs/timestamp-roots.pem"
SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MANIFEST_LIMIT_BYTES: Final = 16 * 1024 * 1024
DEPTH_LIMIT: Final = 64
# Time of the range for which there is neither picture nor recorded absence: before service, or destroyed when due.
NOT_RECORDED: Final = "not-recorded"
# Time that was recorded and whose stored bytes no longer open: its links are in the chain, its pictures are lost.
STORED_DAMAGED: Final = "stored-damaged"

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
# Instants, lengths and counts alike: the last µs of the year 9999 is below this, and ten times it fits 64 bits.
COUNT_LIMIT: Final = 1 << 58
Count = Annotated[int, Field(ge=0, le=COUNT_LIMIT)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PackagedFile(_Part):
    """A file of the package: path, SHA-256, length."""

    path: str
    sha256: Sha256
    bytes: Count


class Absence(_Part):
    """Time without pictures and its cause (E-32)."""

    from_us: Count
    to_us: Count
    cause: str


class Video(_Part):
    """One video: pictures without interruption, in one format.

    ``init`` is the stored initialisation segment; ``first_sequence`` the chain number of its first group, of which
    ``groups`` follow; ``offset_90k`` what was taken from each decode time; ``nal_list`` the SHA-256 of each NAL unit.
    """

    path: str
    init: str
    nal_list: str
    codec: str
    width: Count
    height: Count
    from_us: Count
    to_us: Count
    pictures: Count
    nal_units: Count
    fps_measured: float
    first_sequence: Count
    groups: Annotated[int, Field(ge=1)]
    offset_90k: Count

    @property
    def own_files(self) -> tuple[str, ...]:
        """The files that are this video's alone; its initialisation segment may serve others too."""
        return (self.path, self.nal_list)


class StreamEvidence(_Part):
    """One stream of one camera over the range: its videos and absences, and the chain that ties them."""

    camera: str
    name: str
    place: str
    stream: Literal["main", "sub"]
    from_us: Count
    to_us: Count
    videos: tuple[Video, ...]
    absences: tuple[Absence, ...]
    chain: str
    zone_sets: tuple[str, ...]


class Commune(_Part):
    """The controller (P-03)."""

    id: str
    name: str


class AskedFor(_Part):
    """The request that the package answers (P-72): its id, and what the keeper knows of it (frame, fields, motive)."""

    id: str
    facts: dict[str, Any]


class JournalEvidence(_Part):
    """An entry of the access journal and the proof that it is in the journal: paths of both files."""

    entry: str
    proof: str


class Timestamp(_Part):
    """That an RFC 3161 token over the seal follows (E-10), and by which root certificates it is judged: their path."""

    roots: str


class Manifest(_Part):
    """The whole manifest. ``decision`` (P-74), ``operator`` and ``zone_sets`` are as the keeper has them."""

    format: Literal["guet/evidence/v1"]
    package: str
    created_us: Count
    build: str
    commune: Commune
    request: AskedFor
    decision: dict[str, Any]
    operator: dict[str, Any]
    zone_sets: tuple[dict[str, Any], ...]
    streams: tuple[StreamEvidence, ...]
    journal: tuple[JournalEvidence, ...]
    timestamp: Timestamp | None
    files: tuple[PackagedFile, ...]

    @property
    def unlisted(self) -> tuple[str, ...]:
        """The files that follow the listed ones, in order: they sign the manifest, so it cannot name their hashes."""
        signed = (MANIFEST_FILE, SIGNATURE_FILE, SIGNER_FILE, SEAL_FILE)
        return (*signed, TIMESTAMP_FILE) if self.timestamp else signed

    def encode(self) -> bytes:
        """The one canonical form: what is hashed and signed."""
        return canonical(self.model_dump(mode="json"))

    @staticmethod
    def parse(data: bytes) -> Manifest:
        """The manifest in ``data``; Damaged when it is not one, or not in its canonical form."""
        try:
            content = json.loads(data, parse_constant=_no_number)
            if _is_deep(content):
                raise ValueError("too deep")
            manifest = Manifest.model_validate_json(data)
        except (ValueError, ValidationError, RecursionError) as error:
            raise Damaged("Le manifeste est illisible.", where=MANIFEST_FILE) from error
        if canonical(content) != data:
            raise Damaged("Le manifeste n’est pas sous sa forme canonique.", where=MANIFEST_FILE)
        return manifest


def _no_number(name: str) -> float:
    """What JSON does not know, and Python would read: NaN and the infinities."""
    raise ValueError(name)


def _is_deep(content: object) -> bool:
    """Whether something lies more than ``DEPTH_LIMIT`` deep: other readers would not follow."""
    level = [content]
    for _ in range(DEPTH_LIMIT + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)


def schema() -> bytes:
    """The manifest's JSON Schema (2020-12), as docs/formats/manifest.schema.json publishes it."""
    made = {"$schema": SCHEMA_DIALECT, **Manifest.model_json_schema()}
    return (json.dumps(made, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def sums(files: Iterable[PackagedFile]) -> bytes:
    """The list of files as ``sha256sum -c`` reads it."""
    return "".join(f"{file.sha256}  {file.path}\n" for file in files).encode()


def canonical(content: dict[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def statement(commune: str, request: str, manifest_sha256: str) -> str:
    """The text of the signed note over a manifest: what it is, commune, request, hash, a line each."""
    return f"{STATEMENT}\n{commune}\n{request}\n{manifest_sha256}\n"


def statement_of(manifest: Manifest, data: bytes) -> str:
    """The text that the signature of this manifest must be over."""
    return statement(manifest.commune.id, manifest.request.id, hashlib.sha256(data).hexdigest())
