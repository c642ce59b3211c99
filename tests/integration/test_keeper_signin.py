"""Sign-in, sessions and the commune acted for, on a running keeper (P-58, P-62, A-05)."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSPHRASE, PASSWORD, Town, town
from vms.clock import MICRO
from vms.errors import BadInput, Conflict, LimitExceeded, NotFound, Refused, Unauthenticated
from vms.keeper.clients.audiences import KeeperForRecorder, KeeperForWeb
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.identity.sessions import ABSOLUTE_LIMIT_US, IDLE_LIMIT_US


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with an order, and an officer."""
    async with town(tmp_path) as made:
        await made.order()
        await made.add("agent", "officer", ["live"])
        yield made


async def test_a_wrong_login_and_a_wrong_password_sound_the_same(place: Town) -> None:
    with pytest.raises(Unauthenticated) as wrong:
        await place.web.sign_in("agent", "not the password", "poste-1")
    with pytest.raises(Unauthenticated) as unknown:
        await place.web.sign_in("nobody", PASSWORD, "poste-1")
    assert wrong.value.to_dict() == unknown.value.to_dict()
    for strange in ("", "a" * 5000, "agent'; --", "\x00", "\u202eagent"):
        with pytest.raises((Unauthenticated, LimitExceeded)):
            await place.web.sign_in(strange, strange, strange)


async def test_a_stranger_locks_out_nobody_but_itself(place: Town) -> None:
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await place.web.sign_in("agent", "guess", "stranger")
    with pytest.raises(LimitExceeded) as waiting:
        await place.web.sign_in("agent", PASSWORD, "stranger")
    assert "64 s" in waiting.value.todo
    assert await place.web.sign_in("agent", PASSWORD, "poste-1")
    assert await place.web.sign_in("agent", PASSWORD, "poste-7")
    place.clock.advance(seconds=64)
    assert await place.web.sign_in("agent", PASSWORD, "stranger")


async def test_the_token_is_kept_nowhere(place: Town) -> None:
    token = place.tokens["agent"]
    for path in (place.home / "keeper").iterdir():
        data = path.read_bytes()
        assert token.encode() not in data
        assert PASSWORD.encode() not in data
        assert PASSPHRASE.encode() not in data


async def test_sessions_end_by_idleness_by_age_and_by_sign_out(place: Town) -> None:
    token = place.tokens["agent"]
    place.clock.advance(seconds=IDLE_LIMIT_US / MICRO - 1)
    assert await place.web.session(token)  # asking is no activity
    assert await place.web.accounts.account(token)  # nor is this, which every open page asks each minute
    place.clock.advance(seconds=1)
    with pytest.raises(Unauthenticated):
        await place.web.session(token)
    token = await place.enter("agent")
    for _ in range(int(ABSOLUTE_LIMIT_US / IDLE_LIMIT_US) * 2 - 1):
        place.clock.advance(seconds=IDLE_LIMIT_US / MICRO / 2)
        await place.web.extend(token)
    place.clock.advance(seconds=IDLE_LIMIT_US / MICRO / 2)
    with pytest.raises(Unauthenticated):
        await place.web.extend(token)
    token = await place.enter("agent")
    await place.web.sign_out(token)
    with pytest.raises(Unauthenticated):
        await place.web.session(token)
    await place.restart()
    with pytest.raises(Unauthenticated):
        await place.web.session(token)


async def test_one_commune_at_a_time_and_only_ones_own(place: Town) -> None:
    await place.found("brumesnil", "Brumesnil")
    await place.order(commune="brumesnil")
    session = await place.web.session(place.tokens["agent"])
    assert [one.id for one in session.communes] == ["valclair"]
    assert session.communes[0].purposes == ("1", "3", "5")
    with pytest.raises(Refused) as refused:
        await place.web.act_for(place.tokens["agent"], "brumesnil", "5")
    assert refused.value.rule == "P-58"
    with pytest.raises(NotFound):
        await place.web.act_for(place.tokens["agent"], "nowhere", "5")
    await place.add("agent", "officer", ["live"], commune="brumesnil")
    acting = (await place.web.session(place.tokens["agent"])).acting
    assert acting is not None
    assert acting.commune == "brumesnil"
    with pytest.raises(Refused) as other:
        await place.watch("agent", cameras=[CAMERA])
    assert other.value.rule == "P-62"


async def test_a_purpose_must_be_in_an_order_in_force(place: Town) -> None:
    token = place.tokens["agent"]
    with pytest.raises(Refused) as refused:
        await place.web.act_for(token, "valclair", "11")
    assert refused.value.rule == "P-02"
    for free in ("12", "voir", "5 ou 3"):
        with pytest.raises(BadInput):
            await place.web.act_for(token, "valclair", free)
    assert (await place.web.act_for(token, "valclair", "5°", "gare")).acting
    with pytest.raises(BadInput):
        await place.web.act_for(token, "valclair", "5", "ligne 1\nligne 2")


async def test_a_lapsed_commune_is_shown_with_its_reason(place: Town) -> None:
    await place.add("pool", "officer", ["live"], pooled=False)
    granted = await place.act(
        MAYOR, "grant", person=place.people["agent"], role="csu_operator", decision_ref="a", signed_by="b",
        from_="2026-01-01", until="2027-01-01", pooled=True, scope={"acts": ["live"]},
        basis={"reference": "agrément 9"},
    )  # fmt: skip
    assert granted["habilitation"]
    for one in (await place.read(MAYOR, "people"))["people"]:
        if one["person"] == place.people["agent"]:
            assert {h["role"]: h["lapse"] for h in one["habilitations"]}["csu_operator"]["rule"] == "P-60"
            officer = next(h["id"] for h in one["habilitations"] if h["role"] == "officer")
    await place.act(MAYOR, "withdraw", habilitation=officer, motive="départ")
    choice = (await place.web.session(place.tokens["agent"])).communes[0]
    assert not choice.available
    assert choice.rule in ("P-58", "P-60")
    assert choice.reason


async def test_accounts_are_nominative_unique_and_have_long_passwords(place: Town) -> None:
    good = {"login": "nouveau", "label": "Agent PM 09"}
    for bad in ({"password": PASSWORD}, {"login": "A B"}, {"label": " "}, {"email": "no"}, {"label": "a\nb"}):
        with pytest.raises(BadInput):
            await place.web.act(place.tokens[CHIEF], "add_person", good | bad)
    made = await place.web.act(place.tokens[CHIEF], "add_person", good)
    with pytest.raises(BadInput):
        await place.web.accounts.accept_invitation("nouveau", made["invitation"], "court", "poste-9")
    with pytest.raises(Conflict):
        await place.web.act(place.tokens[CHIEF], "add_person", good)
    with pytest.raises(Refused):
        await place.web.act(place.tokens["agent"], "add_person", good | {"login": "autre"})


async def test_a_new_account_can_do_nothing(place: Town) -> None:
    await place.invite("neuf", by=CHIEF)
    session = await place.web.sign_in("neuf", PASSWORD, "poste-2")
    assert session.communes == ()
    with pytest.raises(Refused):
        await place.web.act_for(session.token, "valclair", "")
    for name in ("cameras", "people", "journal"):
        with pytest.raises(BadInput):
            await place.web.read(session.token, name)


async def test_a_commune_needs_two_holders(place: Town) -> None:
    one = {"login": "x1", "label": "X", "password": PASSWORD, "passphrase": PASSPHRASE}
    for holders in ([one], [one, one]):
        with pytest.raises(BadInput):
            await place.host.init_commune({"commune": "solo", "name": "Solo", "holders": holders})
    with pytest.raises(Conflict):
        two = [one, one | {"login": "x2"}]
        await place.host.init_commune({"commune": "valclair", "name": "Encore", "holders": two})
    with pytest.raises(BadInput):
        await place.host.init_commune({"commune": "../etc", "name": "X", "holders": [one, one]})


async def test_a_commune_that_a_crash_left_unregistered_is_taken_up_again(place: Town) -> None:
    with place.keeper.house.host.store.reader as db:
        assert db.execute("SELECT count(*) FROM commune").fetchone()[0] == 1
    await place.keeper.house.host.store.write(lambda tx: tx.db.execute("DELETE FROM commune"))
    await place.restart()
    with pytest.raises(NotFound):
        await place.web.act_for(place.tokens[MAYOR], "valclair", "")
    holders = [
        {"login": MAYOR, "label": "Le maire", "passphrase": "une autre phrase", "password": PASSWORD},
        {"login": CHIEF, "label": "Cheffe", "passphrase": "encore une autre", "password": PASSWORD},
    ]
    await place.host.init_commune({"commune": "valclair", "name": "Valclair", "holders": holders})
    assert (await place.web.act_for(place.tokens[MAYOR], "valclair", "")).acting
    assert await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)


async def test_each_socket_serves_its_own_audience_only(place: Town) -> None:
    with pytest.raises(BadInput):
        await KeeperForHost(place.run / "k-web.sock").add_host_admin("a", "b", PASSWORD)
    with pytest.raises(BadInput):
        await KeeperForRecorder(place.run / "k-prov.sock").plan()
    with pytest.raises(BadInput):
        await KeeperForWeb(place.run / "k-rec.sock").admit(place.tokens["agent"], "live", [CAMERA])
    for name in ("k-web.sock", "k-rec.sock", "k-prov.sock", "k-adm.sock"):
        assert (place.run / name).stat().st_mode & 0o077 == 0


async def test_the_keepers_files_are_its_own(place: Town) -> None:
    for path in (place.home / "keeper").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name
    with sqlite3.connect(place.home / "keeper" / "host.sqlite") as db:
        assert all(row[0].startswith("$argon2id$") for row in db.execute("SELECT password FROM account"))
