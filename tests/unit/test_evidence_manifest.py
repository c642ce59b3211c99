"""The published JSON Schema of the manifest: it is the model's, and judges as the model does (E-31)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from vms.errors import Damaged
from vms.evidence.manifest import Manifest, canonical, schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "formats" / "manifest.schema.json"
SHA = "ab" * 32
MANIFEST: dict[str, Any] = {
    "format": "guet/evidence/v1",
    "package": "E-2026-0001",
    "created_us": 1_795_529_400_000_000,
    "build": "0.1.0",
    "commune": {"id": "valclair", "name": "Valclair-sur-Brume"},
    "request": {"id": "d-2026-0001", "facts": {"frame": "flagrance"}},
    "decision": {"decision": "execute"},
    "operator": {"label": "Cheffe de service"},
    "zone_sets": [{"id": "zs-1"}],
    "streams": [
        {
            "camera": "valclair-c01",
            "name": "Place de l’Église",
            "place": "mât 3",
            "stream": "main",
            "from_us": 1,
            "to_us": 3,
            "videos": [
                {
                    "path": "video/a.mp4",
                    "init": "proofs/a.init.mp4",
                    "nal_list": "proofs/a.nal-sha256",
                    "codec": "avc1.64001F",
                    "width": 1920,
                    "height": 1080,
                    "from_us": 1,
                    "to_us": 2,
                    "pictures": 25,
                    "nal_units": 30,
                    "fps_measured": 25.0,
                    "first_sequence": 2,
                    "groups": 1,
                    "offset_90k": 90_000,
                }
            ],
            "absences": [{"from_us": 2, "to_us": 3, "cause": "stream-stalled"}],
            "chain": "proofs/a.chain",
            "zone_sets": ["zs-1"],
        }
    ],
    "journal": [{"entry": "proofs/decision.json", "proof": "proofs/decision.tlog-proof"}],
    "timestamp": {"roots": "proofs/timestamp-roots.pem"},
    "files": [{"path": "video/a.mp4", "sha256": SHA, "bytes": 10}],
}
JUDGE = jsonschema_rs.validator_for(json.loads(PUBLISHED.read_bytes()))


def test_the_published_schema_is_the_models() -> None:
    assert PUBLISHED.read_bytes() == schema(), (
        "write vms.evidence.manifest.schema() to docs/formats/manifest.schema.json"
    )


def test_a_manifest_passes_both() -> None:
    Manifest.parse(canonical(MANIFEST))
    JUDGE.validate(MANIFEST)
    without = {**MANIFEST, "timestamp": None, "streams": [], "journal": []}
    Manifest.parse(canonical(without))
    JUDGE.validate(without)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "guet/evidence/v2"),
        (("created_us",), -1),
        (("created_us",), "1"),
        (("package",), None),
        (("commune", "postcode"), "59000"),
        (("streams", 0, "stream"), "third"),
        (("streams", 0, "videos", 0, "groups"), 0),
        (("streams", 0, "videos", 0, "pictures"), 1 << 59),
        (("streams", 0, "absences", 0, "cause"), 4),
        (("timestamp",), {}),
        (("timestamp",), "now"),
        (("files", 0, "sha256"), "AB" * 32),
        (("files", 0, "sha256"), "ab" * 31),
        (("files", 0, "bytes"), True),
        (("extra",), 1),
    ],
)
def test_what_is_no_manifest_fails_both(path: tuple[str | int, ...], value: object) -> None:
    content: Any = copy.deepcopy(MANIFEST)
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert not JUDGE.is_valid(content)
    with pytest.raises(Damaged):
        Manifest.parse(canonical(content))


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_no_field_may_be_missing(name: str) -> None:
    content = {key: value for key, value in MANIFEST.items() if key != name}
    assert not JUDGE.is_valid(content)
    with pytest.raises(Damaged):
        Manifest.parse(canonical(content))
