"""Signing in at identity providers written by others (oidc-provider), like Keycloak and like ProConnect (A-05)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.integration.keeper_town import CHIEF, MAYOR, PASSWORD, Town, town
from tests.peers.oidc_provider import CLIENT, EVE, SECRET, Peer, cache, oidc_provider
from vms.clock import MICRO, UtcTime
from vms.errors import Conflict, GuetError, NotFound, Refused, StepUpNeeded, Unauthenticated
from vms.identity_provider import IdentityProvider
from vms.keeper.identity.signed_request import PageKey
from vms.keeper.providers.flow import REQUEST_LIFE_US

SITE: Final = "https://guet.example"
BROWSER: Final = "un navigateur, à son secret"
PLACE: Final = "poste-1"


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with oidc_provider(tmp_path_factory.mktemp("oidc"), cache(), [SITE]) as made:
        yield made


@dataclass(slots=True)
class Place:
    """A town whose keeper knows both providers, and people who go to them."""

    town: Town
    peer: Peer

    def pass_time(self) -> None:
        """The keeper's time is the provider's: both judge dates."""
        self.town.clock.step(seconds=time.time() - self.town.clock.utc().us / MICRO)

    async def visit(self, provider: str, login: str, token: str = "", browser: str = BROWSER) -> dict[str, str]:
        """Begin, and walk through the provider's pages: what the browser brings back."""
        self.pass_time()
        address = await self.town.web.accounts.provider_begin(provider, browser, token)
        brought = await self.peer.walk(address, login)
        self.pass_time()
        return brought

    async def link(self, provider: str, login: str, person: str = MAYOR) -> dict[str, Any]:
        """Link an identity to a person who has just confirmed; the account as it is then."""
        token = self.town.tokens[person]
        return await self.town.web.accounts.provider_link(token, await self.visit(provider, login, token), BROWSER)

    async def enter(self, provider: str, login: str) -> str:
        """Sign in; the session's token."""
        answer = await self.visit(provider, login)
        return (await self.town.web.accounts.provider_sign_in(answer, BROWSER, PLACE)).token

    def state(self) -> list[Any]:
        """All that a refusal must not change."""
        reader = self.town.keeper.house.host.store.reader
        return [reader.execute(f"SELECT * FROM {one}").fetchall() for one in ("identity", "session", "account")]

    def journalled(self) -> list[tuple[str, str]]:
        """The host's journal: acts and details."""
        reader = self.town.keeper.house.host.store.reader
        rows = reader.execute("SELECT record FROM entry ORDER BY seq").fetchall()
        return [(str(json.loads(row[0])["act"]), str(row[0])) for row in rows]


@pytest.fixture
async def place(tmp_path: Path, peer: Peer) -> AsyncIterator[Place]:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    at = {"client_id": CLIENT, "secret_file": secret}
    providers = [
        IdentityProvider(id="mairie", label="Compte de la mairie", issuer=peer.realm, **at),
        IdentityProvider(id="proconnect", kind="proconnect", issuer=peer.proconnect, **at),
        IdentityProvider(
            id="strict", kind="proconnect", issuer=peer.proconnect, sirets=("21370001400018",), acr=("eidas2",), **at
        ),
    ]
    start = UtcTime(time.time_ns() // 1000)
    async with town(tmp_path, start=start, public_url=SITE, providers=providers) as made:
        yield Place(made, peer)


@pytest.mark.parametrize("provider", ["mairie", "proconnect"])
async def test_an_identity_is_linked_then_signs_in_and_confirms_nothing(place: Place, provider: str) -> None:
    account = await place.link(provider, "camille")
    assert [(one["provider"], one["label"]) for one in account["identities"]] == [
        (provider, "Camille Durand (camille@valclair.example)")
    ]
    token = await place.enter(provider, "camille")
    session = await place.town.web.session(token)
    assert (session.person.login, session.step_up_until_us) == (MAYOR, 0)
    told = await place.town.web.accounts.account(token)
    assert next(one for one in told["sessions"] if one["current"])["means"] == f"oidc:{provider}"
    await place.town.web.act_for(token, "valclair", "")
    with pytest.raises(StepUpNeeded):
        await place.town.web.act(token, "approve_recovery", {"person": place.town.people[CHIEF], "motive": "reconnu"})
    assert (await place.town.web.step_up(token, PASSWORD)).step_up_until_us
    assert [act for act, _ in place.journalled() if act in ("link_identity", "sign_in_refused")] == ["link_identity"]


async def test_signing_out_leads_to_the_providers_own_end(place: Place) -> None:
    await place.link("proconnect", "camille")
    token = await place.enter("proconnect", "camille")
    leave = await place.town.web.sign_out(token)
    asked = parse_qs(urlsplit(leave).query)
    assert leave.startswith(f"{place.peer.proconnect}/session/end?")
    assert asked["post_logout_redirect_uri"] == [f"{SITE}/connexion"]
    assert len(asked["state"][0]) >= 32
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        assert (await http.get(leave)).status_code == 200
    with pytest.raises(Unauthenticated):
        await place.town.web.session(token)
    assert await place.town.web.sign_out(place.town.tokens[CHIEF]) == ""


async def test_nobody_enters_by_an_email_address_or_unlinked(place: Place) -> None:
    answer, before = await place.visit("mairie", EVE), place.state()  # whose address is the mayor's
    with pytest.raises(Refused) as refusal:
        await place.town.web.accounts.provider_sign_in(answer, BROWSER, PLACE)
    assert "liée à aucun compte" in refusal.value.what
    assert place.state() == before
    act, record = place.journalled()[-1]
    assert (act, "liée à aucun compte" in record, "maire@" in record) == ("sign_in_refused", True, False)
    await place.link("mairie", "camille")
    with pytest.raises(Refused):  # the same person elsewhere is another identity
        await place.enter("proconnect", "camille")


async def test_an_answer_is_good_for_its_own_browser_once_and_for_its_use(place: Place) -> None:
    await place.link("mairie", "camille")
    accounts, mayor = place.town.web.accounts, place.town.tokens[MAYOR]
    answer, before = await place.visit("mairie", "camille"), place.state()
    for browser in ("un autre navigateur, à un autre", "", "court"):
        with pytest.raises(Refused):
            await accounts.provider_sign_in(answer, browser, PLACE)
    with pytest.raises(Refused):
        await accounts.provider_link(mayor, answer, BROWSER)
    for odd in ({}, {"state": 1}, {"state": "x" * 5000}, answer | {"state": "é" + answer["state"][1:]}):
        with pytest.raises(Refused):
            await accounts.provider_sign_in(odd, BROWSER, PLACE)
    assert place.state() == before
    await accounts.provider_sign_in(answer, BROWSER, PLACE)
    with pytest.raises(Refused, match="déjà servi"):
        await accounts.provider_sign_in(answer, BROWSER, PLACE)
    late = await place.visit("mairie", "camille")
    place.town.clock.step(seconds=REQUEST_LIFE_US / MICRO + 1)
    with pytest.raises(Refused, match="trop tard"):
        await accounts.provider_sign_in(late, BROWSER, PLACE)


async def test_an_answer_serves_the_page_that_left_and_no_other(place: Place) -> None:
    await place.link("mairie", "camille")
    accounts, own, other = place.town.web.accounts, PageKey(), PageKey()
    address = await accounts.provider_begin("mairie", BROWSER, key=own.public)
    state = parse_qs(urlsplit(address).query)["state"][0]
    point = base64.urlsafe_b64decode(own.public + "=" * (-len(own.public) % 4))
    challenge = state.split(".")[2]
    assert base64.urlsafe_b64decode(challenge + "=" * (-len(challenge) % 4))[-32:] == sha256(point).digest()
    answer, before = await place.peer.walk(address, "camille"), place.state()
    for key in (other.public, ""):
        with pytest.raises(Refused):
            await accounts.provider_sign_in(answer, BROWSER, PLACE, key=key)
    assert place.state() == before
    session = await accounts.provider_sign_in(answer, BROWSER, PLACE, key=own.public)
    await place.town.web.act_for(session.token, "valclair", "")
    asked = {"person": place.town.people[CHIEF], "motive": "reconnue"}
    session = await place.town.web.step_up(session.token, PASSWORD)
    wish = {"commune": "valclair", "args": asked}
    with pytest.raises(Refused):
        forged = other.sign(session.id, session.moment, "approve_recovery", **wish)
        await place.town.web.act(session.token, "approve_recovery", asked, forged)
    signed = own.sign(session.id, session.moment, "approve_recovery", **wish)
    assert await place.town.web.act(session.token, "approve_recovery", asked, signed)


async def test_a_web_process_alone_links_nothing(place: Place) -> None:
    """It has the session and brings an identity of its own: without the page's signature over it, nothing is linked."""
    token, before = place.town.tokens[MAYOR], place.state()
    answer = await place.visit("mairie", EVE, token)
    own = {"state": answer["state"], "code": "un-autre-code"}
    for args in (own, {}, {"id": "x"}):
        statement = await place.town.web.statement(token, "provider_link", args=args)
        with pytest.raises(Refused):
            await place.town.web.accounts.provider_link(token, answer, BROWSER, statement)
    with pytest.raises(GuetError):
        await place.town.web.accounts.provider_link(token, answer, BROWSER, "pas.signé")
    assert place.state() == before


async def test_linking_is_the_persons_own_act_confirmed_and_of_one_session(place: Place) -> None:
    accounts, mayor, chief = place.town.web.accounts, place.town.tokens[MAYOR], place.town.tokens[CHIEF]
    answer = await place.visit("mairie", "camille", mayor)
    with pytest.raises(Refused):
        await accounts.provider_link(chief, answer, BROWSER)  # an identity that was begun for somebody else
    with pytest.raises(Refused):
        await accounts.provider_sign_in(answer, BROWSER, PLACE)
    mark = (await accounts.provider_link(mayor, answer, BROWSER))["identities"][0]["id"]
    with pytest.raises(Conflict):
        await place.link("mairie", "camille", CHIEF)
    with pytest.raises(NotFound):
        await accounts.identity_remove(chief, mark)
    place.town.clock.step(seconds=301)
    with pytest.raises(StepUpNeeded):
        await accounts.provider_begin("mairie", BROWSER, mayor)
    with pytest.raises(StepUpNeeded):
        await accounts.identity_remove(mayor, mark)
    await place.town.web.step_up(mayor, PASSWORD)
    assert not (await accounts.identity_remove(mayor, mark))["identities"]
    with pytest.raises(Refused, match="aucun compte"):
        await place.enter("mairie", "camille")


WEAK: Final = [
    ("proconnect", "sans-second-facteur", "pas confirmé"),
    ("strict", "camille", "pas confirmé"),
    ("strict", EVE, "organisation"),
    ("mairie", "inconnu", r"pas confirmé votre identité \(access_denied\)"),
]


async def test_too_weak_another_organisation_or_no_consent(place: Place) -> None:
    for provider, login, reason in WEAK:
        before, token = place.state(), place.town.tokens[MAYOR]
        answer = await place.visit(provider, login, token)
        with pytest.raises(Refused, match=reason):
            await place.town.web.accounts.provider_link(token, answer, BROWSER)
        assert place.state() == before
        assert place.journalled()[-1][0] == "sign_in_refused"


async def test_a_code_for_another_service_or_of_another_request_is_not_taken(place: Place) -> None:
    accounts = place.town.web.accounts
    await place.link("mairie", "camille")
    address = await accounts.provider_begin("mairie", BROWSER)
    elsewhere = urlsplit(address)._replace(
        query=urlencode(
            {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()} | {"client_id": "autre-service"}
        )
    )
    with pytest.raises(Refused, match="pas reconnu"):
        await accounts.provider_sign_in(await place.peer.walk(elsewhere.geturl(), "camille"), BROWSER, PLACE)
    stolen, own = await place.visit("mairie", "camille"), await place.visit("mairie", EVE)
    with pytest.raises(Refused, match="pas reconnu"):  # the verifier of one request opens no other's code
        await accounts.provider_sign_in(own | {"code": stolen["code"]}, BROWSER, PLACE)
    mixed = await place.visit("mairie", "camille")
    with pytest.raises(Refused, match="autre fournisseur"):
        await accounts.provider_sign_in(mixed | {"iss": place.peer.proconnect}, BROWSER, PLACE)
    unsaid = await place.visit("mairie", "camille")
    with pytest.raises(Refused, match="autre fournisseur"):
        await accounts.provider_sign_in({k: v for k, v in unsaid.items() if k != "iss"}, BROWSER, PLACE)


async def test_a_suspended_person_enters_and_may_do_nothing(place: Place) -> None:
    await place.town.order()
    mine = await place.town.add("agent", "officer", ["live"])
    await place.link("mairie", "camille", "agent")
    await place.town.act(MAYOR, "suspend", habilitation=mine, motive="enquête interne")
    token = await place.enter("mairie", "camille")
    session = await place.town.web.session(token)
    assert [(one.available, "suspendue" in one.reason) for one in session.communes] == [(False, True)]
    with pytest.raises(Refused):
        await place.town.web.act_for(token, "valclair", "5")


async def test_a_recovered_account_forgets_the_identities_of_before(place: Place) -> None:
    await place.town.add("dpo", "auditor", invited_by=CHIEF)
    await place.link("mairie", "camille", CHIEF)
    await place.town.settle(MAYOR)
    chief = place.town.people[CHIEF]
    read = await place.town.read(MAYOR, "person_access", person=chief)
    assert read["identities"] == 1
    await place.town.enter("dpo")
    parts = [
        (await place.town.act(login, "approve_recovery", person=chief, motive="reconnue"))["part"]
        for login in (MAYOR, "dpo")
    ]
    place.town.clock.advance(seconds=24 * 3600 + 1)  # the chief holds a key of the commune
    await place.town.web.accounts.recover(CHIEF, " ".join(parts), "une autre phrase longue", PLACE)
    with pytest.raises(Refused, match="aucun compte"):
        await place.enter("mairie", "camille")
