"""A web process that turned evil: it holds sessions and speaks the keeper's protocol, but no page signs for it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.passkey import SoftPasskey
from tests.integration.keeper_town import CAMERA, MAYOR, PASSPHRASE, PASSWORD, Town, extracting_town, town
from tests.integration.test_keeper_passkeys import register as register_passkey
from tests.integration.test_keeper_requests import register
from vms.clock import MICRO
from vms.errors import BadInput, GuetError, Refused
from vms.keeper.clients.audiences import KeeperForWeb
from vms.keeper.identity.request_checker import MOMENT_LIFE_US, SIGNED_FOR_US
from vms.keeper.identity.signed_request import POINT_BYTES, PageKey, public_of
from vms.keeper.protocol import KEY_WINDOW_INFO, Use
from vms.keys.wrapping import generate_peer_key, open_from

OTHER = "valclair-c02"
PRIVATE, PUBLIC = generate_peer_key()
NAMED = base64.b64encode(PUBLIC).decode()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with extracting_town(tmp_path) as made:
        await made.web.unlock(made.tokens[MAYOR], "valclair", PASSPHRASE)
        yield made


@pytest.fixture
def evil(place: Town) -> KeeperForWeb:
    """The web process's own way to the keeper."""
    return KeeperForWeb(place.run / "k-web.sock")


async def own_wish(evil: KeeperForWeb, token: str, act: str, **more: Any) -> str:
    """What the evil process signs with a key of its own, knowing all that a session tells it."""
    session = await evil.session(token)
    acting = session.acting
    assert acting is not None
    what = {"commune": acting.commune, "purpose": acting.purpose, "motive": acting.motive}
    return PageKey().sign(session.id, session.moment, act, **what | more)


async def test_a_session_alone_opens_no_view(place: Town, evil: KeeperForWeb) -> None:
    token = place.tokens["agent"]
    for act in ("live", "replay"):
        for statement in ("", "x", "x.y", "é.é", "a" * 40_000, await own_wish(evil, token, act, cameras=(CAMERA,))):
            with pytest.raises(Refused, match="signée"):
                await evil.admit(token, act, [CAMERA], statement=statement)
    entries = (await place.read(MAYOR, "journal", kind="refus"))["entries"]
    assert {one["record"]["act"] for one in entries} == {"live", "replay"}
    assert await place.watch("agent")


async def test_an_open_replay_gives_the_evil_process_no_key(place: Town, evil: KeeperForWeb) -> None:
    start = place.hour_ago()
    name = await place.segment(start)
    view = await place.watch("agent", "replay")
    span, asked = (start.us, start.us + 60 * MICRO), [{"name": name, "groups": [0]}]
    what: dict[str, Any] = {"cameras": (CAMERA,), "from_us": span[0], "to_us": span[1], "view": view.id}
    token, (_, stolen) = place.tokens["agent"], generate_peer_key()

    async def window(public: bytes, statement: str) -> bytes:
        return await evil.key_window(view.id, CAMERA, public, asked, *span, statement)

    mine = base64.b64encode(stolen).decode()
    for statement in ("", await own_wish(evil, token, "key_window", public=mine, **what)):
        with pytest.raises(Refused, match="signée"):
            await window(stolen, statement)
    signed = await place.web.statement(token, "key_window", public=NAMED, **what)
    with pytest.raises(Refused, match="autre clé"):  # the page's own statement, its key exchanged on the way
        await window(stolen, signed)
    fresh = await place.web.statement(token, "key_window", public=NAMED, **what)
    sealed = await window(PUBLIC, fresh)
    assert json.loads(open_from(PRIVATE, sealed, KEY_WINDOW_INFO, view.id.encode()))["keys"]


async def test_an_extraction_is_neither_started_nor_its_package_opened_nor_a_manifest_signed(
    place: Town, evil: KeeperForWeb
) -> None:
    request, token = str((await register(place))["request"]), place.tokens["agent"]
    await place.act(MAYOR, "decide", request=request, decision="execute")
    with pytest.raises(Refused, match="signée"):
        await evil.admit(token, "export", [CAMERA], request=request)
    forged = {"request": request, "manifest_sha256": "ab" * 32}
    with pytest.raises(Refused, match="extraction signée"):
        await evil.act(token, "sign_manifest", forged)
    extraction = await place.watch("agent", "export", request=request)
    with pytest.raises(Refused, match="recevoir cette clé"):  # signed to extract, not to hand a key to anybody
        await evil.open_package(extraction.id, generate_peer_key()[1])
    assert (await evil.act(token, "sign_manifest", forged))["note"]


async def test_no_decision_no_right_and_no_account_is_made_without_the_page(place: Town, evil: KeeperForWeb) -> None:
    mayor, request = place.tokens[MAYOR], str((await register(place))["request"])
    right = {
        "person": place.people["agent"], "role": "officer", "decision_ref": "x", "signed_by": "x", "from": "2026-01-01",
        "until": "2027-12-31", "scope": {"cameras": "all", "acts": ["framing"]},
    }  # fmt: skip
    acts: list[tuple[str, dict[str, Any]]] = [
        ("decide", {"request": request, "decision": "execute"}),
        ("grant", right),
        ("add_person", {"login": "intrus", "label": "Intrus"}),
        ("open_framing", {"camera": CAMERA, "minutes": 5}),
        ("approve_recovery", {"person": place.people["agent"], "motive": "connu"}),
    ]
    for name, args in acts:
        for statement in ("", await own_wish(evil, mayor, name, args=args)):
            with pytest.raises(Refused, match="signée"):
                await evil.act(mayor, name, args, statement)
    refusal = {"request": request, "decision": "refuse", "ground": "no-footage", "comment": "rien"}
    for altered in ({"request": request, "decision": "execute", "comment": "x"}, refusal, {"request": "d-other"}, {}):
        signed = await place.web.statement(mayor, "decide", args=altered)
        with pytest.raises(Refused, match="autres indications"):
            await evil.act(mayor, "decide", acts[0][1], signed)
    for_grant = await place.web.statement(mayor, "grant", args=acts[0][1])
    with pytest.raises(Refused, match="autre acte"):
        await evil.act(mayor, "decide", acts[0][1], for_grant)
    assert (await place.read(MAYOR, "request", request=request))["state"] == "registered"
    whole = {"request": request, "decision": "execute", "ground": "", "comment": "", "part": None}
    signed = await place.web.statement(mayor, "decide", args=acts[0][1])
    assert (await evil.act(mayor, "decide", whole, signed))["state"] == "approved"  # what is left out says the same
    with pytest.raises(Refused, match="déjà servi"):
        await evil.act(mayor, "decide", whole, signed)


async def test_no_passkey_is_added_to_an_account_without_the_page(tmp_path: Path) -> None:
    async with town(tmp_path, public_url="https://guet.example/") as place:
        evil, token = KeeperForWeb(place.run / "k-web.sock"), place.tokens[MAYOR]
        options = await evil.accounts.passkey_options(Use.REGISTER, token)
        answer = SoftPasskey().create(options)
        mine = await place.web.statement(token, "passkey_register", args={"id": "another"})
        for statement in ("", mine):
            with pytest.raises(Refused):
                await evil.accounts.passkey_register(token, "intrus", answer, statement)
        assert (await evil.accounts.account(token))["passkeys"] == []


ALTERED: list[tuple[str, str, dict[str, Any]]] = [
    ("un autre acte", "replay", {}),
    ("d’autres caméras", "live", {"cameras": (OTHER,)}),
    ("d’autres caméras", "live", {"cameras": (CAMERA, OTHER)}),
    ("d’autres caméras", "live", {"cameras": ()}),
    ("une autre plage", "live", {"from_us": 0, "to_us": 1}),
    ("une autre vue", "live", {"view": "f" * 32}),
    ("une autre demande", "live", {"request": "d-1"}),
    ("une autre commune", "live", {"commune": "brumesnil"}),
    ("un autre motif", "live", {"purpose": "1"}),
    ("un autre motif", "live", {"motive": "une autre affaire"}),
]


async def test_a_page_that_signed_for_something_else_is_refused_with_the_reason(
    place: Town, evil: KeeperForWeb
) -> None:
    token = place.tokens["agent"]
    for reason, act, change in ALTERED:
        signed = await place.web.statement(token, act, **{"cameras": (CAMERA,), **change})
        with pytest.raises(Refused, match=reason) as refused:
            await evil.admit(token, "live", [CAMERA], statement=signed)
        assert refused.value.rule == "P-58"
    signed = await place.web.statement(token, "live", cameras=(CAMERA,))
    head, _, tail = signed.partition(".")
    turned = head[:-2] + ("A" if head[-2] != "A" else "B") + head[-1]
    for broken in (f"{turned}.{tail}", f"{head}.{tail[:-4]}AAAA", f"{head}.", head, f"{head}={tail}", f"{signed}."):
        with pytest.raises(Refused, match="signée"):
            await evil.admit(token, "live", [CAMERA], statement=broken)
    assert await evil.admit(token, "live", [CAMERA], statement=signed)


async def test_a_statement_serves_once_in_its_own_session_and_its_own_two_minutes(
    place: Town, evil: KeeperForWeb
) -> None:
    token = place.tokens["agent"]
    late = await place.web.statement(token, "live", cameras=(CAMERA,))
    place.clock.advance(seconds=MOMENT_LIFE_US / MICRO + 1)
    with pytest.raises(Refused, match="deux minutes") as old:
        await evil.admit(token, "live", [CAMERA], statement=late)
    assert old.value.rule == ""  # a page asks again by itself
    signed = await place.web.statement(token, "live", cameras=(CAMERA,))
    await evil.admit(token, "live", [CAMERA], statement=signed)
    with pytest.raises(Refused, match="déjà servi"):
        await evil.admit(token, "live", [CAMERA], statement=signed)
    # The same person's other session has another key; and one key in two sessions still signs for one of them.
    first = place.tokens["agent"]
    await place.enter("agent", purpose="5")
    mine = await place.web.statement(first, "live", cameras=(CAMERA,))
    with pytest.raises(Refused, match="clé de cette session"):
        await evil.admit(place.tokens["agent"], "live", [CAMERA], statement=mine)
    key = PageKey()
    twice = [await evil.sign_in("agent", PASSWORD, "poste-9", key=key.public) for _ in range(2)]
    for one in twice:
        await evil.act_for(one.token, "valclair", "5")
    what: dict[str, Any] = {"commune": "valclair", "purpose": "5", "cameras": (CAMERA,)}
    for session, moment, reason in (
        (twice[0].id, twice[0].moment, "autre session"),
        (twice[1].id, twice[0].moment, "n’est pas du gardien"),
        (twice[1].id, "AAAA", "n’est pas du gardien"),
    ):
        with pytest.raises(Refused, match=reason):
            await evil.admit(twice[1].token, "live", [CAMERA], statement=key.sign(session, moment, "live", **what))
    kept = key.sign(twice[1].id, twice[1].moment, "live", **what)
    place.clock.advance(seconds=1)
    await place.restart()  # what the keeper had taken is forgotten: nothing of before is taken again
    with pytest.raises(Refused, match="deux minutes"):
        await evil.admit(twice[1].token, "live", [CAMERA], statement=kept)
    fresh = key.sign(twice[1].id, (await evil.session(twice[1].token)).moment, "live", **what)
    assert await evil.admit(twice[1].token, "live", [CAMERA], statement=fresh)  # the key outlives the keeper


async def test_a_view_lasts_as_long_as_its_page_goes_on_signing(place: Town, evil: KeeperForWeb) -> None:
    token = place.tokens["agent"]
    view, other = await place.watch("agent"), await place.watch("agent")

    async def hold(seconds: float, *ids: str) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for _ in range(round(seconds / 3)):
            place.clock.advance(seconds=3)
            for one, answer in (await evil.renew(list(ids))).items():
                if isinstance(answers.get(one, ""), str):  # the first refusal is the reason
                    answers[one] = answer
        return answers

    await hold(240, view.id, other.id)
    for_other = await place.web.statement(token, "prolong", cameras=(CAMERA,), view=other.id)
    with pytest.raises(Refused, match="autre vue"):
        await evil.prolong(view.id, for_other)
    with pytest.raises(Refused, match="signée"):
        await evil.prolong(view.id, "")
    await evil.prolong(view.id, await place.web.statement(token, "prolong", cameras=(CAMERA,), view=view.id))
    answers = await hold(SIGNED_FOR_US / MICRO - 240 + 3, view.id, other.id)
    assert isinstance(answers[view.id], str)
    assert "signé" in answers[other.id]["refused"]["what"]
    assert "refused" in (await hold(SIGNED_FOR_US / MICRO, view.id))[view.id]


async def test_a_session_without_a_key_reads_and_opens_nothing(place: Town, evil: KeeperForWeb) -> None:
    session = await evil.sign_in("agent", PASSWORD, "poste-9")
    await evil.act_for(session.token, "valclair", "5")
    assert (await evil.read(session.token, "cameras"))["cameras"]
    signed = await own_wish(evil, session.token, "live", cameras=(CAMERA,))
    for statement in ("", signed):
        with pytest.raises(Refused, match="sans clé de page"):
            await evil.admit(session.token, "live", [CAMERA], statement=statement)
    for key in ("x", "é", PageKey().public[:-1], PageKey().public + "A", base64.b64encode(bytes(65)).decode()):
        with pytest.raises(BadInput):
            await evil.sign_in("agent", PASSWORD, "poste-9", key=key)


async def test_a_passkeys_answer_is_for_one_page_key(tmp_path: Path) -> None:
    async with town(tmp_path, public_url="https://guet.example/") as place:
        passkey, accounts, key = SoftPasskey(), place.web.accounts, PageKey()
        await register_passkey(place, MAYOR, passkey)
        passkey.count = 1
        answer = passkey.get(await accounts.passkey_options(Use.SIGN_IN, key=key.public))
        for other in (PageKey().public, ""):
            with pytest.raises(Refused, match="autre page"):
                await accounts.passkey_sign_in(answer, "poste-1", key=other)
        session = await accounts.passkey_sign_in(answer, "poste-1", key=key.public)
        unbound = await accounts.passkey_options(Use.SIGN_IN)
        passkey.count = 2
        with pytest.raises(Refused, match="autre page"):
            await accounts.passkey_sign_in(passkey.get(unbound), "poste-1", key=key.public)
        args = {"login": "neuf", "label": "Neuf"}
        await place.web.act_for(session.token, "valclair", "")
        moment = (await place.web.session(session.token)).moment
        signed = key.sign(session.id, moment, "add_person", commune="valclair", args=args)
        assert (await place.web.act(session.token, "add_person", args, signed))["person"]


def test_a_page_key_is_kept_and_read_again() -> None:
    key = PageKey()
    again = PageKey.load(key.dump())
    assert again.public == key.public
    assert len(public_of(key.public)) == POINT_BYTES
    for text in ("", "x", "0" * 64, "f" * 64):
        with pytest.raises(GuetError):
            PageKey.load(text)
