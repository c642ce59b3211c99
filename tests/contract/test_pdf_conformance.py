"""Every page that the product sets, judged by veraPDF: the summary of a package, and each kind of document (P-29)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import typst

from tests.judges import verapdf
from tests.unit.gate_facts import NOW, commune, order
from tests.unit.test_documents import MONDAY, data_of, sources
from tests.unit.test_evidence_summary import SEAL, manifest
from vms.documents.document import canonical
from vms.documents.kinds import KINDS
from vms.documents.render import render
from vms.documents.sources import Measured, Told
from vms.evidence import summary
from vms.law.objective import Objective
from vms.law.siting import Position, SitePlan

BARE = ("processing-record", "request-file")
ODD = "Œuvre « À l’Étoile » #let x = [*gras*] 監視 🎥\u202e"


def pages() -> dict[str, bytes]:
    """Each kind of document with names that no font has, two with all that can lack; summaries, one that overflows."""
    whole = sources(from_us=MONDAY, to_us=NOW)
    lapsed = commune(orders={"o-1": order(until_us=NOW)}, cameras={})
    bare = replace(whole, facts=lapsed, told=Told(), measured=Measured(), labels={})
    odd = replace(whole, labels=dict.fromkeys(whole.labels, ODD), told=Told(ODD, ODD, ODD))
    given = {kind: (kind, odd) for kind in KINDS} | {f"{kind}-bare": (kind, bare) for kind in BARE}
    made = {f"{name}.pdf": render(canonical(data_of(KINDS[kind](of))), "pdf") for name, (kind, of) in given.items()}
    placed = {one: Position(one, 48_123_456, 2_345_678, 45, 70, 45) for one in whole.facts.cameras}
    round_about = {one: replace(at, angle_deg=360) for one, at in placed.items()}
    aimed = {one: Objective(one, "discern", 24) for one in whole.facts.cameras}
    filed = {"first": SitePlan("", "ab" * 32, "application/pdf", 1, NOW, NOW, "p-mayor")}
    for name, at in (("placed", placed), ("round", round_about)):
        facts = replace(whole.facts, positions=at, site_plans=filed, objectives=aimed)
        data = data_of(KINDS["request-file"](replace(whole, facts=facts, order="o-1")))
        made[f"request-file-{name}.pdf"] = render(canonical(data), "pdf")
    stream = manifest().streams[0].model_dump(mode="json") | {"name": ODD, "place": "mât " * 60}
    stream["absences"] = stream["absences"] * 20
    made["summary.pdf"] = summary.render(manifest(), SEAL.certificate)
    made["summary-many.pdf"] = summary.render(manifest(streams=[stream] * 40, timestamp=None), SEAL.certificate)
    return made


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[str]]:
    """What veraPDF says of all of them, and of two that must not pass."""
    folder = tmp_path_factory.mktemp("pages")
    made = pages()
    plain = typst.compile(b"#set document(title: [x])\n= Titre\nTexte", format="pdf")
    assert isinstance(plain, bytes)
    claimed = made["summary.pdf"]
    lying = claimed.replace(b"<pdfaid:part>2</pdfaid:part>", b"<pdfaid:part>3</pdfaid:part>")
    for name, data in {**made, "plain.pdf": plain, "lying.pdf": lying}.items():
        (folder / name).write_bytes(data)
    return verapdf.failures(sorted(folder.glob("*.pdf")))


def test_every_page_is_pdf_a_2a_and_pdf_ua_1(judged: dict[tuple[str, str], list[str]]) -> None:
    ours = {key: broken for key, broken in judged.items() if key[0] not in ("plain.pdf", "lying.pdf")}
    assert len(ours) == 2 * (len(KINDS) + len(BARE) + 4)
    assert not {key: broken for key, broken in ours.items() if broken}


def test_the_judge_refuses_a_page_that_claims_nothing_and_one_that_lies(
    judged: dict[tuple[str, str], list[str]],
) -> None:
    assert any(rule.startswith("6.6.4-") for rule in judged["plain.pdf", "2a"])
    assert judged["plain.pdf", "ua1"]
    assert any("part" in rule for rule in judged["lying.pdf", "2a"])
