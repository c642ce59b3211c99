"""Verification of an evidence package by anybody, from the file alone: nothing of ours needs to run (E-31, O-66).

Steps, numbered as in the code. A step that fails is noted with what it found and where; the others are still made, so
that the report says all that is wrong.

1. The container is in its one form: no byte before, between or after its files.
2. The manifest is readable and canonical.
3. The signature over the manifest's hash holds, for a key we were given, else for the key in the package.
4. Every file has the length and SHA-256 of the manifest; none is missing, none is added; ``SHA256SUMS`` says the same.
   The commune's seal over the manifest holds, and the time-stamp over the seal, when there is one.
5. Each stream's chain holds from its first link to its last.
6. Each video: every group is, byte for byte, what the chain's link says was recorded; every NAL unit is in the list;
   the export's own signature holds, by a key that the seal certified.
7. Videos and absences tile the range without overlap: what is missing is said (E-32).
8. Each journal entry is in the commune's journal, whose checkpoint the same key signed; when the package's signer is
   unknown anyway, a checkpoint signed by yet another key is said, and is no damage. The journal knows this extraction:
   decision, cameras and range are those of its entries.
9. Each video's C2PA sidecar, where there are any, is bound to its video and signed by a key that the seal certified.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from vms.errors import BadInput, Damaged, GuetError
from vms.evidence.container import Container
from vms.evidence.export_boxes import export_of
from vms.evidence.manifest import (
    MANIFEST_FILE,
    MANIFEST_LIMIT_BYTES,
    SIGNATURE_FILE,
    SIGNER_FILE,
    SUMS_FILE,
    Manifest,
    statement_of,
)
from vms.evidence.proof import PROOF_LIMIT_BYTES, JournalProof
from vms.evidence.report import Report
from vms.evidence.verify_c2pa import verify_sidecars
from vms.evidence.verify_claims import Proved, proved, role_problems, verify_extraction
from vms.evidence.verify_seal import sums_problem, verify_seal, verify_timestamp
from vms.evidence.verify_stream import verify_stream
from vms.keys.note import UnknownSigner, Verifier, note_text, parse_vkey, verify_note, vkey

NOTE_LIMIT_BYTES: Final = 64 * 1024
NAME_LIMIT_CHARS: Final = 200
FINGERPRINT_GROUP_CHARS: Final = 4


def verify_package(path: Path, signers: Iterable[str] | str | None = None) -> Report:
    """The report on the package at ``path``; ``signers`` are the verifier keys (signed-note form) that we trust.

    Raises BadInput for a signer that is no verifier key, and OSError when the file cannot be read; everything about the
    package itself is in the report.
    """
    given = [signers] if isinstance(signers, str) else list(signers or ())
    known = [parse_vkey(text) for text in given]
    report = Report()
    with path.open("rb") as file:
        try:
            container = Container(file)
        except GuetError as error:
            report.add("conteneur", False, str(error))
            return report
        _verify_container(container, report)
        manifest, data, signer = _verify_manifest(container, known, report)
        if manifest is None:
            return report
        _verify_files(container, manifest, report)
        sealed = verify_seal(container, data, report)
        verify_timestamp(container, manifest, sealed, report)
        for stream in {stream.chain: stream for stream in manifest.streams}.values():  # one told twice is told above
            verify_stream(container, stream, export_of(manifest, stream, sealed), report)
        _verify_journal(container, manifest, signer, report)
        verify_sidecars(container, manifest, sealed, report)
    return report


def read_signer(text: str) -> str:
    """A verifier key as the command line takes it: the key itself, or a file that holds one."""
    try:
        path = Path(text)
        if "+" not in text or path.is_file():
            with path.open("rb") as file:
                text = file.read(NOTE_LIMIT_BYTES).decode().strip()
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a name that no file can have
        what = "Ce n’est ni une clé de vérification, ni un fichier qui en porte une."
        raise BadInput(what, where=text[:NAME_LIMIT_CHARS]) from error
    parse_vkey(text)
    return text


def fingerprint(verifier: Verifier) -> str:
    """The SHA-256 of the public key in groups of four, as it is printed and read out."""
    digits = hashlib.sha256(verifier.public).hexdigest()
    step = FINGERPRINT_GROUP_CHARS
    return " ".join(digits[at : at + step] for at in range(0, len(digits), step))


def _verify_container(container: Container, report: Report) -> None:
    """Step 1."""
    problems = [f"{entry.name} : {what}" for entry in container.entries if (what := container.frame_problem(entry))]
    report.add(
        "conteneur", not problems, " ; ".join(problems) or f"{len(container.entries)} fichiers, aucun autre octet"
    )


def _verify_manifest(
    container: Container, known: list[Verifier], report: Report
) -> tuple[Manifest | None, bytes, Verifier | None]:
    """Steps 2 and 3; the manifest, its bytes, and the key that its signature was checked with."""
    try:
        data = container.read(MANIFEST_FILE, MANIFEST_LIMIT_BYTES)
        manifest = Manifest.parse(data)
    except GuetError as error:
        report.add("manifeste", False, str(error))
        return None, b"", None
    report.package = manifest.package
    report.add("manifeste", True, f"paquet {manifest.package} de {manifest.commune.name}, sous sa forme canonique")
    try:
        return manifest, data, _verify_signature(container, manifest, data, known, report)
    except GuetError as error:
        report.add("signature", False, f"{error} ({SIGNATURE_FILE})")
        return manifest, data, None


def _verify_signature(
    container: Container, manifest: Manifest, data: bytes, known: list[Verifier], report: Report
) -> Verifier:
    try:
        carried = parse_vkey(container.read(SIGNER_FILE, NOTE_LIMIT_BYTES).decode().removesuffix("\n"))
        if container.read(SIGNER_FILE, NOTE_LIMIT_BYTES) != vkey_file(carried):
            raise BadInput("Cette clé n’est pas sous sa forme canonique.")
    except (GuetError, UnicodeDecodeError) as error:
        raise Damaged(f"La clé jointe est illisible : {error}", where=SIGNER_FILE) from error
    try:
        note = container.read(SIGNATURE_FILE, NOTE_LIMIT_BYTES).decode()
    except UnicodeDecodeError as error:
        raise Damaged("La signature est illisible.", where=SIGNATURE_FILE) from error
    # The key that the package carries proves nothing about who signed; it tells an unknown signer from damage.
    text, _ = verify_note(note, [carried])
    if text != statement_of(manifest, data) or note.count("\n— ") != 1:
        raise Damaged("La signature n’est pas celle de ce manifeste.", where=SIGNATURE_FILE)
    report.signer, report.fingerprint, report.known = carried.name, fingerprint(carried), carried in known
    who = "clé connue" if report.known else "clé inconnue ici"
    report.add("signature", True, f"{carried.name} ({who}), empreinte {report.fingerprint}")
    return carried


def vkey_file(verifier: Verifier) -> bytes:
    """The content of the signer's file for a verifier key."""
    return (vkey(verifier.name, verifier.public) + "\n").encode()


def _verify_files(container: Container, manifest: Manifest, report: Report) -> None:
    """Step 4."""
    listed = [file.path for file in manifest.files] + list(manifest.unlisted)
    present = container.names()
    problems = [f"{name} manque" for name in listed if name not in present]
    problems += [f"{name} n’est pas au manifeste" for name in present if name not in listed]
    if not problems and present != listed:
        problems.append("les fichiers ne sont pas dans l’ordre du manifeste")
    for file in manifest.files:
        if file.path not in present:
            continue
        digest, crc, size = hashlib.sha256(), 0, 0
        for piece in container.stream(file.path):
            digest.update(piece)
            crc, size = zlib.crc32(piece, crc), size + len(piece)
        if (digest.hexdigest(), size) != (file.sha256, file.bytes) or crc != container.entry(file.path).crc:
            problems.append(f"{file.path} n’a plus son empreinte")
    problems += role_problems(manifest)
    if SUMS_FILE in present and (problem := sums_problem(container, manifest)):
        problems.append(problem)
    for name in manifest.unlisted:
        if name in present and zlib.crc32(container.read(name, MANIFEST_LIMIT_BYTES)) != container.entry(name).crc:
            problems.append(f"{name} n’a plus sa somme de contrôle")
    report.add("fichiers", not problems, " ; ".join(problems) or f"{len(manifest.files)} empreintes SHA-256 vérifiées")


def _verify_journal(container: Container, manifest: Manifest, signer: Verifier | None, report: Report) -> None:
    """Step 8."""
    entries: list[Proved] = []
    if signer is None:
        report.add("journal", False, "sans signature valable, le journal ne peut pas être rattaché")
        return
    for item in manifest.journal:
        try:
            entry = container.read(item.entry, PROOF_LIMIT_BYTES)
            proof = JournalProof.parse(entry, container.read(item.proof, PROOF_LIMIT_BYTES))
            checkpoint, attached = _checkpoint_of(proof, signer, report)
            found = proved(proof, proof.verify(checkpoint), signer.name if attached else "", manifest)
        except GuetError as error:
            report.add("journal", False, f"{item.proof} : {error}")
        else:
            whose = "" if attached else ", qu’une autre clé que celle du paquet a signé"
            report.add("journal", True, f"{item.entry} est l’entrée {proof.index} du journal {found.origin}{whose}")
            entries.append(found)
    if report.known or manifest.journal:
        verify_extraction(manifest, entries, report)


def _checkpoint_of(proof: JournalProof, signer: Verifier, report: Report) -> tuple[str, bool]:
    """The text of the checkpoint, and whether the package's signer signed it: a known one always has."""
    try:
        return verify_note(proof.checkpoint, [signer])[0], True
    except UnknownSigner:
        if report.known:
            raise
        return note_text(proof.checkpoint), False
