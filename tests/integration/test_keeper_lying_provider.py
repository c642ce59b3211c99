"""An identity provider that lies, or is taken: each lie is refused with its reason, and changes nothing (A-05)."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.ports import free_port
from tests.fakes.lying_provider import STRANGER, Liar, lying_provider, shared, signed, unsigned
from tests.integration.keeper_town import MAYOR, Town, town
from vms.clock import UtcTime
from vms.errors import NotFound, Refused, Unavailable
from vms.identity_provider import IdentityProvider

BROWSER: Final = "un navigateur, à son secret"
DOCUMENT: Final = ".well-known/openid-configuration"

# What is changed in the provider, and what the refusal says.
LIES: Final[list[tuple[dict[str, Any], str]]] = [
    ({"claims": {"aud": "autre-service"}}, "autre service"),
    ({"claims": {"aud": ["guet", "autre-service"]}}, "autre service"),
    ({"claims": {"aud": []}}, "autre service"),
    ({"claims": {"aud": {"guet": 1}}}, "autre service"),
    ({"claims": {"aud": None}}, "autre service"),
    ({"claims": {"azp": "autre-service"}}, "autre service"),
    ({"claims": {"iss": "https://autre.example"}}, "autre fournisseur"),
    ({"claims": {"iss": None}}, "autre fournisseur"),
    ({"claims": {"exp": int(time.time()) - 3600}}, "expiré"),
    ({"claims": {"exp": float("nan")}}, "complet"),
    ({"claims": {"exp": None}}, "complet"),
    ({"claims": {"iat": int(time.time()) + 3600}}, "de cette connexion"),
    ({"claims": {"iat": int(time.time()) - 3600}}, "de cette connexion"),
    ({"claims": {"iat": True}}, "de cette connexion"),
    ({"claims": {"nonce": "ab" * 32}}, "autre demande"),
    ({"claims": {"nonce": None}}, "autre demande"),
    ({"claims": {"nonce": ["x"]}}, "autre demande"),
    ({"claims": {"sub": ""}}, "complet|qui vous êtes"),
    ({"claims": {"sub": "s" * 300}}, "qui vous êtes"),
    ({"claims": {"sub": 7}}, "complet|qui vous êtes"),
    ({"claims": {"sub": "s-2"}}, "autre personne"),
    ({"claims": {"acr": "faible"}}, "assez forte"),
    ({"claims": {"acr": None}}, "assez forte"),
    ({"claims": {"acr": ["fort"]}}, "assez forte"),
    ({"token": unsigned}, "signé comme il se doit"),
    ({"token": shared}, "signé comme il se doit"),
    ({"token": lambda claims: signed(claims, STRANGER)}, "clé qu’il ne publie pas"),
    ({"token": lambda claims: signed(claims, STRANGER, kid="ours")}, "signature"),
    ({"token": lambda claims: signed(claims)[:-6] + "AAAAAA"}, "signature"),
    ({"token": lambda _: "pas.un.jeton"}, "illisible"),
    ({"token": lambda _: "x" * 20_000}, "utilisable"),
    ({"token": lambda _: ""}, "utilisable"),
    ({"user": {"sub": "s-2"}}, "autre personne"),
    ({"user": lambda claims: signed(claims | {"aud": "autre-service"})}, "autre service"),
    ({"user": lambda claims: signed(claims | {"iss": "https://autre.example"})}, "autre fournisseur"),
    ({"user": lambda claims: signed(claims, STRANGER)}, "clé qu’il ne publie pas"),
    ({"user": unsigned}, "signé comme il se doit"),
    ({"status": {"token_endpoint": 400}}, "pas reconnu"),
]
AWAY: Final[list[tuple[dict[str, Any], str]]] = [
    ({"discovery": {"issuer": "https://autre.example"}}, "se dit un autre"),
    ({"discovery": {"token_endpoint": "http://autre.example/token"}}, "pas sûre"),
    ({"discovery": {"jwks_uri": "file:///etc/passwd"}}, "pas sûre"),
    ({"endless": "openid-configuration"}, "n’en finit pas"),
    ({"endless": "jwks"}, "n’en finit pas"),
    ({"endless": "userinfo"}, "n’en finit pas"),
    ({"status": {"openid-configuration": 302}}, "a répondu 302"),
    ({"status": {"token_endpoint": 500}}, "a répondu 500"),
    ({"status": {"userinfo": 401}}, "a répondu 401"),
]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[tuple[Town, Liar]]:
    (tmp_path / "secret").write_text("secret")
    with lying_provider() as liar:
        at = {"issuer": liar.issuer, "client_id": "guet", "secret_file": tmp_path / "secret"}
        provider = IdentityProvider(id="menteur", label="Menteur", acr=("fort",), **at)
        absent = IdentityProvider(id="absent", label="Absent", **at | {"issuer": f"http://127.0.0.1:{free_port()}"})
        start, providers = UtcTime(time.time_ns() // 1000), [provider, absent]
        async with town(tmp_path, start=start, public_url="https://guet.example", providers=providers) as made:
            token = made.tokens[MAYOR]
            address = await made.web.accounts.provider_begin("menteur", BROWSER, token)
            await made.web.accounts.provider_link(token, liar.follow(address), BROWSER)
            yield made, liar


async def enter(made: Town, liar: Liar) -> str:
    """Both halves of a sign-in; the keeper's and the provider's time are the same, and what it kept is old."""
    made.clock.step(seconds=time.time() - made.clock.utc().us / 1_000_000)
    address = await made.web.accounts.provider_begin("menteur", BROWSER)
    return (await made.web.accounts.provider_sign_in(liar.follow(address), BROWSER, "poste-1")).token


def state(made: Town) -> tuple[list[Any], int]:
    """What a refusal must not change, and how many entries the journal has."""
    reader = made.keeper.house.host.store.reader
    rows = [reader.execute(f"SELECT * FROM {one}").fetchall() for one in ("identity", "session", "account")]
    return rows, reader.execute("SELECT count(*) FROM entry").fetchone()[0]


async def test_no_lie_opens_a_session(place: tuple[Town, Liar]) -> None:
    made, liar = place
    assert await enter(made, liar)
    for change, reason in LIES:
        honest = {name: getattr(liar, name) for name in change}
        vars(liar).update(change)
        rows, entries = state(made)
        with pytest.raises(Refused, match=reason) as refusal:
            await enter(made, liar)
        assert (refusal.value.rule, bool(refusal.value.todo)) == ("A-05", True), change
        assert state(made) == (rows, entries + 1), change
        last = made.keeper.house.host.store.reader.execute("SELECT record FROM entry ORDER BY seq DESC").fetchone()[0]
        assert json.loads(last)["detail"] == {"means": "oidc:menteur", "reason": refusal.value.what}
        vars(liar).update(honest)
    assert await enter(made, liar)


async def test_a_provider_that_is_away_or_never_ends_is_told_and_changes_nothing(place: tuple[Town, Liar]) -> None:
    made, liar = place
    for change, reason in AWAY:
        made.clock.advance(seconds=3601)  # what was kept of the provider is read again
        made.clock.step(seconds=-3601)
        honest = {name: getattr(liar, name) for name in change}
        vars(liar).update(change)
        rows, _ = state(made)
        with pytest.raises(Unavailable, match=reason):
            await enter(made, liar)
        assert state(made)[0] == rows, change
        assert not any(path.endswith("/elsewhere") for path in liar.asked)
        vars(liar).update(honest)
    assert await enter(made, liar)
    rows, _ = state(made)
    with pytest.raises(Unavailable, match="ne répond pas"):  # nobody is there
        await made.web.accounts.provider_begin("absent", BROWSER)
    with pytest.raises(NotFound):
        await made.web.accounts.provider_begin("inconnu", BROWSER)
    assert state(made)[0] == rows


async def test_what_is_kept_of_a_provider_is_not_asked_again(place: tuple[Town, Liar]) -> None:
    made, liar = place
    liar.asked.clear()
    for _ in range(3):
        await enter(made, liar)
    assert {path.rpartition("/")[2] for path in liar.asked} == {"token_endpoint", "userinfo"}
    liar.token = lambda claims: signed(claims, STRANGER)
    for _ in range(5):
        with pytest.raises(Refused):
            await enter(made, liar)
    assert sum(path.endswith("/jwks") for path in liar.asked) == 0
    made.clock.advance(seconds=31)
    made.clock.step(seconds=-31)
    for _ in range(5):
        with pytest.raises(Refused):
            await enter(made, liar)
    assert sum(path.endswith("/jwks") for path in liar.asked) == 1
    for _ in range(60):
        with pytest.raises(Refused):
            await made.web.accounts.provider_sign_in({"state": "?"}, BROWSER, "poste-1")
    rows = made.keeper.house.host.store.reader.execute("SELECT record FROM entry").fetchall()
    assert sum("sign_in_refused" in row[0] for row in rows) == 60  # a flood of refusals fills no journal
