"""The keeper's documents: who may have them, that each is an entry with its digest, and an outside control's narrow
door (P-29, P-59).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.keeper_town import CHIEF, IMAGE_ACTS, MAYOR, PASSWORD, Town, town
from vms.documents.sources import Measured
from vms.errors import BadInput, Damaged, NotFound, Refused
from vms.law.rulebook import rulebook

pytestmark = pytest.mark.asyncio(loop_scope="module")

INSPECTOR = "inspecteur"
BASIS = {"reference": "Contrôle CNIL 2026-123", "from": "2026-11-24", "until": "2026-12-31"}
CONTROL = {"from_": "2026-11-24", "until": "2026-12-31", "basis": BASIS, "decision_ref": "Ouverture 7"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town with a camera in service, an officer whose right was withdrawn a day later, a DPO and an inspector."""
    async with town(tmp_path_factory.mktemp("town")) as made:
        await made.commission()
        habilitation = await made.add("agent", "officer", ["live"])
        await made.add("secretariat", "secretary")
        await made.add("dpo", "auditor")
        await made.host.add_host_admin("hebergeur", "Hébergeur", PASSWORD)
        await made.hour_key(made.hour_ago().hour().us)
        made.clock.advance(seconds=86_400)
        for login in (MAYOR, CHIEF, "dpo", "agent", "secretariat"):
            await made.enter(login)
        await made.enter("hebergeur", commune=None)
        await made.act(MAYOR, "withdraw", habilitation=habilitation, motive="départ")
        await inspector(made)
        yield made


async def inspector(place: Town, login: str = INSPECTOR, **changes: Any) -> str:
    given = {key.removesuffix("_"): value for key, value in (CONTROL | changes).items()}
    return await place.add(login, "inspector", **given)


async def document(place: Town, login: str, kind: str, **asked: Any) -> dict[str, Any]:
    data = await place.web.make_document(
        place.tokens[login], kind, asked, Measured(build="9").model_dump_json().encode()
    )
    found: dict[str, Any] = json.loads(data)
    return found


async def last_entry(place: Town) -> dict[str, Any]:
    found: dict[str, Any] = (await place.read(MAYOR, "journal", limit=1, act="make_document"))["entries"][0]["record"]
    return found


def persons(data: dict[str, Any]) -> list[str]:
    return [row["person"] for row in data["sections"][0]["table"]["rows"]]


async def test_the_list_of_persons_is_as_of_its_day_by_what_was_recorded_then(place: Town) -> None:
    now = await document(place, "dpo", "habilitations")
    assert persons(now) == ["Cheffe de service PM", "Dpo", "Inspecteur", "Le maire", "Secretariat"]
    before = await document(place, "dpo", "habilitations", day="2026-11-24")
    assert persons(before) == ["Agent", "Cheffe de service PM", "Dpo", "Le maire", "Secretariat"]
    assert (before["subject"], before["build"]) == ("au 24/11/2026", "9")
    nobody = await document(place, "dpo", "habilitations", day="2020-01-01")  # before the commune was here
    assert (persons(nobody), nobody["name"]) == ([], "Valclair-sur-Brume")
    for wrong in ("2026-11-26", "2026-02-30"):
        with pytest.raises(BadInput):
            await document(place, "dpo", "habilitations", day=wrong)


async def test_each_document_is_an_entry_with_the_digest_of_what_was_handed_out(place: Town) -> None:
    size = (await place.read(MAYOR, "journal_checkpoint"))["size"]
    data = await place.web.make_document(place.tokens[INSPECTOR], "annual-report", {"year": 2026}, b"")
    stands_on = json.loads(data)["journal"]
    assert (stands_on["size"], len(bytes.fromhex(stands_on["root"]))) == (size, 32)
    assert stands_on["checkpoint"].splitlines()[1] == str(size)
    entry = await last_entry(place)
    assert entry["kind"] == "communication"
    assert entry["detail"] == {"document": "annual-report", "sha256": sha256(data).hexdigest(), "year": 2026}
    assert (entry["author"]["person"], entry["author"]["role"]) == (place.people[INSPECTOR], "inspector")


@pytest.mark.parametrize("login", [CHIEF, "secretariat", "hebergeur", "agent"])
async def test_no_other_role_has_a_document(place: Town, login: str) -> None:
    told = (await place.read(MAYOR, "journal", limit=1, act="make_document"))["entries"]
    for kind in rulebook().document:
        with pytest.raises((Refused, BadInput)) as refused:
            await document(place, login, kind)
        # The host's administrator acts for no commune at all.
        assert refused.value.rule in (rulebook().document[kind].rule, "P-58") or login == "hebergeur"
    with pytest.raises((Refused, BadInput)):
        await place.read(login, "documents")
    assert (await place.read(MAYOR, "journal", limit=1, act="make_document"))["entries"] == told


async def test_whoever_may_has_every_kind_and_what_is_not_one_is_said(place: Town) -> None:
    roles = {"dpo": "auditor", MAYOR: "mayor", INSPECTOR: "inspector"}
    for login, role in roles.items():
        listed = await place.read(login, "documents")
        mine = [kind for kind, rule in rulebook().document.items() if role in rule.roles]
        assert [one["kind"] for one in listed["documents"]] == mine
    order = listed["orders"][0]["id"]
    asked: dict[str, dict[str, Any]] = {
        "old-register": {"first": "2026-11-24", "last": "2026-11-25"}, "request-file": {"order": order},
    }  # fmt: skip
    for login, role in roles.items():
        for kind in [kind for kind, rule in rulebook().document.items() if role in rule.roles]:
            assert (await document(place, login, kind, **asked.get(kind, {})))["commune"] == "valclair"
    register = await document(place, MAYOR, "old-register", first="2026-11-24", last="2026-11-24")
    assert register["sections"][0]["table"]["rows"][0]["recorded"] == "14:00–15:00"
    for kind, choice in (("conformity", {"day": "2026-11-24"}), ("old-register", {"first": "2026-10-01"}),
                         ("nothing", {}), ("annual-report", {"year": 2027})):  # fmt: skip
        with pytest.raises(BadInput):
            await document(place, MAYOR, kind, **choice)
    with pytest.raises(NotFound):
        await document(place, MAYOR, "request-file", order="o-ailleurs")
    with pytest.raises(BadInput):
        await place.web.make_document(place.tokens[MAYOR], "conformity", {}, b'{"cameras": "x"}')


async def test_an_outside_control_reads_sees_nothing_and_changes_nothing(place: Town) -> None:
    for name in ("people", "orders", "cameras", "zone_sets", "retention", "holds", "journal"):
        await place.read(INSPECTOR, name)
    assert (await place.read(INSPECTOR, "whoami_rights"))["acts"] == []
    assert await place.web.prove_destruction(place.tokens[INSPECTOR], "2026-11-24")
    for name in ("requests", "journal_review"):
        with pytest.raises(Refused):
            await place.read(INSPECTOR, name)
    with pytest.raises(Refused):
        await document(place, INSPECTOR, "breach")
    for act in IMAGE_ACTS:
        with pytest.raises(Refused) as refused:
            await place.watch(INSPECTOR, act)
        assert refused.value.rule in ("P-29", "P-57", "P-72")
    for act in ("inform_public", "end_sessions", "place_hold"):
        with pytest.raises((Refused, BadInput)):
            await place.act(INSPECTOR, act)


async def test_a_control_is_named_short_and_opened_by_the_mayor(place: Town) -> None:
    wrong = (
        {"until": "2027-03-01"},
        {"basis": None},
        {"acts": ["live"]},
        {"category": "P-58"},
    )
    for change in wrong:
        with pytest.raises(Refused) as refused:
            await inspector(place, f"controle{wrong.index(change)}", **change)
        assert refused.value.rule in ("P-29", "P-58"), change
    given = {key.removesuffix("_"): value for key, value in CONTROL.items()}
    with pytest.raises(Refused):
        await place.act(
            CHIEF, "grant", person=place.people["controle0"], role="inspector", signed_by="Le maire", **given
        )


async def test_it_ends_at_its_date_without_anyone(tmp_path: Any) -> None:
    async with town(tmp_path) as made:
        await inspector(made, basis=BASIS | {"until": "2026-11-25"})
        await made.read(INSPECTOR, "documents")
        made.clock.advance(seconds=2 * 86_400)
        with pytest.raises(Refused) as refused:
            await made.enter(INSPECTOR)
        assert refused.value.rule == "P-29"


async def test_an_altered_entry_makes_no_document(tmp_path: Any) -> None:
    async with town(tmp_path) as made:
        path = made.keeper.house.communes.get("valclair").store.path
        with sqlite3.connect(path) as db:
            db.execute("DROP TRIGGER entry_is_fixed")
            db.execute("UPDATE entry SET record = replace(record, 'init_commune', 'init_communx') WHERE seq = 1")
        with pytest.raises(Damaged):
            await document(made, MAYOR, "annual-report")
