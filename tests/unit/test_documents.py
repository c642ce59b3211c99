"""Documents of a commune whose facts are known: what they say, what they say is missing, what can't get in (P-29)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate_facts import CAMERA, NOW, camera, collection, commune, habilitation, order, request, zones
from vms.clock import HOUR_US, UtcTime
from vms.documents.document import Document, canonical
from vms.documents.kinds import KINDS
from vms.documents.render import render
from vms.documents.sources import KeptHour, Measure, Measured, MeasuredCamera, Recorded, SeenIncident, Sources, Told
from vms.errors import LimitExceeded
from vms.law.dates import DAY_US, midnight
from vms.law.facts import CommuneFacts, Suspension
from vms.law.objective import Objective
from vms.law.rulebook import rulebook

MONDAY = midnight(date(2026, 11, 9))
YEAR = (midnight(date(2026, 1, 1)), midnight(date(2027, 1, 1)))
MINUTE = Measure(stream="main", start_us=NOW - 60_000_000, fps=12.5, width=1280, height=720)
NAMES = {f"p-{role}": f"Personne-{role}" for role in rulebook().role}


def entry(at_us: int, kind: str, act: str, **more: Any) -> Recorded:
    """A journal entry of the mayor's, whose id and name must never be in a report."""
    return Recorded(at_us, {"kind": kind, "act": act, "author": {"person": "p-mayor", "role": "mayor"}, **more})


def sources(facts: CommuneFacts | None = None, entries: tuple[Recorded, ...] = (), **changes: Any) -> Sources:
    """A commune where everything is known unless told otherwise."""

    def records(from_us: int, to_us: int) -> Iterator[Recorded]:
        return iter([one for one in entries if from_us <= one.at_us < to_us])

    seen = MeasuredCamera(id=CAMERA, tls=True, hardened=True, clock_offset_ms=3, minutes=(MINUTE,))
    made = Sources(
        facts=facts or commune(), now_us=NOW, at_us=NOW, told=Told("1 place", "dpo@x.example", "au guichet"),
        labels=NAMES, measured=Measured(cameras=(seen,), build="1"), records=records, seal_sha256="ab",
    )  # fmt: skip
    return replace(made, **changes)


def data_of(document: Document) -> dict[str, Any]:
    """The document's data, on a journal of twelve entries."""
    journal = {"log": "2026-T4", "size": 12, "root": "ab" * 32, "checkpoint": "n", "signer": "k"}
    stands = {"commune": "valclair", "name": "Valclair-sur-Brume", "made": UtcTime(NOW).iso(), "build": "1"}
    return json.loads(canonical(document.to_data({**stands, "journal": journal})))  # type: ignore[no-any-return]


def made(kind: str, given: Sources) -> dict[str, Any]:
    return data_of(KINDS[kind](given))


def table(data: dict[str, Any], section: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(one for one in data["sections"] if one["id"] == section)["table"]["rows"]
    return found


def fact(data: dict[str, Any], section: str, name: str) -> Any:
    facts = next(one for one in data["sections"] if one["id"] == section)["facts"]
    return next(one["value"] for one in facts if one["name"] == name)


def counts(data: dict[str, Any], section: str) -> dict[str, Any]:
    return {row["what"]: row["count"] for row in table(data, section)}


def page(data: dict[str, Any], folder: Path) -> str:
    """What pdftotext reads of the page, in one line, without the places where long words may break."""
    path = folder / "page.pdf"
    path.write_bytes(render(canonical(data), "pdf"))
    out = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True)
    return " ".join(out.stdout.replace("\u200b", "").split())


def test_every_kind_of_the_rulebook_is_made_and_no_other() -> None:
    assert set(KINDS) == set(rulebook().document)
    for kind in KINDS:
        assert made(kind, sources(from_us=MONDAY, to_us=NOW))["kind"] == kind
        assert "host_admin" not in rulebook().document[kind].roles


def test_the_list_of_persons_is_that_of_the_day() -> None:
    suspended = replace(habilitation("officer"), suspensions=(Suspension(NOW - DAY_US, None, "enquête"),))
    over = replace(habilitation("chief"), until_us=NOW)
    later = replace(habilitation("installer"), from_us=NOW + DAY_US)
    facts = commune(habilitations=(habilitation("mayor"), suspended, over, later))
    now = made("habilitations", sources(facts))
    assert [row["person"] for row in table(now, "in_force")] == ["Personne-mayor"]
    assert [(row["person"], row["why"]) for row in table(now, "lapsed")] == [
        ("Personne-officer", "L’habilitation est suspendue.")
    ]
    before = made("habilitations", sources(facts, at_us=NOW - 2 * DAY_US))
    names = [row["person"] for row in table(before, "in_force")]
    assert names == ["Personne-chief", "Personne-mayor", "Personne-officer"]
    assert table(before, "in_force")[1]["acts"].count(",") == 4
    unnamed = made("habilitations", sources(facts, labels={}))
    assert table(unnamed, "in_force")[0]["person"] == {"missing": "le nom du compte p-mayor"}
    assert unnamed["missing"]


def test_what_the_commune_has_not_said_is_missing_in_words() -> None:
    whole = made("processing-record", sources())
    assert fact(whole, "controller", "Coordonnées") == "1 place"
    assert [row["number"] for row in table(whole, "purposes")] == ["1°", "3°", "5°"]
    assert [row["regime"] for row in table(whole, "purposes")] == ["RGPD", "RGPD", "loi 78-17, titre III"]
    assert not whole["missing"]
    lapsed = commune(orders={"o-1": order(until_us=NOW)}, cameras={})
    bare = made("processing-record", sources(lapsed, told=Told(), measured=Measured(), seal_sha256=""))
    assert len(bare["missing"]) == 6
    assert any("aucun arrêté n’est en vigueur" in one for one in bare["missing"])
    assert not table(bare, "purposes")
    assert any("article 28" in one for one in bare["to_write"])


def test_the_old_register_tells_each_day_of_a_camera() -> None:
    hour = MONDAY + 8 * HOUR_US
    gone = {"keys": ["a"], "mode": "auto", "destroyed_us": hour + 15 * DAY_US}
    handed = {"cameras": [CAMERA], "from_us": hour, "to_us": hour + HOUR_US, "reference": "d-1"}
    entries = (
        entry(MONDAY + 9 * HOUR_US, "consultation", "live", cameras=[CAMERA]),
        entry(MONDAY + 9 * HOUR_US, "consultation", "live_end", cameras=[CAMERA]),
        entry(MONDAY - 1, "consultation", "live", cameras=[CAMERA]),
        entry(MONDAY + DAY_US, "collecte", "gap", cameras=[CAMERA], from_us=MONDAY + DAY_US - 5_000_000,
              to_us=MONDAY + DAY_US + 7_000_000, detail={"cause": "camera-unreachable", "stream": "main"}),
        entry(NOW - 2, "effacement", "destroy_hour_key", cameras=[CAMERA], from_us=hour, to_us=hour + HOUR_US,
              detail=gone),
        entry(NOW - 1, "communication", "receive_package", recipient="Adjudant X", **handed),
    )  # fmt: skip
    kept = [KeptHour(CAMERA, MONDAY + DAY_US, NOW + DAY_US, held=True)]
    given = sources(
        commune(requests={"d-1": request(fields={"procedure_number": "4127/2026"})}), entries,
        from_us=MONDAY, to_us=MONDAY + 2 * DAY_US, hours=lambda _from, _to: iter(kept),
    )  # fmt: skip
    data = made("old-register", given)
    first, second = table(data, "recordings")
    assert (first["day"], first["recorded"], first["views"]) == ({"day": "2026-11-09"}, "08:00–09:00", 1)
    assert first["destroyed"] == {"instant": UtcTime(hour + 15 * DAY_US).iso()}
    assert (first["absent_s"], second["absent_s"]) == (5, 7)
    assert (first["remaining"], second["destroyed"]) == ("rien", "")
    assert "dont 1 h gelées" in second["remaining"]
    handover = table(data, "handovers")[0]
    assert (handover["reference"], handover["recipient"]) == ("4127/2026", "Adjudant X")
    assert handover["authority"] == {"missing": "l’autorité"}
    pruned = made("old-register", replace(given, records=lambda _from, _to: iter([Recorded(MONDAY, None)])))
    assert "1 fiche" in pruned["missing"][0]
    crowd = [KeptHour(f"valclair-c{n}", MONDAY, NOW, held=False) for n in range(3001)]
    with pytest.raises(LimitExceeded):
        made("old-register", replace(given, hours=lambda _from, _to: iter(crowd)))


def test_the_annual_report_counts_and_names_nobody(tmp_path: Path) -> None:
    on = {"cameras": [CAMERA], "purpose": "5"}
    gap = {"cause": "camera-unreachable", "stream": "main"}
    entries = (
        entry(NOW - 9, "consultation", "live", **on),
        entry(NOW - 8, "consultation", "live", cameras=[CAMERA]),
        entry(NOW - 8, "consultation", "live_end", **on),
        entry(NOW - 7, "consultation", "replay", **on),
        entry(NOW - 6, "communication", "export", **on),
        entry(NOW - 5, "refus", "live", detail={"rule": "P-02"}),
        entry(NOW - 4, "effacement", "erase_bytes", detail={"mode": "early"}),
        entry(NOW - 4, "modification", "collect"),
        entry(NOW - 3, "collecte", "gap", from_us=0, to_us=HOUR_US, detail=gap),
        entry(YEAR[0] - 1, "consultation", "live", **on),
    )
    asked = {"d-1": request(), "d-2": request(id="d-2", decision="refuse"), "d-3": request(id="d-3", registered_us=0)}
    asked["d-4"] = collection(id="d-4")  # asks nobody, and is counted apart
    incident = SeenIncident(kind="no-picture", camera=CAMERA, severity="warn", rule="", opened_us=NOW - 5)
    given = sources(commune(requests=asked), entries, from_us=YEAR[0], to_us=YEAR[1])
    data = made("annual-report", replace(given, measured=Measured(incidents=(incident,), whole=False)))
    views = counts(data, "views")
    assert (views["Vues en direct"], views["Relectures"], views["dont, sans finalité"]) == (2, 1, 1)
    assert views["Refus de la porte, règle P-02"] == 1
    assert counts(data, "extractions")["Extractions ouvertes"] == 1
    assert counts(data, "extractions")["Collectes sans réquisition, accès habilité"] == 1
    assert counts(data, "destructions")["dont pertes documentées, avant le terme"] == 1
    row = table(data, "requests")[0]
    assert (row["received"], row["executed"], row["refused"], row["waiting"]) == (2, 1, 1, 0)
    assert table(data, "absences") == [{"cause": "caméra injoignable", "count": 1, "hours": "1,0"}]
    assert table(data, "incidents") == [{"kind": "caméra sans image", "count": 1, "standing": 1}]
    assert len(data["missing"]) == 1
    text = page(data, tmp_path)
    assert "du 01/01/2026 au 18/11/2026" in text
    for secret in ("Personne-", "p-mayor", "maire"):
        assert secret not in text + canonical(data).decode()


def test_a_file_of_an_order_has_its_twelve_items_and_says_what_lacks() -> None:
    other = camera(id="valclair-c02", name="Gare", order=None, panel_us=None, states=((NOW - DAY_US, "enrolled"),))
    facts = commune(cameras={CAMERA: camera(), other.id: other}, cnil_ref="", cnil_us=None)
    data = made("request-file", sources(facts, order="o-1"))
    assert [one["id"] for one in data["sections"]][1:13] == [str(number) for number in range(1, 13)]
    assert [row["camera"] for row in table(data, "cameras")] == ["Place"]
    assert fact(data, "8", "Durée") == "15 jours au plus"
    assert fact(data, "11", "Mesures") == "flux mesurés : 1, tous conformes"
    assert {one.split(" : ")[0] for one in data["missing"]} == {
        "2° Plan-masse des lieux", f"3° Plan de détail, {CAMERA}, latitude",
        "12° Engagement de conformité à la CNIL, référence", "Objectifs des caméras et du système, Place, objectif",
        "Objectifs des caméras et du système, indisponibilité admise du système",
    }  # fmt: skip
    first = made("request-file", sources(facts))
    assert [row["camera"] for row in table(first, "cameras")] == ["Gare"]
    assert table(first, "cameras")[0]["zones"] == {"missing": "zones non validées"}
    assert any("panneau de : Gare" in one for one in first["missing"])


@pytest.mark.parametrize(
    ("minute", "narrow", "holds", "point"),
    [
        (MINUTE, False, "oui", "Tenu, 1 caméra mesurée."),
        (MINUTE.model_copy(update={"fps": 5.0}), False, "non", "Non tenu : Place."),
        (MINUTE.model_copy(update={"start_us": NOW - 2 * DAY_US}), False,
         {"missing": "la mesure date de plus d’un jour"}, {"missing": "1 caméra sur 1 sans mesure"}),
        (MINUTE, None, {"missing": "le plan de la caméra n’est pas déclaré"},
         {"missing": "plan non déclaré pour 1 caméra"}),
        (None, False, {"missing": "aucune minute n’a été mesurée"}, {"missing": "1 caméra sur 1 sans mesure"}),
    ],
)  # fmt: skip
def test_conformity_is_what_was_measured_lately(
    minute: Measure | None, narrow: bool | None, holds: Any, point: Any
) -> None:
    seen = MeasuredCamera(id=CAMERA, tls=False, hardened=True, clock_offset_ms=0, minutes=(minute,) if minute else ())
    facts = commune(cameras={CAMERA: camera(narrow=narrow)})
    data = made("conformity", sources(facts, measured=Measured(cameras=(seen,))))
    assert [row["holds"] for row in table(data, "measures")] == [holds]
    points = {row["rule"]: row["found"] for row in table(data, "points")}
    assert points["T-06"] == point
    assert "0 en TLS" in points["T-02"]
    assert list(points) == [f"T-{number:02d}" for number in range(1, 16)]
    assert data["signed_by"][0] == "L’installateur"


def test_an_impact_assessment_marks_what_a_person_must_weigh() -> None:
    data = made("impact-assessment", sources(commune(zones=())))
    assert all(row["residual"] == {"to_write": "à apprécier"} for row in table(data, "risks"))
    assert fact(data, "opinion", "Avis du délégué") == {"to_write": "l’avis du délégué et sa date"}
    assert table(data, "need")[0]["masking"] == {"missing": "aucune zone validée"}
    assert [row["rule"] for row in table(data, "shortfalls")] == ["P-11"]
    assert not table(made("impact-assessment", sources()), "shortfalls")


def test_the_sort_table_decides_nothing_that_the_law_does_not() -> None:
    package = {"built_us": NOW - DAY_US}
    given = sources(commune(requests={"d-1": request(package=package)}), (entry(NOW - 1, "refus", "live"),))
    data = made("sort-table", given)
    held = {row["what"]: row["held"] for row in table(data, "destroyed")}
    assert (held["Copies des paquets remis"], held["Journal des opérations"]) == ("1 paquet", "1 fiche")
    assert all(row["fate"] == {"to_write": "conserver, trier ou détruire"} for row in table(data, "decided"))


def test_a_breach_sheet_tells_what_the_journal_knows_and_judges_nothing() -> None:
    at = MONDAY + 9 * HOUR_US
    entries = (
        entry(
            at, "consultation", "replay", cameras=[CAMERA], from_us=MONDAY, to_us=MONDAY + HOUR_US, log="2026-T4", n=7
        ),
        entry(at + 1, "consultation", "replay_end", cameras=[CAMERA]),
        entry(at + 2, "communication", "export", cameras=[CAMERA], log="2026-T4", n=9),
        entry(at + 3, "effacement", "erase_bytes", cameras=[CAMERA], from_us=0, to_us=1, detail={"mode": "early"}),
        Recorded(at + 4, None),
        entry(MONDAY - 1, "communication", "export", cameras=[CAMERA]),
    )
    over = SeenIncident(kind="x", camera="", severity="warn", rule="", opened_us=0, closed_us=MONDAY - 1)
    stood = SeenIncident(kind="no-picture", camera=CAMERA, severity="grave", rule="", opened_us=MONDAY - 5)
    data = made(
        "breach",
        sources(
            None, entries, from_us=MONDAY, to_us=MONDAY + DAY_US, measured=Measured(incidents=(over, stood)),
            hours=lambda _from, _to: iter([KeptHour(CAMERA, MONDAY, NOW, held=False)]),
        ),
    )  # fmt: skip
    [row] = table(data, "cameras")
    assert data["subject"] == "le 09/11/2026"
    assert (row["camera"], row["views"], row["extractions"], row["lost"]) == ("Place", 1, 1, 1)
    assert (row["opened"], row["readable"]) == ({"instant": UtcTime(MONDAY).iso()}, "1 h de ces jours")
    assert [one["entry"] for one in table(data, "events")] == ["2026-T4 n° 9"]
    assert [(one["kind"], one["camera"]) for one in table(data, "incidents")] == [("caméra sans image", "Place")]
    assert fact(data, "what", "Nature")["to_write"]
    assert len(data["missing"]) == 2
    assert "p-mayor" not in canonical(data).decode()


def test_a_name_that_would_be_markup_or_a_formula_stays_text(tmp_path: Path) -> None:
    nasty = '#read("/etc/passwd") *gras* $x$ \\ = Titre'
    facts = replace(commune(), name=nasty, cameras={CAMERA: camera(name="=HYPERLINK(1)")}, zones=(zones(),))
    data = made("request-file", sources(facts, order="o-1")) | {"name": nasty}
    text = page(data, tmp_path)
    assert f"Commune de {nasty}" in text
    assert "Aucune analyse automatique ni reconnaissance n’existe." in text
    assert "root:" not in text
    lines = render(canonical(data), "csv").decode("utf-8-sig").split("\r\n")
    assert any("'=HYPERLINK(1)" in line for line in lines)
    assert not any(cell.startswith(('"=', "=")) for line in lines for cell in line.split(";"))


def test_text_that_no_page_can_show_still_makes_one(tmp_path: Path) -> None:
    odd = camera(name="W" * 300, place="\u202egauche \U0001f600 \ud83d z\0ero")
    facts = commune(cameras={CAMERA: odd}, objectives={CAMERA: Objective(CAMERA, "discern", 24)})
    data = made("request-file", sources(facts, order="o-1"))
    text = page(data, tmp_path)
    assert text.count("W") == 3 * 300 + len("W")  # the name in three tables, and WGS 84
    assert "?gauche ? ? z?ero" in text
    assert render(canonical(data), "csv")


def test_the_page_shows_what_it_stands_on_and_is_archivable(tmp_path: Path) -> None:
    data = made("processing-record", sources(told=Told()))
    text = page(data, tmp_path)
    for said in ("Journal valclair/2026-T4, 12 entrées", "Manque : l’adresse du responsable", "rien n’a été inventé"):
        assert said in text, said
    info = subprocess.run(["pdfinfo", str(tmp_path / "page.pdf")], check=True, capture_output=True, text=True).stdout
    assert "Tagged:          yes" in info
    assert "Title:           Registre des activités de traitement" in info
    assert b"pdfaid" in (tmp_path / "page.pdf").read_bytes()
