"""Acts on a running keeper: a camera's life, two-person zones, orders, provisioning, and every wrong way round."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSWORD, Town, town
from vms.errors import BadInput, Conflict, GuetError, NotFound, Refused, StepUpNeeded
from vms.keeper.gate.statement import ORDER, open_plan, sign_statement
from vms.keeper.protocol import ACT_NAMES, READ_NAMES
from vms.keys.signing import generate_signing_key
from vms.law.rulebook import rulebook

ZONE = {"points": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]], "reason": "entrance"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with a mayor and a head of service."""
    async with town(tmp_path) as made:
        yield made


def journal_size(place: Town) -> int:
    """How many entries the town's journal has, without the entry that reading it would add."""
    return place.keeper.house.communes.get("valclair").store.state.frontier.size


async def refused(place: Town, login: str, name: str, **args: Any) -> str:
    """The rule that an act is refused by; nothing is journalled for it."""
    before = journal_size(place)
    with pytest.raises(Refused) as caught:
        await place.act(login, name, **args)
    assert journal_size(place) == before
    return caught.value.rule


async def state(place: Town) -> str:
    """The camera's legal state."""
    return str((await place.read(MAYOR, "cameras"))["cameras"][0]["state"])


async def test_a_cameras_life_step_by_step_each_refusal_naming_its_rule(place: Town) -> None:
    await place.enrol()
    assert await refused(place, CHIEF, "open_framing", camera=CAMERA, minutes=10) == "P-20"
    assert await refused(place, CHIEF, "draw_zones", camera=CAMERA, polygons=[ZONE]) == "P-24"
    assert await refused(place, CHIEF, "put_in_service", camera=CAMERA) == "P-24"
    order = await place.order()
    await place.act(CHIEF, "authorise_camera", camera=CAMERA, order=order)
    assert await refused(place, CHIEF, "commission_camera", camera=CAMERA) == "P-24"
    assert await refused(place, CHIEF, "open_framing", camera=CAMERA, minutes=16) == "P-57"
    opened = await place.act(CHIEF, "open_framing", camera=CAMERA, minutes=15)
    assert opened["until_us"] == place.clock.utc().plus(seconds=900).us
    assert await refused(place, CHIEF, "open_framing", camera=CAMERA, minutes=5) == "P-57"
    drawn = (await place.act(CHIEF, "draw_zones", camera=CAMERA, polygons=[ZONE]))["zone_set"]
    assert await state(place) == "framed"
    assert await refused(place, CHIEF, "commission_camera", camera=CAMERA) == "T-04"
    await place.act(CHIEF, "declare_framing_class", camera=CAMERA, narrow=True, fast_flows=True)
    assert await refused(place, CHIEF, "commission_camera", camera=CAMERA) == "P-11"
    await place.act(MAYOR, "validate_zones", camera=CAMERA, zone_set=drawn["id"])
    assert await refused(place, CHIEF, "commission_camera", camera=CAMERA) == "P-80"
    await place.act(CHIEF, "post_panel", camera=CAMERA, date="2026-09-08", place="place")
    await place.act(CHIEF, "commission_camera", camera=CAMERA)
    assert await refused(place, CHIEF, "put_in_service", camera=CAMERA) == "P-23"
    await place.act(MAYOR, "record_cnil", reference="2 214 077", date="2026-07-18")
    assert await refused(place, CHIEF, "put_in_service", camera=CAMERA) == "P-24"
    await place.act(CHIEF, "inform_prefect", camera=CAMERA, date="2026-11-26")
    assert await refused(place, CHIEF, "put_in_service", camera=CAMERA) == "P-24"
    await place.act(CHIEF, "inform_prefect", camera=CAMERA, date="2026-11-24")
    await place.act(CHIEF, "put_in_service", camera=CAMERA)
    assert await refused(place, CHIEF, "declare_framing_class", camera=CAMERA, narrow=False, fast_flows=False) == "P-27"
    await place.act(CHIEF, "suspend_camera", camera=CAMERA, motive="mât heurté")
    assert await stop_motive(place) == "mât heurté"
    await place.act(CHIEF, "put_in_service", camera=CAMERA)
    assert await stop_motive(place) == ""
    await place.act(CHIEF, "retire_camera", camera=CAMERA)
    assert await refused(place, CHIEF, "put_in_service", camera=CAMERA) == "P-24"
    assert await refused(place, CHIEF, "open_framing", camera=CAMERA, minutes=5) == "P-20"


async def stop_motive(place: Town) -> str:
    """Why the camera stands still, as its page tells."""
    return str((await place.read(MAYOR, "cameras"))["cameras"][0]["stop_motive"])


async def test_two_persons_for_zones_looser_ones_too(place: Town) -> None:
    await place.commission()
    first = (await place.read(MAYOR, "zone_sets", camera=CAMERA))["zone_sets"][0]
    looser = (await place.act(MAYOR, "draw_zones", camera=CAMERA, no_dwelling=True))["zone_set"]
    assert await refused(place, MAYOR, "validate_zones", camera=CAMERA, zone_set=looser["id"]) == "P-11"
    assert await refused(place, CHIEF, "validate_zones", camera=CAMERA, zone_set=looser["id"]) == "P-10"
    plan = await place.recorder.plan()
    assert plan is not None
    assert plan[0].cameras[0].zone_set is not None
    assert plan[0].cameras[0].zone_set.id == first["id"]
    newer = (await place.act(CHIEF, "draw_zones", camera=CAMERA, polygons=[ZONE, ZONE]))["zone_set"]
    assert await refused(place, MAYOR, "validate_zones", camera=CAMERA, zone_set=first["id"]) == "P-11"
    place.clock.advance(seconds=301)
    with pytest.raises(StepUpNeeded):
        await place.act(MAYOR, "validate_zones", camera=CAMERA, zone_set=newer["id"])
    await place.web.step_up(place.tokens[MAYOR], PASSWORD)
    await place.act(MAYOR, "validate_zones", camera=CAMERA, zone_set=newer["id"])
    plan = await place.recorder.plan(plan[0].version)
    assert plan is not None
    assert plan[0].cameras[0].zone_set is not None
    assert plan[0].cameras[0].zone_set.version == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"polygons": []},
        {"polygons": [ZONE], "no_dwelling": True},
        {"polygons": [{"points": [[0, 0], [1, 1]], "reason": "entrance"}]},
        {"polygons": [{"points": [[0, 0], [1.01, 1], [0, 1]], "reason": "entrance"}]},
        {"polygons": [{"points": [[0, 0], [float("nan"), 1], [0, 1]], "reason": "entrance"}]},
        {"polygons": [{"points": [[0, 0], [1, 0], [0, 1]], "reason": "because"}]},
        {"polygons": [ZONE] * 25},
        {"polygons": [ZONE | {"person": "Mme X"}]},
    ],
)
async def test_zones_that_are_none(place: Town, wrong: dict[str, Any]) -> None:
    await place.enrol()
    await place.act(CHIEF, "authorise_camera", camera=CAMERA, order=await place.order())
    with pytest.raises(BadInput):
        await place.act(CHIEF, "draw_zones", camera=CAMERA, **wrong)
    assert await state(place) == "authorised"


async def test_the_installer_frames_only_in_a_session_that_another_opened(place: Town) -> None:
    await place.enrol()
    await place.act(CHIEF, "authorise_camera", camera=CAMERA, order=await place.order())
    await place.add("poseur", "installer", ["framing"])
    assert await refused(place, "poseur", "open_framing", camera=CAMERA, minutes=5) == "P-57"
    with pytest.raises(Refused) as closed:
        await place.watch("poseur", "framing")
    assert closed.value.rule == "P-57"
    await place.act(CHIEF, "open_framing", camera=CAMERA, minutes=5)
    view = await place.watch("poseur", "framing")
    for act in ("live", "replay", "snapshot"):
        with pytest.raises(Refused) as image:
            await place.watch("poseur", act)
        assert image.value.rule == "P-57"
    place.clock.advance(seconds=3)
    assert isinstance((await place.web.renew([view.id]))[view.id], str)
    await place.act("poseur", "close_framing", camera=CAMERA)
    answer = (await place.web.renew([view.id]))[view.id]
    assert isinstance(answer, dict)
    assert answer["refused"]["rule"] == "P-57"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"purposes": [12]}, "P-01"),
        ({"purposes": ["surveillance"]}, "P-01"),
        ({"until": "2031-07-08"}, "P-21"),
        ({"until": "2026-01-01"}, "P-21"),
        ({"max_days": 31}, "P-31"),
        ({"max_days": 0}, "P-31"),
        ({"min_days": 16}, "P-35"),
        ({"allowed_roles": ["shopkeeper"]}, "P-25"),
    ],
)
async def test_orders_that_the_law_does_not_know(place: Town, changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(Refused) as caught:
        await place.order(**changes)
    assert caught.value.rule == rule
    assert (await place.read(MAYOR, "orders"))["orders"] == []


async def test_an_order_is_recorded_once_and_its_end_stops_everything(place: Town) -> None:
    await place.commission()
    await place.add("agent", "officer", ["live"])
    with pytest.raises(Conflict):
        await place.order()
    plan = await place.recorder.plan()
    assert plan is not None
    camera = plan[0].cameras[0]
    assert camera.record
    until = (await place.read(MAYOR, "orders"))["orders"][0]["until_us"]
    assert camera.record_until_us == until
    assert camera.retention_days == 15
    place.clock.advance(seconds=(until - place.clock.utc().us) / 1e6)
    later = await place.recorder.plan(plan[0].version)
    assert later is not None
    assert not later[0].cameras[0].record
    assert later[0].cameras[0].refusal_cause == "not-authorised"


async def test_the_plan_is_signed_and_only_sent_when_it_changed(place: Town) -> None:
    await place.commission()
    first = await place.recorder.plan()
    assert first is not None
    plan, note = first
    place.clock.advance(seconds=60)
    assert await place.recorder.plan(plan.version) is None
    key = await place.recorder.permit_key()
    assert open_plan(note, key) == plan
    with pytest.raises(GuetError):
        open_plan(note, generate_signing_key()[1])
    with pytest.raises(GuetError):
        open_plan(note[:50] + ("A" if note[50] != "A" else "B") + note[51:], key)
    await place.act(CHIEF, "suspend_camera", camera=CAMERA, motive="essai")
    changed = await place.recorder.plan(plan.version)
    assert changed is not None
    assert changed[0].cameras[0].refusal_cause == "suspended"


@pytest.mark.parametrize("cidr", ["10.42.0.1/24", "hello", "0.0.0.0/0", "224.0.0.0/8", "10.0.0.0/8", "::/0"])
async def test_prefixes_that_are_none(place: Town, cidr: str) -> None:
    with pytest.raises(BadInput):
        await place.act(CHIEF, "declare_prefix", cidr=cidr)
    assert (await place.read(MAYOR, "orders"))["prefixes"] == []


async def test_provisioning_orders_are_signed_dated_and_carry_no_credential(place: Town) -> None:
    made = await place.act(CHIEF, "order_provisioning", kind="discover", args={"prefixes": ["10.42.0.0/24"]})
    order = await place.provisioner.check_order(made["order"])
    assert (order.kind, order.commune, order.id) == ("discover", "valclair", made["id"])
    for secret in ({"password": "x"}, {"Username": "x"}, {"url": "rtsp://u:p@10.42.0.9/"}, {"url": "rtsp://u@h/"}):
        with pytest.raises(BadInput):
            await place.act(CHIEF, "order_provisioning", kind="declare_rtsp", args=secret)
    seen = {"camera": CAMERA, "seen": {"services": "ab" * 32}}
    await place.act(CHIEF, "order_provisioning", kind="renew_certificate", args=seen)
    record = (await place.read(MAYOR, "journal", kind="modification"))["entries"][0]["record"]
    assert record["detail"]["certificates"] == seen["seen"], "who vouched for what is in the log (A-01)"
    forged = sign_statement(ORDER, order.model_dump_json().encode(), generate_signing_key()[0])
    for bad in (forged, made["order"][:-2], "", "a.b", made["order"].split(".")[0]):
        with pytest.raises(Refused):
            await place.provisioner.check_order(bad)
    place.clock.advance(seconds=24 * 3600)
    with pytest.raises(Refused):
        await place.provisioner.check_order(made["order"])


async def test_an_order_falls_with_its_authors_rights(place: Town) -> None:
    habilitation = await place.add("poseur", "installer", ["framing"])
    made = await place.act("poseur", "order_provisioning", kind="enrol", args={})
    await place.act(MAYOR, "withdraw", habilitation=habilitation, motive="fin de marché")
    with pytest.raises(Refused) as caught:
        await place.provisioner.camera_enrolled(made["order"], CAMERA, {"name": "x"})
    assert caught.value.rule == "P-58"


async def test_the_provisioner_enrols_in_its_orders_commune_only(place: Town) -> None:
    made = await place.act(CHIEF, "order_provisioning", kind="enrol", args={})
    profile = {"width": 1920, "height": 1080, "fps": 25}
    good = {"name": "Place", "profiles": [profile]}
    for camera, facts in (
        ("brumesnil-c01", good),
        ("valclair-C01", good),
        ("valclair-c01", {"name": "Place", "profiles": []}),
        ("valclair-c01", {"name": "", "profiles": [profile]}),
        ("valclair-c01", {"name": "Place", "profiles": [profile | {"width": 0}]}),
    ):
        with pytest.raises((BadInput, Refused)):
            await place.provisioner.camera_enrolled(made["order"], camera, facts)
    await place.provisioner.camera_enrolled(made["order"], CAMERA, good)
    again = await place.provisioner.camera_enrolled(made["order"], CAMERA, good | {"name": "Place neuve"})
    assert again["state"] == "enrolled"
    assert (await place.read(MAYOR, "cameras"))["cameras"][0]["name"] == "Place neuve"


async def test_who_may_habilitate_whom(place: Town) -> None:
    await place.add("agent", "officer", ["live"])
    base = {
        "person": place.people["agent"], "decision_ref": "a", "signed_by": "b", "from_": "2026-01-01",
        "until": "2027-01-01",
    }  # fmt: skip
    assert await refused(place, CHIEF, "grant", role="mayor", **base) == "P-58"
    assert await refused(place, "agent", "grant", role="officer", **base) == "P-58"
    mine = base | {"person": place.people[CHIEF]}
    assert await refused(place, CHIEF, "grant", role="officer", **mine) == "P-58"
    assert await refused(place, MAYOR, "grant", role="host_admin", **base) == "P-57"
    assert await refused(place, MAYOR, "grant", role="deputy", **base) == "P-51"
    assert await refused(place, MAYOR, "grant", role="csu_operator", **base) == "P-53"
    assert await refused(place, MAYOR, "grant", role="officer", category="P-50", **base) == "P-58"
    assert await refused(place, MAYOR, "grant", role="secretary", scope={"acts": ["live"]}, **base) == "P-74"
    assert await refused(place, MAYOR, "grant", role="officer", scope={"cameras": ["x-c1"]}, **base) == "P-62"
    with pytest.raises(NotFound):
        await place.act(MAYOR, "grant", role="officer", **(base | {"person": "p-nobody"}))


async def test_rights_at_an_instant_past_or_to_come(place: Town) -> None:
    await place.commission()
    habilitation = await place.add("agent", "officer", ["live"])
    now = place.clock.utc()
    own = await place.read("agent", "whoami_rights")
    assert own["images"]["live"] == {"cameras": [CAMERA], "refusal": None}
    assert own["images"]["replay"]["refusal"]["rule"] == "P-58"
    place.clock.advance(seconds=60)
    await place.act(MAYOR, "withdraw", habilitation=habilitation, motive="départ")
    person = place.people["agent"]
    assert (await place.read(MAYOR, "rights", person=person))["images"]["live"]["cameras"] == []
    assert (await place.read(MAYOR, "rights", person=person, at_us=now.us))["images"]["live"]["cameras"] == [CAMERA]


async def test_unknown_names_and_arguments_change_nothing(place: Town) -> None:
    before = journal_size(place)
    token = place.tokens[MAYOR]
    for name in ("", "drop_tables", "Grant", "add_host_admin"):
        with pytest.raises(BadInput):
            await place.web.act(token, name, {})
        with pytest.raises(BadInput):
            await place.web.read(token, name, {})
    for name in sorted(ACT_NAMES):
        with pytest.raises(GuetError) as caught:
            await place.web.act(token, name, {"camera": "x" * 200, "unknown": 1})
        assert caught.value.kind in ("bad-input", "refused")
    assert journal_size(place) == before


async def test_the_rulebook_and_the_protocol_name_the_same_acts_and_reads() -> None:
    assert set(rulebook().act) == ACT_NAMES
    assert set(rulebook().read) == READ_NAMES
