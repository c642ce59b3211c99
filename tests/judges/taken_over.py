"""Packages as a builder that was taken over makes them: the commune’s own keys sign what it wrote (decision 0011)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from recorder.export import oeff
from tests.fakes.extraction import PACKAGE, REQUEST, SEAL, SIGNER
from tests.judges.forgery import packed
from vms.clock import SystemClock, UtcTime
from vms.evidence import cms, mp4
from vms.evidence.manifest import (
    MANIFEST_FILE,
    SEAL_FILE,
    SIGNATURE_FILE,
    SIGNER_FILE,
    SUMS_FILE,
    canonical,
    statement,
)
from vms.keys import seal
from vms.keys.note import sign_note

Entries = dict[str, bytes]
Content = dict[str, Any]
Edit = Callable[[Content, Entries], None]
NOTE = f"Valclair-sur-Brume, demande {REQUEST}, paquet {PACKAGE}"
_KEY = seal.generate_key()


def signed_as_asked(entries: Entries, edit: Edit) -> bytes:
    """The package after an edit of manifest and files, every hash right, signed by keeper and seal as they were asked.

    Files that are no longer there leave the manifest; sidecars, which are another matter, leave the package.
    """
    entries = {name: data for name, data in entries.items() if not name.endswith(".c2pa")}
    content = json.loads(entries[MANIFEST_FILE])
    edit(content, entries)
    content["files"] = [file for file in content["files"] if file["path"] in entries]
    names = [file["path"] for file in content["files"]]
    digests = {name: hashlib.sha256(entries[name]).hexdigest() for name in names}
    entries[SUMS_FILE] = "".join(f"{digests[name]}  {name}\n" for name in names[:-1]).encode()
    for file in content["files"]:
        data = entries[file["path"]]
        file |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    manifest = canonical(content)
    digest = hashlib.sha256(manifest)
    said = statement(content["commune"]["id"], content["request"]["id"], digest.hexdigest())
    signed = {
        MANIFEST_FILE: manifest,
        SIGNATURE_FILE: sign_note(said, SIGNER.name, SIGNER.private).encode(),
        SIGNER_FILE: f"{SIGNER.vkey()}\n".encode(),
        SEAL_FILE: cms.sign(SEAL, digest.digest(), SystemClock().utc()),
    }
    return packed({name: entries[name] for name in names} | signed)


def listed(content: Content, entries: Entries, name: str, data: bytes) -> None:
    """Add a file to package and manifest, first in both."""
    entries[name] = data
    content["files"].insert(0, {"path": name, "sha256": "", "bytes": 0})


def parts(video: bytes) -> tuple[bytes, bytes]:
    """(what stands before the closing box, the boxes in it before the signature)."""
    meta = list(mp4.boxes(video))[-1]
    inner = {box.kind: box for box in mp4.boxes(video, meta.body + 4, meta.end)}
    return video[: meta.start], video[meta.body + 4 : inner[b"ipro"].start]


def closed(
    before: bytes, said: bytes, *, note: str = NOTE, title: str = f"Extraction {REQUEST}", at: UtcTime | None = None
) -> bytes:
    """A video closed again by a key that the commune's seal certified at ``at`` (now) under ``title``."""
    private, public = _KEY
    own = seal.Seal(private, seal.issue(SEAL, public, title, at or SystemClock().utc()))
    return before + oeff.closed(hashlib.sha256(before), said, oeff.Signing(own, note))
