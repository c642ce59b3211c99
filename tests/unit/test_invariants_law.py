"""Invariants of the law that its own functions hold (law.md §9); docs/legal/correspondance.md says where each of the
eighteen is kept.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import BaseModel

from tests.unit.gate_facts import CAMERA, MOTIVE, NOW, SPAN, camera, commune, order, person_of, zones
from vms.errors import BadInput
from vms.keeper.acts import ACTS
from vms.keeper.arguments import parse
from vms.keeper.files.hour_keys import holds_on, is_due
from vms.keeper.gate.gate import Denied, Grant, admit
from vms.keeper.gate.plan import camera_plan
from vms.keeper.protocol import Act
from vms.keeper.reads import READS
from vms.law.dates import DAY_US, add_months
from vms.law.facts import CommuneFacts, Hold
from vms.law.holds import hold_lapse
from vms.law.retention import HOUR_US, due
from vms.law.rulebook import rulebook
from web.app import create_app

ROOT: Final = Path(__file__).parent.parent.parent
# Each element of the first invariant, and the facts without it.
WITHOUT: Final[dict[str, dict[str, Any]]] = {
    "authorisation": {"orders": {"o-1": order(until_us=NOW)}},
    "cnil": {"cnil_ref": ""},
    "prefect": {"cameras": {CAMERA: camera(prefect_informed_us=NOW + 1)}},
    "zones": {"zones": (zones(validated_us=None),)},
    "panel": {"cameras": {CAMERA: camera(panel_us=None)}},
}


def _seen(facts: CommuneFacts) -> bool:
    live = admit(facts, person_of("mayor"), Act.LIVE, [CAMERA], None, MOTIVE, NOW)
    return isinstance(live, Grant) or camera_plan(facts, facts.cameras[CAMERA], NOW).record_until_us is not None


@pytest.mark.parametrize("missing", [one for n in (1, 2) for one in combinations(WITHOUT, n)], ids="+".join)
def test_invariant_01_no_camera_streams_unless_every_element_holds(missing: tuple[str, ...]) -> None:
    """Neither watched nor recorded: authorisation, CNIL, préfet, zones and panel, one or two of them away."""
    assert _seen(commune())
    facts = commune()
    for name in missing:
        changes = dict(WITHOUT[name])
        if name == "panel" and "prefect" in missing:
            changes = {"cameras": {CAMERA: camera(panel_us=None, prefect_informed_us=NOW + 1)}}
        facts = replace(facts, **changes)
    assert not _seen(facts)


def test_invariant_03_nothing_stays_past_its_term_without_a_hold() -> None:
    """Days of the order or one calendar month; beyond it only a named procedure with a reference, and an end."""
    facts, moment = commune(), NOW
    for shift in range(400):
        recorded = moment + shift * DAY_US + 12_345
        limit = min(recorded + order().max_days * DAY_US + HOUR_US, add_months(recorded, 1))
        assert due(recorded, order().max_days) <= limit
        assert due(recorded, 30) <= add_months(recorded, 1)
    hour = NOW - NOW % HOUR_US
    term = due(hour, order().max_days)
    assert not is_due(facts, CAMERA, hour, term - 1)
    assert is_due(facts, CAMERA, hour, term)
    hold = Hold(
        "g", frozenset({CAMERA}), hour, hour + HOUR_US, "flagrance", "GN", "PV 1", "OPJ", "p", NOW, NOW + 15 * DAY_US
    )
    assert hold_lapse(hold) is None
    for nothing in (
        {"procedure": "intérêt opérationnel"},
        {"reference": " "},
        {"authority": ""},
        {"until_us": 1 << 60},
    ):
        assert hold_lapse(replace(hold, **nothing)) is not None
    held = commune(holds=(hold,))
    assert holds_on(held, CAMERA, hour, hour + HOUR_US, hold.until_us - 1)
    assert not holds_on(held, CAMERA, hour, hour + HOUR_US, hold.until_us)


def test_invariant_06_another_communes_camera_is_refused_whatever_the_role_and_act() -> None:
    for role in ("mayor", "chief", "officer", "deputy", "csu_operator"):
        for act in Act:
            span = SPAN if act in (Act.REPLAY, Act.EXPORT) else None
            verdict = admit(commune(), person_of(role), act, ["brumesnil-c01"], span, MOTIVE, NOW)
            assert isinstance(verdict, Denied)
            assert verdict.rule == "P-62"


WORDS: Final = (
    "plate", "plaque", "licence", "face", "visage", "facial", "biometric", "biométri", "gait", "gender", "sexe",
    "ethnic", "ethni", "race", "religio", "colour_of", "clothing", "vêtement", "appearance", "apparence", "age_of",
    "silhouette", "embedding", "person_attribute",
)  # fmt: skip
ANALYSIS: Final = re.compile(
    "|".join(("face[_-]?recog", "insightface", "deepface", "dlib", "ultralytics", "openalpr", "easyocr", "tesseract",
              "facenet", "mediapipe", "torchreid")),
)  # fmt: skip


def _fields(model: type[BaseModel]) -> set[str]:
    names = set(model.model_fields)
    for field in model.model_fields.values():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            names |= _fields(inner)
    return names


def test_invariant_14_no_biometric_plate_or_appearance_attribute() -> None:
    """No act, read or route takes one, an unknown field is refused, and no library that makes them is installed."""
    for name, spec in {**ACTS, **READS}.items():
        fields = _fields(spec.model)
        assert not [one for one in fields for word in WORDS if word in one.lower()], name
        for smuggled in ("plate", "face", "appearance"):
            with pytest.raises(BadInput):
                parse(spec.model, {smuggled: "x"}, name)
    contract = json.dumps(create_app(None).openapi())
    named = set(re.findall(r'"name": ?"([^"]+)"', contract))
    assert len(named) > 10
    assert not [one for one in named for word in WORDS if word in one.lower()]
    depends = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert not [one for one in depends if ANALYSIS.search(one.lower())]


def test_no_role_exists_for_a_shopkeeper_a_private_operator_or_the_host() -> None:
    """P-54, P-56, P-57: whoever has no category of R253-3 has no picture."""
    book = rulebook()
    categories = set(book.category)
    for name, role in book.role.items():
        if role.image - {"framing"}:
            assert set(role.categories) <= categories, name
            assert not set(role.categories) & {"P-54", "P-56", "P-57"}, name
    assert book.role["host_admin"].image == frozenset()
    assert not {"shopkeeper", "guard", "private_operator"} & set(book.role)
