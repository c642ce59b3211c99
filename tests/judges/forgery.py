"""Packages as a forger makes them: any entry changed, and the whole signed again with another key (E-31)."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

from recorder.export import oeff
from vms.clock import SystemClock
from vms.evidence import c2pa, cms, mp4
from vms.evidence.container import ContainerWriter
from vms.evidence.manifest import (
    CERTIFICATE_FILE,
    MANIFEST_FILE,
    SEAL_FILE,
    SIGNATURE_FILE,
    SIGNER_FILE,
    SUMS_FILE,
    Manifest,
    canonical,
    statement_of,
)
from vms.keys import seal
from vms.keys.note import sign_note, vkey
from vms.keys.signing import generate_signing_key

FORGER = seal.make_seal("valclair", "Valclair-sur-Brume", SystemClock().utc())


def entries_of(package: bytes) -> dict[str, bytes]:
    """The files of a package, by name."""
    with zipfile.ZipFile(BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(entries: dict[str, bytes]) -> bytes:
    """The package that holds these files, in this order."""
    out = BytesIO()
    writer = ContainerWriter(out)
    for name, content in entries.items():
        writer.add(name, content)
    writer.finish()
    return out.getvalue()


def signed_again(entries: dict[str, bytes], edit: Callable[[dict[str, Any]], None] | None = None) -> bytes:
    """The package as a forger with a key of their own would make it: every hash right, another signature."""
    private, public = generate_signing_key()
    content = json.loads(entries[MANIFEST_FILE])
    if edit is not None:
        edit(content)
    own = _own(content["request"]["id"])
    entries = {name: _resigned(name, data, own) for name, data in entries.items()}
    entries |= _sidecars(content, entries, own)
    entries[CERTIFICATE_FILE] = seal.to_pem(FORGER.certificate)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in entries.items()}
    before = [file["path"] for file in content["files"][:-1]]
    entries[SUMS_FILE] = "".join(f"{digests[name]}  {name}\n" for name in before if name in digests).encode()
    listed = {file["path"]: file for file in content["files"]}
    for name, file in listed.items():
        if name in entries:
            file |= {"sha256": hashlib.sha256(entries[name]).hexdigest(), "bytes": len(entries[name])}
    data = canonical(content)
    manifest = Manifest.parse(data)
    note = sign_note(statement_of(manifest, data), "valclair.example/guet", private)
    forged = {**entries, MANIFEST_FILE: data, SIGNATURE_FILE: note.encode()}
    forged[SEAL_FILE] = cms.sign(FORGER, hashlib.sha256(data).digest(), SystemClock().utc())
    forged[SIGNER_FILE] = (vkey("valclair.example/guet", public) + "\n").encode()
    return packed(forged)


def _own(request: str) -> seal.Seal:
    """A key that the forger's seal certified, under the name that the commune's would have."""
    private, public = seal.generate_key()
    return seal.Seal(private, seal.issue(FORGER, public, f"Extraction {request}", SystemClock().utc()))


def _resigned(name: str, video: bytes, own: seal.Seal) -> bytes:
    """A video with another signature box; any other file as it is."""
    if not name.endswith(".mp4") or not name.startswith("video/"):
        return video
    meta = list(mp4.boxes(video))[-1]
    inner = {box.kind: box for box in mp4.boxes(video, meta.body + 4, meta.end)}
    said = video[meta.body + 4 : inner[b"ipro"].start]
    note = video[video.rindex(b"auib") + 4 : -1].decode()
    return video[: meta.start] + oeff.closed(hashlib.sha256(video[: meta.start]), said, oeff.Signing(own, note))


def _sidecars(content: dict[str, Any], entries: dict[str, bytes], own: seal.Seal) -> dict[str, bytes]:
    """Those that the package has, for the videos as they are now; no time-stamp, since no authority helps a forger."""
    for file in content["files"]:
        if file["path"] in entries:
            file |= {"sha256": hashlib.sha256(entries[file["path"]]).hexdigest()}
    draft = Manifest.parse(canonical(content))
    made = {}
    for stream in draft.streams:
        for video in stream.videos:
            path = c2pa.sidecar_of(video.path)
            if path in entries and video.path in entries:
                made[path] = c2pa.sign(c2pa.Subject.of(draft, stream, video), own).encode()
    return made
