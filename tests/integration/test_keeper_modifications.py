"""Changes to declare, suspensions, pooling bodies and conventions, on a running keeper (P-27, P-53, P-60…P-63)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, IMAGE_ACTS, MAYOR, PASSWORD, Town, town
from vms.errors import BadInput, GuetError, NotFound, Refused, StepUpNeeded

EPCI: dict[str, Any] = {
    "kind": "epci", "name": "Pays de Brume", "reference": "Statuts", "members": ["commune"], "chair": "epci_president",
}  # fmt: skip


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with a camera in service and an officer who watches."""
    async with town(tmp_path) as made:
        await made.commission()
        made.people["h"] = await made.add("agent", "officer", IMAGE_ACTS)
        await made.enter("agent", purpose="5")
        made.clock.advance(seconds=1)
        yield made


async def rule_of(place: Town, login: str, name: str, **args: Any) -> str:
    with pytest.raises(GuetError) as caught:
        await place.act(login, name, **args)
    return caught.value.rule


async def dark(place: Town, view: str) -> str:
    """The rule by which a view is not renewed; empty while it is."""
    answer = (await place.web.renew([view]))[view]
    return "" if isinstance(answer, str) else str(answer["refused"]["rule"])


async def new_order(place: Town, **more: Any) -> str:
    given = {"reference": "2026-0999", "from": "2026-11-01", "until": "2031-07-06"}
    return await place.order(**given | more)


async def test_a_moved_camera_waits_for_its_order_and_for_its_zones(place: Town) -> None:
    view = (await place.watch("agent")).id
    await place.act("agent", "declare_change", camera=CAMERA, kind="moved", motive="mât remplacé")
    assert await dark(place, view) == "P-27"
    plan = await place.recorder.plan()
    assert plan is not None
    assert not plan[0].cameras[0].record
    listed = await place.read(MAYOR, "orders")
    assert [one["kind"] for one in listed["modifications"]] == ["moved"]
    same = listed["orders"][0]["id"]
    assert await rule_of(place, CHIEF, "authorise_camera", camera=CAMERA, order=same) == "P-27"
    await place.act(CHIEF, "authorise_camera", camera=CAMERA, order=await new_order(place))
    assert (await place.read(MAYOR, "orders"))["modifications"] == []
    with pytest.raises(Refused) as still:
        await place.watch("agent")
    assert still.value.rule == "P-11"
    drawn = await place.act(CHIEF, "draw_zones", camera=CAMERA, no_dwelling=True)
    await place.act(MAYOR, "validate_zones", camera=CAMERA, zone_set=drawn["zone_set"]["id"])
    assert await place.watch("agent")


async def test_what_was_lawfully_recorded_is_replayed_while_a_change_waits(place: Town) -> None:
    await place.act(CHIEF, "declare_change", camera=CAMERA, kind="purpose")
    assert await place.watch("agent", "replay")


async def test_another_field_on_a_camera_that_served_is_a_change_by_itself(place: Town) -> None:
    await place.act(CHIEF, "suspend_camera", camera=CAMERA, motive="réglage")
    await place.act(CHIEF, "declare_framing_class", camera=CAMERA, narrow=False, fast_flows=True)
    assert (await place.read(MAYOR, "orders"))["modifications"] == []
    await place.act(CHIEF, "declare_framing_class", camera=CAMERA, narrow=True, fast_flows=True)
    assert [one["kind"] for one in (await place.read(MAYOR, "orders"))["modifications"]] == ["field"]
    assert await rule_of(place, CHIEF, "declare_change", camera=CAMERA, kind="repainted") == ""
    assert await rule_of(place, CHIEF, "declare_change", camera="brumesnil-c01", kind="moved") == "P-62"


async def test_a_camera_enrolled_again_at_another_place_has_moved(place: Town) -> None:
    """The same place and another name change nothing; another place is another authorisation's (P-27)."""
    order = (await place.act(MAYOR, "order_provisioning", kind="enrol", args={"found": "x"}))["order"]
    profile = {"stream": "main", "codec": "h264", "width": 1920, "height": 1080, "fps": 25}
    facts = {"name": "Place neuve", "place": "mât 3", "profiles": [profile], "model": "V-1"}
    await place.provisioner.camera_enrolled(order, CAMERA, facts)
    assert await place.watch("agent")
    await place.provisioner.camera_enrolled(order, CAMERA, facts | {"place": "mât 9"})
    with pytest.raises(Refused) as caught:
        await place.watch("agent")
    assert caught.value.rule == "P-27"


async def test_a_suspension_is_dark_at_the_next_renewal_and_ends_when_it_is_said(place: Town) -> None:
    view, held = (await place.watch("agent")).id, place.people["h"]
    await place.act(CHIEF, "suspend", habilitation=held, motive="enquête administrative")
    assert await dark(place, view) == "P-58"
    again = await place.act(CHIEF, "suspend", habilitation=held, motive="encore")
    assert "journal" not in again
    place.clock.advance(seconds=5)
    await place.act(MAYOR, "resume", habilitation=held)
    assert await place.watch("agent")
    until = place.clock.utc().plus(seconds=60)
    await place.act(CHIEF, "suspend", habilitation=held, motive="un jour", until=until.us)
    with pytest.raises(Refused):
        await place.watch("agent")
    place.clock.advance(seconds=60)
    assert await place.watch("agent")
    past = place.clock.utc().us
    with pytest.raises(BadInput):
        await place.act(CHIEF, "suspend", habilitation=held, motive="x", until=past)


async def test_nobody_suspends_their_betters_nor_lifts_their_own(place: Town) -> None:
    people = (await place.read(MAYOR, "people"))["people"]
    mine = {one["label"]: one["habilitations"][0]["id"] for one in people}
    assert await rule_of(place, CHIEF, "suspend", habilitation=mine["Le maire"], motive="x") == "P-58"
    chief = mine["Cheffe de service PM"]
    assert await rule_of(place, CHIEF, "resume", habilitation=chief) == "P-58"
    with pytest.raises(NotFound):
        await place.act(MAYOR, "suspend", habilitation="h-none", motive="x")
    with pytest.raises(BadInput):
        await place.act(MAYOR, "suspend", habilitation=chief, motive="")


async def test_the_whole_way_of_a_pool(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        await place.commission()
        made = await place.web.act(place.tokens[MAYOR], "record_grouping", EPCI)
        with pytest.raises(Refused):
            await place.act(CHIEF, "consent", grouping=made["grouping"], reference="Délib. 3", date="2026-10-01")
        place.clock.advance(seconds=301)
        agreed = {"grouping": made["grouping"], "reference": "Délib. 3", "date": "2026-10-01"}
        with pytest.raises(StepUpNeeded):
            await place.act(MAYOR, "consent", **agreed)
        await place.web.step_up(place.tokens[MAYOR], PASSWORD)
        await place.act(MAYOR, "consent", **agreed)
        for kind in ("equipment_and_staff", "state"):
            convention = {"kind": kind, "reference": "C 1", "from_": "2026-10-01", "until": "2027-09-30"}
            await place.act(MAYOR, "record_convention", **convention)
        basis = {"reference": "Agrément 9", "from": "2026-01-01"}
        await place.add("csu", "csu_operator", ["live", "replay"], pooled=True, basis=basis)
        await place.enter("csu", purpose="5")
        place.clock.advance(seconds=1)
        view = (await place.watch("csu")).id
        assert await dark(place, view) == ""
        await place.web.step_up(place.tokens[MAYOR], PASSWORD)
        assert await stopping(place) == {"Pays de Brume": ["Csu"]}
        syndicate = EPCI | {"name": "Syndicat", "kind": "closed_syndicate"}
        other = await place.web.act(place.tokens[MAYOR], "record_grouping", syndicate)
        second = agreed | {"grouping": other["grouping"]}
        await place.act(MAYOR, "consent", **second)
        assert await stopping(place) == {}  # each would do alone
        await place.act(MAYOR, "consent", **second | {"date": place.clock.utc().us, "agree": False})
        assert await stopping(place) == {"Pays de Brume": ["Csu"]}
        ended = agreed | {"date": place.clock.utc().us, "agree": False}
        await place.act(MAYOR, "consent", **ended)
        assert await dark(place, view) == "P-60"
        assert await stopping(place) == {}
        told = {one["name"]: one for one in (await place.read(MAYOR, "groupings"))["groupings"]}["Pays de Brume"]
        assert (told["consents"], told["article"]) == (False, "CSI L132-14 I")
        with pytest.raises(BadInput):
            await place.act(MAYOR, "consent", **agreed | {"date": "2026-09-01", "agree": False})


async def stopping(place: Town) -> dict[str, list[str]]:
    """Whose right falls with each body's consent; a body on which no right rests is left out."""
    return {one["name"]: one["stops"] for one in (await place.read(MAYOR, "groupings"))["groupings"] if one["stops"]}


async def test_bodies_and_conventions_that_are_none(place: Town) -> None:
    for wrong in ({"members": ["commune", "region"]}, {"kind": "open_syndicate", "chair": "other"}):
        with pytest.raises(Refused) as caught:
            await place.web.act(place.tokens[MAYOR], "record_grouping", EPCI | wrong)
        assert caught.value.rule == "P-60"
    year = {"reference": "C 2", "from_": "2026-01-01", "until": "2026-12-31"}
    event = year | {"kind": "police_pooling", "form": "event"}
    assert await rule_of(place, MAYOR, "record_convention", **event) == "P-62"
    for wrong in ({"kind": "police_pooling", "form": "friends"}, {"kind": "state", "form": "event"}):
        with pytest.raises(BadInput):
            await place.act(MAYOR, "record_convention", **year | wrong)
    await place.act(MAYOR, "record_convention", **year | {"kind": "coordination"})
    await place.act(MAYOR, "record_convention", **year | {"kind": "police_pooling", "form": "adjoining"})
    told = (await place.read(MAYOR, "conventions"))["conventions"]
    assert {one["kind"]: one["form"] for one in told} == {"coordination": "", "police_pooling": "adjoining"}


async def test_an_order_replaces_one_that_is_there_once(place: Town) -> None:
    first = (await place.read(MAYOR, "orders"))["orders"][0]["id"]
    with pytest.raises(NotFound):
        await new_order(place, replaces="o-none")
    with pytest.raises(Refused) as older:
        await new_order(place, replaces=first, **{"from": "2026-07-01"})
    assert older.value.rule == "P-21"
    shorter = {"reference": "2026-0999", "from_": "2026-11-01", "until": "2031-07-06", "max_days": 7}
    order = {"prefect": "Préfet du Nord", "purposes": [1, 3, 5], "replaces": first}
    await place.agree(MAYOR, CHIEF, "record_order", **shorter, **order)
    await place.enter(MAYOR)
    with pytest.raises(Refused) as twice:
        await new_order(place, reference="2026-1000", replaces=first)
    assert twice.value.rule == "P-21"
    orders = {one["reference"]: one for one in (await place.read(MAYOR, "orders"))["orders"]}
    assert orders["2026-0999"]["covered"] == [CAMERA]
    assert orders["2026-0718-valclair"]["covered"] == []
    assert not orders["2026-0718-valclair"]["renew"]
    plan = await place.recorder.plan()
    assert plan is not None
    assert plan[0].cameras[0].retention_days == 7


async def test_a_training_that_has_not_taken_place_is_none(place: Town) -> None:
    given = {
        "person": place.people["agent"], "role": "officer", "decision_ref": "D", "signed_by": "Le maire",
        "from_": "2026-01-01", "until": "2027-01-01", "training_date": "2027-01-01",
    }  # fmt: skip
    with pytest.raises(BadInput):
        await place.act(MAYOR, "grant", **given)
    with pytest.raises(BadInput):
        await place.act(MAYOR, "grant", **given | {"training_date": "2026-01-01", "document_sha256": "x"})
    digest = "ab" * 32
    await place.act(MAYOR, "grant", **given | {"training_date": "2026-01-01", "document_sha256": digest})
    people = (await place.read(MAYOR, "people"))["people"]
    assert digest in [h["document_sha256"] for one in people for h in one["habilitations"]]
