"""Pages and the command line sign the same calls, every signed act has its call, and a key once made stays the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from deploy.admin.signed_paths import SIGNED, wish_of
from vms.keeper.wish_desk import SIGNED_ACTS
from vms.law.rulebook import rulebook
from web.app import API, create_app

WEB: Final = Path(__file__).parents[2] / "web"
PAGES: Final = WEB / "ui/src/api/signedCalls.ts"
ROUTES: Final = WEB / "api"


def of_the_pages() -> dict[str, str]:
    rows = re.findall(r'^ {2}"(/[^"]+)": "(\w+)",$', PAGES.read_text(encoding="utf-8"), re.MULTILINE)
    return {address.replace("{camera_id}", "{camera}"): act for address, act in rows}


def test_pages_and_command_line_sign_the_same_calls() -> None:
    # A passkey is added, and an identity linked, in a browser only.
    assert of_the_pages() == SIGNED | {
        "/account/passkeys": "passkey_register",
        "/account/providers/return": "provider_link",
    }


def test_every_signed_act_has_its_call_and_every_call_exists() -> None:
    called = set(of_the_pages().values()) - {"export", "passkey_register", "provider_link"}
    assert called <= SIGNED_ACTS
    routes = "".join(path.read_text(encoding="utf-8") for path in ROUTES.glob("*.py"))
    assert not [act for act in SIGNED_ACTS - called if f'"{act}"' in routes]  # the rest cannot be asked over HTTP
    assert set(rulebook().act) >= SIGNED_ACTS
    posts = {path for path, ways in create_app(None).openapi()["paths"].items() if "post" in ways}
    assert {API + address.replace("{camera}", "{camera_id}") for address in of_the_pages()} <= posts


def test_what_is_signed_says_what_the_address_names_and_what_the_body_says() -> None:
    body = {"decision": "execute"}
    assert wish_of("/requests/d-1/decision", body) == {"act": "decide", "args": {"request": "d-1", **body}}
    assert wish_of("/communes/valclair/people", {"login": "x"}) == {"act": "add_person", "args": {"login": "x"}}
    assert wish_of("/cameras/c-1/zones/zs-2/validate", {}) == {
        "act": "validate_zones", "args": {"camera": "c-1", "zone_set": "zs-2"},
    }  # fmt: skip
    key = {"public": "eA=="}
    assert wish_of("/requests/d-1/package/key", key) == {"act": "export", "request": "d-1", "public": "eA=="}
    assert wish_of("/communes/valclair/people/p-1/end-sessions", {}) is None
