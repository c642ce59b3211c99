"""LISEZMOI.pdf as poppler reads it: one page, French, archivable, and nothing in it that a name could change."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.recording import START
from tests.unit.test_evidence_manifest import MANIFEST
from vms.clock import SystemClock
from vms.evidence import summary
from vms.evidence.manifest import Manifest, canonical
from vms.keys import seal

SEAL = seal.make_seal("valclair", "Valclair-sur-Brume", SystemClock().utc())
MINUTE = 60_000_000


def manifest(**changes: Any) -> Manifest:
    """A manifest of a request with one camera, changed as told."""
    content = copy.deepcopy(MANIFEST) | {
        "created_us": START.us,
        "request": {
            "id": "d-2026-0001",
            "facts": {
                "number": "D-2026-0001",
                "frame_fr": "Enquête de flagrance",
                "authority": "Commissariat de Valclair",
                "procedure_number": "2026/1234",
            },
        },
        "decision": {"decision": "execute", "decided_by": "Mme la Maire", "decided_us": START.us},
        "operator": {"label": "Cheffe de service PM"},
    }
    video = content["streams"][0]["videos"][0]
    stream = content["streams"][0] | {
        "from_us": START.us,
        "to_us": START.us + 12 * MINUTE,
        "videos": [video | {"from_us": START.us, "to_us": START.us + 10 * MINUTE}],
        "absences": [
            {"from_us": START.us + 10 * MINUTE, "to_us": START.us + 12 * MINUTE, "cause": "camera-unreachable"}
        ],
    }
    return Manifest.parse(canonical(content | {"streams": [stream]} | changes))


def read(made: Manifest, folder: Path) -> tuple[str, str, str]:
    """What pdftotext, pdfinfo and pdffonts say of the page."""
    path = folder / "page.pdf"
    path.write_bytes(summary.render(made, SEAL.certificate))
    return (
        " ".join(_tool("pdftotext", str(path), "-").split()),
        _tool("pdfinfo", str(path)),
        _tool("pdffonts", str(path)),
    )


def test_a_collection_says_on_what_it_rests_and_names_no_decision(tmp_path: Path) -> None:
    facts = {
        "number": "D-2026-0002",
        "frame_fr": "Enquête de flagrance",
        "authority": "Brigade de Valclair",
        "basis": "acces_habilite",
        "basis_fr": "Accès habilité, sans réquisition (CSI R253-3)",
        "access": {"service_fr": "Gendarmerie nationale", "decision_ref": "Décision 31", "signed_by": "Colonel Roy"},
    }
    text, info, _ = read(manifest(request={"id": "d-2", "facts": facts}, decision={"decision": ""}), tmp_path)
    assert "Accès habilité, sans réquisition (CSI R253-3)" in text
    assert "Gendarmerie nationale — Décision 31 — Colonel Roy" in text
    assert "remise décidée" not in text
    assert "décision" not in text
    assert "Pages: 1" in " ".join(info.split())


def test_a_page_says_who_asked_what_is_there_what_is_missing_and_how_to_check(tmp_path: Path) -> None:
    text, info, fonts = read(manifest(), tmp_path)
    for said in (
        "Extraction de vidéoprotection",
        "Valclair-sur-Brume",
        "D-2026-0001 — Enquête de flagrance",
        "Commissariat de Valclair",
        "2026/1234",
        "Mme la Maire, le 24/11/2026 15:10:00",
        "Cheffe de service PM",
        "25 images, 1920 × 1080",
        "1 interruption, 2 min en tout sur 12 min demandées",
        "caméra injoignable",
        "une autorité d’horodatage indépendante",
    ):
        assert said in text, said
    shown = text.replace(" ", "")
    digest = seal.read_certificate(SEAL.certificate).fingerprint(seal.SHA256()).hex(":").upper()
    assert digest in shown
    assert "Pages:           1" in info
    assert "PDF subtype:     PDF/A-2" in info or "Tagged:          yes" in info
    assert "Title:           Extraction de vidéoprotection" in info
    rows = fonts.splitlines()[2:]
    assert rows
    assert all(row.split()[-5] == "yes" for row in rows), fonts


def test_the_file_claims_the_standards_it_was_made_for() -> None:
    made = summary.render(manifest(), SEAL.certificate)
    assert made.startswith(b"%PDF-1.7")
    for claim in (b"<pdfaid:part>2</pdfaid:part>", b"<pdfaid:conformance>A</pdfaid:conformance>", b"<pdfuaid:part>1<"):
        assert claim in made
    assert made == summary.render(manifest(), SEAL.certificate)


def test_nothing_missing_and_no_time_stamp_are_said(tmp_path: Path) -> None:
    stream = manifest().streams[0].model_dump(mode="json") | {"absences": []}
    text, _, _ = read(manifest(streams=[stream], timestamp=None), tmp_path)
    assert "Rien : les vidéos couvrent toute la plage demandée" in text
    assert "La date n’est attestée que par la commune" in text


@pytest.mark.parametrize("cameras", [0, 1, 40])
def test_it_is_one_page_whatever_the_package_holds(tmp_path: Path, cameras: int) -> None:
    stream = manifest().streams[0].model_dump(mode="json") | {"name": "Carrefour " * 30, "place": "mât " * 60}
    stream["absences"] = stream["absences"] * 20
    facts = {"authority": "Tribunal " * 60, "frame_fr": "cadre " * 60, "procedure_number": "1/2026 " * 60}
    made = manifest(
        streams=[stream] * cameras,
        request={"id": "d-1", "facts": facts},
        operator={"label": "Agent " * 60},
        commune={"id": "c", "name": "Commune " * 60},
    )
    text, info, _ = read(made, tmp_path)
    assert "Pages:           1" in info
    if cameras == 40:
        assert "Et 34 lignes de plus, dans manifest.json." in text
        assert "Et 796 interruptions de plus, dans manifest.json." in text


def test_a_name_is_text_and_never_markup(tmp_path: Path) -> None:
    every = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180), 0x2013, 0x2019, 0x201C, 0x2026, 0x20AC]))
    summary.render(manifest(operator={"label": every[:150]}, decision={"decided_by": every[150:]}), SEAL.certificate)
    hostile = '#read("/etc/passwd") $x$ \\ *gras* [lien] "; #panic() <é> 安全 \u202e'
    stream = manifest().streams[0].model_dump(mode="json") | {"name": hostile, "place": "\x01\x7f"}
    text, _, _ = read(manifest(streams=[stream], commune={"id": "c", "name": hostile}), tmp_path)
    assert '#read("/etc/passwd") $x$ \\ *gras* [lien] "; #panic() <é> ??' in text
    assert "root:" not in text


def _tool(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", "replace")
