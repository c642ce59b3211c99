"""Packages as a forger makes them: any entry changed, and the whole signed again with another key (E-31)."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

from vms.evidence.container import ContainerWriter
from vms.evidence.manifest import MANIFEST_FILE, SIGNATURE_FILE, SIGNER_FILE, Manifest, canonical, statement_of
from vms.keys.note import sign_note, vkey
from vms.keys.signing import generate_signing_key


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
    listed = {file["path"]: file for file in content["files"]}
    for name, file in listed.items():
        if name in entries:
            file |= {"sha256": hashlib.sha256(entries[name]).hexdigest(), "bytes": len(entries[name])}
    data = canonical(content)
    manifest = Manifest.parse(data)
    note = sign_note(statement_of(manifest, data), "valclair.example/guet", private)
    forged = {**entries, MANIFEST_FILE: data, SIGNATURE_FILE: note.encode()}
    forged[SIGNER_FILE] = (vkey("valclair.example/guet", public) + "\n").encode()
    return packed(forged)
