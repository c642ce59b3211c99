"""Every act that changes a fact, one after another: unsigned, signed for another, and with a step-up gone stale."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.keeper_town import CAMERA, MAYOR, Town, town
from vms.errors import GuetError, Refused, StepUpNeeded
from vms.keeper.act_classes import UNSIGNED_ACTS
from vms.keeper.clients.audiences import KeeperForWeb
from vms.keeper.identity.sessions import STEP_UP_US
from vms.law.rulebook import ActClass, rulebook

DAY, SHA = "2026-09-08", "ab" * 32
SPAN: Final = {"cameras": [CAMERA], "from_us": 1, "to_us": 2}
RIGHT: Final = {"role": "officer", "decision_ref": "x", "signed_by": "x", "from": "2026-01-01", "until": "2027-12-31"}
REQUEST: Final = {"frame": "flagrance", "fields": {}, **SPAN, "motive": "x"}
# Arguments of the right shape: what they name need not exist, since an unsigned act is refused before it is looked for.
ARGS: Final[dict[str, dict[str, Any]]] = {
    "declare_prefix": {"cidr": "10.0.0.0/24"},
    "order_provisioning": {"kind": "discover", "args": {}},
    "record_order": {
        "reference": "x", "prefect": "x", "from": DAY, "until": DAY, "max_days": 15, "purposes": ["1"],
    },
    "record_cnil": {"reference": "x", "date": DAY},
    "inform_public": {"controller": "x", "officer": "x", "rights": "x"},
    "authorise_camera": {"camera": CAMERA, "order": "o-1"},
    "declare_framing_class": {"camera": CAMERA, "narrow": False},
    "open_framing": {"camera": CAMERA, "minutes": 5},
    "close_framing": {"camera": CAMERA},
    "draw_zones": {"camera": CAMERA, "no_dwelling": True},
    "validate_zones": {"camera": CAMERA, "zone_set": "z-1"},
    "post_panel": {"camera": CAMERA, "date": DAY, "place": "x"},
    "post_panel_photo": {"camera": CAMERA, "date": DAY, "place": "x", "sent_sha256": SHA, "sha256": SHA},
    "place_camera": {
        "camera": CAMERA, "latitude_udeg": 1, "longitude_udeg": 1, "direction_deg": 1, "angle_deg": 1, "reach_m": 1,
    },
    "set_objective": {"camera": CAMERA, "level": "identify", "outage_hours": 1},
    "file_site_plan": {"sha256": SHA, "media": "application/pdf", "size_bytes": 1, "date": DAY},
    "inform_prefect": {"camera": CAMERA, "date": DAY},
    "commission_camera": {"camera": CAMERA},
    "put_in_service": {"camera": CAMERA},
    "suspend_camera": {"camera": CAMERA, "motive": "x"},
    "retire_camera": {"camera": CAMERA, "motive": "x"},
    "add_person": {"login": "intrus", "label": "Intrus"},
    "invite_again": {"person": "p-1"},
    "end_sessions": {"person": "p-1", "motive": "x"},
    "approve_recovery": {"person": "p-1", "motive": "x"},
    "name_emergency_persons": {"persons": [], "motive": "x"},
    "ask_emergency": {**SPAN, "minutes": 5, "motive": "x"},
    "confirm_emergency": {"emergency": "x-1"},
    "close_emergency": {"emergency": "x-1", "motive": "x"},
    "name_workstation": {"post": "p" * 32, "label": "CSU"},
    "grant": RIGHT,
    "withdraw": {"habilitation": "h-1", "motive": "x"},
    "record_convention": {"kind": "state", "reference": "x", "parties": "x", "from": DAY, "until": DAY},
    "withdraw_order": {"order": "o-1", "reference": "x", "date": DAY},
    "declare_change": {"camera": CAMERA, "kind": "moved"},
    "suspend": {"habilitation": "h-1", "motive": "x"},
    "resume": {"habilitation": "h-1"},
    "record_grouping": {
        "kind": "epci", "name": "x", "reference": "x", "members": ["commune"], "chair": "epci_president",
    },
    "consent": {"grouping": "g-1", "reference": "x", "date": DAY},
    "confirm_time": {"doubt_us": 1},
    "place_hold": {**SPAN, "procedure": "instruction", "authority": "x", "reference": "x", "requester": "x"},
    "release_hold": {"hold": "g-1", "motive": "x"},
    "confirm_act": {"pending": "y-1"},
    "stop_act": {"pending": "y-1", "motive": "x"},
    "register_request": REQUEST,
    "collect": REQUEST,
    "complete_request": {"request": "d-1", "fields": {"unit": "x"}},
    "check_identity": {"request": "d-1", "document_seen": True, **SPAN},
    "extend_answer": {"request": "d-1", "reason": "number"},
    "decide": {"request": "d-1", "decision": "execute"},
    "sign_manifest": {"request": "d-1", "manifest_sha256": SHA},
    "certify_export": {"request": "d-1"},
    "record_package": {"request": "d-1"},
    "receive_package": {"request": "d-1", "recipient": "x"},
    "purge_package": {"request": "d-1"},
}  # fmt: skip
SIGNED: Final = [name for name in ARGS if name not in UNSIGNED_ACTS]
# What the mayor may not do at all is refused by the gate; its own step-up is tried in test_collections.py.
NOT_THE_MAYORS: Final = {"collect"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        yield made


def args_of(place: Town, name: str) -> dict[str, Any]:
    return ARGS[name] | (
        {"person": place.people[MAYOR]} if name in ("grant", "end_sessions", "approve_recovery", "invite_again") else {}
    )


async def tried(act: Awaitable[Any]) -> str:
    """What an act was refused for, nothing when it was done."""
    try:
        await act
    except GuetError as error:
        return error.what
    return ""


@pytest.fixture(autouse=True)
def time_in_doubt(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """``confirm_time`` is only heard while the machine's time is in doubt."""
    monkeypatch.setattr("vms.keeper.handlers.web.check_doubt", lambda *_: None)


def test_every_act_of_the_rulebook_is_walked() -> None:
    assert ARGS.keys() == rulebook().act.keys()


async def test_no_act_is_taken_unsigned_signed_for_another_or_twice(place: Town) -> None:
    """Fails when an act is added to ``UNSIGNED_ACTS``, or a desk forgets to ask for the wish."""
    evil, token = KeeperForWeb(place.run / "k-web.sock"), place.tokens[MAYOR]
    for name in SIGNED:
        args = args_of(place, name)
        with pytest.raises(Refused, match="n’est pas signée"):
            await evil.act(token, name, args)
        other = next(one for one in SIGNED if one != name)
        for_other = await place.web.statement(token, other, args=args_of(place, other))
        with pytest.raises(Refused, match="un autre acte"):
            await evil.act(token, name, args, for_other)
        signed = await place.web.statement(token, name, args=args)
        assert "La page a signé" not in await tried(evil.act(token, name, args, signed)), name
        await place.enter(MAYOR)  # ``end_sessions`` ended it
        token = place.tokens[MAYOR]
        again = await place.web.statement(token, "close_framing", args=ARGS["close_framing"])
        with pytest.raises(GuetError):
            await evil.act(token, "close_framing", ARGS["close_framing"], again)
        with pytest.raises(Refused, match="déjà servi"):
            await evil.act(token, "close_framing", ARGS["close_framing"], again)


async def test_a_stale_step_up_is_refused_where_the_class_asks_for_one_and_nowhere_else(place: Town) -> None:
    """Fails when a desk forgets the step-up of an act (the office of ``add_person``, say), or a class changes."""
    place.clock.advance(seconds=STEP_UP_US / 1_000_000 + 1)
    token = place.tokens[MAYOR]
    for name in SIGNED:
        if name in NOT_THE_MAYORS:
            continue
        asked = await tried(place.web.act(token, name, args_of(place, name))) == StepUpNeeded().what
        assert asked is (rulebook().act[name].act_class is not ActClass.ORDINARY), name
