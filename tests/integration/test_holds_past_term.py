"""Past its term footage lives by a hold alone; its end takes nothing that another hold keeps by then (P-32, P-34)."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSPHRASE, PASSWORD, Town, extracting_town
from tests.integration.test_keeper_keys import hold
from tests.integration.test_keeper_requests import register
from vms.clock import MICRO, UtcTime
from vms.errors import NotFound, Refused
from vms.keeper.acts.holds import ReleaseHold, release_hold
from vms.keeper.journal.entry import Author
from vms.keeper.keys.destruction import destroy_due
from vms.keeper.protocol import KEY_WINDOW_INFO
from vms.keys.derive import group_key, segment_key
from vms.keys.wrapping import generate_peer_key, open_from

DAY_S = 86_400
HOUR_KEY = b"h" * 32


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with extracting_town(tmp_path) as made:
        yield made


async def later(place: Town, days: float) -> None:
    """Let days pass, sign everyone in again and sweep as the tick does."""
    place.clock.advance(seconds=days * DAY_S)
    await enter_all(place)
    await sweep(place)


async def enter_all(place: Town) -> None:
    for login in (MAYOR, CHIEF, "secretariat"):
        await place.enter(login)
    await place.enter("agent", purpose="5")


async def sweep(place: Town) -> None:
    await destroy_due(place.keeper.house.communes.get("valclair"), place.clock.utc().us)


async def two_segments(place: Town, start: UtcTime) -> tuple[str, str]:
    """A segment in the first five minutes and one in the last, under one hour key."""
    key_id = await place.hour_key(start.hour().us, key=HOUR_KEY)
    names = []
    for at in (0, 480):
        names.append(f"{CAMERA}.main.{start.plus(seconds=at).compact()}.{key_id}.0")
        head = {"camera": CAMERA, "stream": "main", "sequence": at, "link": "ab" * 32, "segment": names[-1]}
        await place.recorder.put_heads([head])
    return names[0], names[1]


async def exported(place: Town, request: str, name: str, from_us: int, to_us: int) -> bytes:
    """Group 0's key of a segment, as an extraction gets it."""
    await place.web.step_up(place.tokens["agent"], PASSWORD)
    view = await place.watch("agent", "export", request=request)
    private, public = generate_peer_key()
    asked = [{"name": name, "groups": [0]}]
    sealed = await place.web.key_window(view.id, CAMERA, public, asked, from_us, to_us)
    opened = json.loads(open_from(private, sealed, KEY_WINDOW_INFO, view.id.encode()))
    return base64.b64decode(opened["keys"][0]["groups"]["0"])


def held(place: Town) -> set[str]:
    """The segments whose keys a hold still keeps."""
    keys = place.keeper.house.communes.get("valclair").keys.reader
    assert keys.execute("SELECT count(*) FROM hour_key").fetchone()[0] == 0
    return {str(row[0]) for row in keys.execute("SELECT segment FROM held_segment")}


async def test_a_part_granted_after_the_term_outlives_the_hold_that_kept_it(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    granted, rest = await two_segments(place, start)
    await later(place, 10)
    request = (await register(place, from_us=start.us, to_us=start.us + 600 * MICRO))["request"]
    await later(place, 6)  # past the fifteen days: only the provisional hold keeps them
    assert held(place) == {granted, rest}
    await place.act(
        MAYOR,
        "decide",
        request=request,
        decision="execute",
        ground="agreed_narrower",
        part={"cameras": [CAMERA], "from_us": start.us, "to_us": start.us + 300 * MICRO},
    )
    await sweep(place)
    assert held(place) == {granted, rest}, "what was left out can still be asked for"

    # The provisional hold ends while nobody has unlocked: what was granted cannot wait for a holder.
    await place.restart()
    await later(place, 10)
    assert held(place) == {granted}
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    await sweep(place)
    window = (start.us, start.us + 300 * MICRO)
    key = await exported(place, request, granted, *window)
    assert key == group_key(segment_key(HOUR_KEY, granted), 0)
    with pytest.raises(Refused):
        await exported(place, request, rest, start.us + 480 * MICRO, start.us + 540 * MICRO)
    journal = (await place.read(MAYOR, "journal", act="destroy_held_keys"))["entries"]
    assert [one["record"]["detail"]["segments"] for one in journal] == [1]

    # Received, it goes like anything else.
    await place.act("agent", "sign_manifest", request=request, manifest_sha256="ab" * 32)
    package = {"request": request, "bytes": 1000}
    await place.act("agent", "record_package", manifest_sha256="ab" * 32, **package)
    await place.act("secretariat", "receive_package", request=request, recipient="OPJ 214 873")
    await sweep(place)
    assert held(place) == set()
    hold_keys = place.keeper.house.communes.get("valclair").keys.reader.execute("SELECT count(*) FROM hold_key")
    assert hold_keys.fetchone()[0] == 0
    with pytest.raises((Refused, NotFound)):
        await exported(place, request, granted, *window)


async def release(place: Town, held_by: str) -> None:
    await place.agree(CHIEF, MAYOR, "release_hold", hold=held_by, motive="close")
    await enter_all(place)


async def test_a_hold_placed_again_keeps_what_the_first_one_kept_and_no_more(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    first, second = await two_segments(place, start)
    whole = await hold(place, start, start.plus(seconds=600))
    await later(place, 16)
    assert held(place) == {first, second}
    again = await hold(place, start, start.plus(seconds=600))
    half = await hold(place, start.plus(seconds=450), start.plus(seconds=600))
    await place.restart()  # locked: nothing can be sealed anew when the first one ends
    for login in (MAYOR, CHIEF):
        await place.enter(login)
    await release(place, whole)
    await sweep(place)
    assert held(place) == {first, second}
    third = await hold(place, start, start.plus(seconds=300))  # placed when the first was over: by the second's grace
    await release(place, again)
    await sweep(place)
    assert held(place) == {first, second}
    await release(place, third)
    await sweep(place)
    assert held(place) == {second}
    commune = place.keeper.house.communes.get("valclair")
    await commune.change(lambda change: release_hold(change, ReleaseHold(hold=half, motive="close")), Author())
    late = await hold(place, start, start.plus(seconds=600))  # before any sweep, but after the last one's end
    await sweep(place)
    assert held(place) == set(), "what has no hold any more is not brought back"
    await release(place, late)
