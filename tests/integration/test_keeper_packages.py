"""A package's key on a running keeper: who leaves it, who opens it, when it goes (P-33, P-38, P-74)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import MAYOR, PASSPHRASE, Town, extracting_town
from tests.integration.test_keeper_requests import register
from vms.errors import BadInput, NotFound, Refused, Unavailable
from vms.evidence.sealed import package_key_info
from vms.keeper.protocol import PACKAGE_WINDOW_INFO
from vms.keys.wrapping import generate_peer_key, open_from, wrap

KEY = secrets.token_bytes(32)
DAY_S = 86_400


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with an officer who may extract, and an approved request."""
    async with extracting_town(tmp_path) as made:
        yield made


async def approved(place: Town) -> str:
    request = str((await register(place))["request"])
    await place.act(MAYOR, "decide", request=request, decision="execute")
    return request


async def leave_key(place: Town, request: str, package: str = "E-1", key: bytes = KEY) -> str:
    """Extract as the agent would, up to the recorded package; the view's id."""
    view = await place.watch("agent", "export", request=request)
    plan = await place.recorder.plan()
    assert plan is not None

    public = base64.b64decode(plan[0].communes["valclair"].public_key)
    wrapped = wrap(public, key, package_key_info("valclair", request, package))
    await place.web.put_package_key(view.id, package, wrapped)
    return view.id


async def record(place: Town, request: str) -> None:
    await place.act("agent", "sign_manifest", request=request, manifest_sha256="ab" * 32)
    facts = {"request": request, "manifest_sha256": "ab" * 32, "bytes": 1000}
    await place.act("agent", "record_package", **facts)


async def opened(place: Town, request: str) -> tuple[str, bytes]:
    private, public = generate_peer_key()
    view = await place.watch("agent", "export", request=request, public=public)
    package, sealed = await place.web.open_package(view.id, public)
    return package, open_from(private, sealed, PACKAGE_WINDOW_INFO, view.id.encode())


async def test_the_agent_opens_the_package_once_a_holder_unlocked(place: Town) -> None:
    request = await approved(place)
    await leave_key(place, request)
    await record(place, request)
    with pytest.raises(Unavailable):
        await opened(place, request)
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    assert await opened(place, request) == ("E-1", KEY)
    entries = (await place.read(MAYOR, "journal", kind="communication"))["entries"]
    assert entries[0]["record"]["act"] == "open_package"
    assert entries[0]["record"]["reference"] == request


async def test_another_extraction_replaces_the_key(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    request = await approved(place)
    await leave_key(place, request)
    await leave_key(place, request, "E-2", bytes(32))
    await record(place, request)
    assert await opened(place, request) == ("E-2", bytes(32))


async def test_only_an_export_view_on_the_request_leaves_or_opens(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    first, second = await approved(place), await approved(place)
    await leave_key(place, first)
    replay = await place.watch("agent", "replay")
    with pytest.raises(Refused) as refused:
        await place.web.put_package_key(replay.id, "E-9", b"x")
    assert refused.value.rule == "P-74"
    with pytest.raises(Refused):
        await place.web.open_package(replay.id, bytes(32))
    with pytest.raises(NotFound):
        await opened(place, second)
    with pytest.raises(NotFound):
        await place.web.open_package("0" * 32, bytes(32))
    view = await place.watch("agent", "export", request=first)
    for package, wrapped in (("", b"x"), ("é", b"x"), ("E-1", b""), ("E-1", bytes(9000))):
        with pytest.raises(BadInput):
            await place.web.put_package_key(view.id, package, wrapped)
    with pytest.raises(BadInput):
        await place.web.open_package(view.id, bytes(31))


async def test_a_purged_package_has_no_key_any_more(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    request = await approved(place)
    await leave_key(place, request)
    await record(place, request)
    await place.act("secretariat", "receive_package", request=request, recipient="OPJ 214 873")
    await place.act("agent", "purge_package", request=request)
    assert keys_of(place) == []


async def test_a_package_goes_on_its_own_date_and_not_before(place: Town) -> None:
    request = await approved(place)
    await leave_key(place, request)
    await record(place, request)
    built = await place.act("secretariat", "receive_package", request=request, recipient="OPJ 214 873")
    left_s = (built["purge_us"] - place.clock.utc().us) / 1_000_000
    place.clock.advance(seconds=left_s - 60)
    await place.keeper.house.tick()
    assert keys_of(place) == [request]
    place.clock.advance(seconds=61)
    await place.keeper.house.tick()
    assert keys_of(place) == []


async def test_a_key_whose_package_was_never_recorded_goes_after_a_day(place: Town) -> None:
    request = await approved(place)
    await leave_key(place, request)
    place.clock.advance(seconds=DAY_S - 60)
    await place.keeper.house.tick()
    assert keys_of(place) == [request]
    place.clock.advance(seconds=120)
    await place.keeper.house.tick()
    assert keys_of(place) == []


def keys_of(place: Town) -> list[str]:
    """The requests whose package key lies in the keeper's store."""
    reader = place.keeper.house.communes.get("valclair").keys.reader
    return [row[0] for row in reader.execute("SELECT request FROM package_key")]
