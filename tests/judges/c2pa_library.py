"""What the Content Authenticity Initiative's own library (``c2pa-python``) says of a video and its C2PA sidecar."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any, Final

import c2pa

# The purpose of certificates that sign claims (C2PA 2.2 §14.4.1), and the codes of §15.2.2 that matter here.
CLAIM_SIGNING: Final = "1.3.6.1.4.1.62558.2.1"
MATCHES: Final = {"assertion.dataHash.match", "assertion.hashedURI.match", "claimSignature.validated"}
TRUSTED: Final = {*MATCHES, "signingCredential.trusted", "claimSignature.insideValidity"}
STAMPED: Final = {"timeStamp.validated", "timeStamp.trusted"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What their library says: its state (nothing when it reads no manifest at all), success and failure codes."""

    state: str
    good: frozenset[str]
    bad: frozenset[str]
    manifest: dict[str, Any]


def judged(video: bytes, sidecar: bytes, anchors: bytes, purpose: str = CLAIM_SIGNING) -> Judged:
    """Their reading of a sidecar beside its video, offline, with these trust anchors for certificates of a purpose."""
    settings: dict[str, Any] = {"verify": {"ocsp_fetch": False, "remote_manifest_fetch": False}}
    if anchors:
        settings["trust"] = {"user_anchors": anchors.decode()} | ({"trust_config": purpose} if purpose else {})
    try:
        reader = c2pa.Reader("video/mp4", io.BytesIO(video), sidecar, c2pa.Context.from_dict(settings))
    except c2pa.C2paError:
        return Judged("", frozenset(), frozenset(), {})
    told = json.loads(reader.json())
    results = told["validation_results"]["activeManifest"]
    codes = [frozenset(one["code"] for one in results[kind]) for kind in ("success", "failure")]
    return Judged(told["validation_state"], codes[0], codes[1], told["manifests"][told["active_manifest"]])
