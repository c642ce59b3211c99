"""Every act is signed by its page: one table of calls for routes, pages and command line, and one of classes."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from deploy.admin.signed_paths import wish_of
from vms.errors import BadInput
from vms.keeper.act_classes import ADD_PERSON, UNSIGNED_ACTS, check_classes
from vms.keeper.acts import ACTS
from vms.keeper.handlers.access import ACCESS_ACTS
from vms.keeper.protocol import ACT_NAMES
from vms.law.rulebook import ActClass, rulebook
from web.app import API, create_app
from web.signed_calls import FILE_DIGESTS, ORDER_KINDS, SIGNED

ROUTES: Final = Path(__file__).parents[2] / "web/api"
NO_ACTS: Final = {"export", "passkey_register", "provider_link"}  # signed, but no acts of the rulebook
# Acts without a call of their own: those of an extraction, and the early purge, which no page offers.
NO_CALLS: Final = UNSIGNED_ACTS.keys() | {"purge_package"}


def act_calls() -> Iterator[tuple[str, ast.Call]]:
    """Every ``….keeper.act(…)`` of the routes, and every call of a route's own ``_act``."""
    for path in sorted(ROUTES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "act":
                yield path.name, node


def test_every_act_that_a_route_asks_for_carries_the_statement_of_its_page() -> None:
    """Fails when a route calls ``services.keeper.act`` without ``statement`` as its last argument."""
    found = list(act_calls())
    assert len(found) > 30
    bare = [
        (name, call.lineno)
        for name, call in found
        if len(call.args) != 4 or not isinstance(call.args[3], ast.Name) or call.args[3].id != "statement"
    ]
    assert not bare


def test_every_act_has_its_signed_call_and_every_signed_call_its_act_and_its_route() -> None:
    """Fails when an address is taken out of ``SIGNED`` or a new act comes without one."""
    assert set(SIGNED.values()) - NO_ACTS == set(rulebook().act) - NO_CALLS
    assert set(rulebook().act) == ACT_NAMES
    assert ORDER_KINDS.keys() | FILE_DIGESTS.keys() <= SIGNED.keys()
    posts = {path for path, ways in create_app(None).openapi()["paths"].items() if "post" in ways}
    assert {API + address for address in SIGNED} <= posts


def test_the_contract_says_of_each_signed_call_which_act_it_is_and_of_what_class() -> None:
    """Fails when ``mark`` is not called, or leaves out a call: pages are made from the contract alone."""
    paths = json.loads(json.dumps(create_app(None).openapi()))["paths"]
    marked = {
        path.removeprefix(API): ways["post"]["x-act"] for path, ways in paths.items() if "x-act" in ways.get("post", {})
    }
    assert marked == SIGNED
    release = paths[f"{API}/holds/{{hold}}/release"]["post"]
    assert release["x-act-class"] == rulebook().act["release_hold"].act_class.value
    assert paths[f"{API}/communes/{{commune}}/enrol"]["post"]["x-order-kind"] == "enrol"
    assert paths[f"{API}/communes/{{commune}}/site-plans"]["post"]["x-file-digest"] == "sha256"


def test_what_is_signed_says_what_the_address_names_and_what_the_body_says() -> None:
    body = {"decision": "execute"}
    assert wish_of("/requests/d-1/decision", body) == {"act": "decide", "args": {"request": "d-1", **body}}
    assert wish_of("/communes/valclair/people", {"login": "x"}) == {"act": "add_person", "args": {"login": "x"}}
    assert wish_of("/cameras/c-1/zones/zs-2/validate", {}) == {
        "act": "validate_zones", "args": {"camera": "c-1", "zone_set": "zs-2"},
    }  # fmt: skip
    key = {"public": "eA=="}
    assert wish_of("/requests/d-1/package/key", key) == {"act": "export", "request": "d-1", "public": "eA=="}
    assert wish_of("/communes/valclair/people/p-1/end-sessions", {"motive": "x"}) == {
        "act": "end_sessions", "args": {"person": "p-1", "motive": "x"},
    }  # fmt: skip
    assert wish_of("/session/step-up", {}) is None


def test_no_wish_carries_the_account_of_a_camera() -> None:
    """Fails when ``wish_of`` signs an order's body whole: the keeper would read a camera's password."""
    body = {"found_id": "f-1", "number": 3, "username": "admin", "password": "secret"}
    asked = {"kind": "enrol", "args": {"found_id": "f-1", "number": 3}}
    assert wish_of("/communes/valclair/enrol", body) == {"act": "order_provisioning", "args": asked}


def test_an_act_without_a_class_or_a_class_without_an_act_refuses_to_start() -> None:
    """Fails when ``check_classes`` looks one way only."""
    check_classes()
    acts = {*ACTS, *ACCESS_ACTS, ADD_PERSON}
    with pytest.raises(BadInput, match=r"sans classe.*open_everything"):
        check_classes(acts | {"open_everything"})
    with pytest.raises(BadInput, match=r"n’existe pas.*grant"):
        check_classes(acts - {"grant"})
    with pytest.raises(BadInput, match=r"sans classe.*grant"):
        check_classes(
            acts, rulebook().model_copy(update={"act": {k: v for k, v in rulebook().act.items() if k != "grant"}})
        )


def test_few_acts_go_unsigned_each_with_its_reason_and_only_within_an_extraction() -> None:
    assert set(UNSIGNED_ACTS) == {"sign_manifest", "certify_export", "record_package"}
    assert all(UNSIGNED_ACTS.values())


def test_what_destroys_gives_rights_or_founds_recording_wants_the_password_again() -> None:
    """Fails when one of them becomes ordinary in the rulebook."""
    grave = (
        "release_hold", "purge_package", "receive_package", "record_order", "withdraw_order", "authorise_camera",
        "validate_zones", "commission_camera", "put_in_service", "retire_camera", "withdraw", "suspend", "resume",
        "grant", "add_person", "record_convention", "record_grouping", "consent", "record_cnil", "declare_prefix",
        "end_sessions", "check_identity", "confirm_time", "decide", "collect", "approve_recovery",
    )  # fmt: skip
    assert [name for name in grave if rulebook().act[name].act_class is ActClass.ORDINARY] == []
