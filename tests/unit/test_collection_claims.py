"""A package that says it needs no decision is believed by the journal alone (P-73, E-31)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.unit.test_evidence_manifest import MANIFEST
from vms.evidence.manifest import Manifest, canonical
from vms.evidence.report import Report
from vms.evidence.verify_claims import Proved, verify_extraction

REQUEST = MANIFEST["request"]["id"]
AGENT = {"person": "p-agent", "role": "state_agent"}
OPENED: dict[str, Any] = {
    "act": "collect", "author": AGENT, "detail": {"request": REQUEST, "basis": "acces_habilite"},
}  # fmt: skip
EXTRACTED: dict[str, Any] = {
    "act": "export", "author": AGENT, "reference": REQUEST, "cameras": ["valclair-c01"], "from_us": 1, "to_us": 3,
}  # fmt: skip
DECIDED: dict[str, Any] = {"act": "decide", "detail": {"request": REQUEST, "decision": "execute"}}


def problem(*records: dict[str, Any], basis: str = "acces_habilite", decision: str = "") -> str:
    """What the verifier says is wrong; empty when nothing is."""
    content = copy.deepcopy(MANIFEST) | {"decision": {"decision": decision}}
    content["request"]["facts"]["basis"] = basis
    report = Report()
    verify_extraction(
        Manifest.parse(canonical(content)), [Proved("x/valclair/2026-T4", one) for one in records], report
    )
    [check] = report.checks
    return "" if check.ok else check.detail


def test_a_collection_is_proved_by_its_own_entry_and_its_agents_extraction() -> None:
    assert problem(OPENED, EXTRACTED) == ""


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ((EXTRACTED,), "la collecte n’est pas prouvée"),
        ((DECIDED, EXTRACTED), "la collecte n’est pas prouvée"),
        ((OPENED, OPENED, EXTRACTED), "la collecte n’est pas prouvée"),
        ((OPENED | {"detail": None}, EXTRACTED), "la collecte n’est pas prouvée"),
        ((OPENED | {"detail": {"request": "d-9", "basis": "acces_habilite"}}, EXTRACTED), "n’est pas celle de cette"),
        ((OPENED | {"detail": {"request": REQUEST}}, EXTRACTED), "n’est pas celle de cette"),
        ((OPENED | {"author": {"person": "p-other"}}, EXTRACTED), "n’est pas de l’agent"),
        ((OPENED, EXTRACTED | {"author": None}), "n’est pas de l’agent"),
        ((OPENED,), "l’extraction n’est pas prouvée"),
        ((OPENED, EXTRACTED | {"to_us": 4}), "la plage"),
    ],
)
def test_what_the_journal_does_not_say_is_found(records: tuple[dict[str, Any], ...], said: str) -> None:
    assert said in problem(*records)


def test_a_requisition_does_not_pass_for_a_collection_nor_a_collection_for_one() -> None:
    assert "la décision n’est pas prouvée" in problem(OPENED, EXTRACTED, basis="", decision="execute")
    assert "n’est pas celle de cette demande" in problem(OPENED, EXTRACTED, decision="execute")
