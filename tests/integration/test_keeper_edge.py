"""What recorders ask of a running keeper about footage brought back: what is allowed, its heads, the journal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import CAMERA, MAYOR, Town, town
from vms.clock import MICRO
from vms.errors import BadInput, GuetError
from vms.keeper.gate.statement import HEAD, open_statement


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        await made.commission()
        yield made


async def test_the_past_is_told_with_its_zones_and_nothing_before_service(place: Town) -> None:
    """P-24, P-11: from the day the camera was put in service, not from before."""
    now_us = place.clock.utc().us
    begin = now_us - 3600 * MICRO
    spans = await place.recorder.past_plan("valclair", CAMERA, begin, now_us + 60 * MICRO)
    assert all(begin < one.from_us < one.to_us <= place.clock.utc().us for one in spans)
    with pytest.raises(BadInput):
        await place.recorder.past_plan("valclair", "valclair-c99", begin, now_us)


async def test_recovered_footage_is_journalled_and_its_chain_kept_apart(place: Town) -> None:
    """P-41: its heads are signed too, and never stand for those of the live chain."""
    start = place.hour_ago()
    key_id = await place.hour_key(start.hour().us)
    name = f"{CAMERA}.main.{start.compact()}.{key_id}.0"
    head = {"camera": CAMERA, "stream": "main", "sequence": 9, "link": "ab" * 32, "segment": name, "origin": "edge"}
    signed = await place.recorder.put_heads([head])
    assert open_statement(HEAD, signed[0]["signed"], await place.recorder.permit_key()) == head
    store = place.keeper.house.communes.get("valclair").store.reader
    assert store.execute("SELECT stream FROM last_head").fetchall() == [("main-edge",)]
    assert store.execute("SELECT segment FROM head").fetchall() == [(name,)]
    spans = [{"camera": CAMERA, "stream": "main", "from_us": start.us, "to_us": start.us + MICRO}]
    await place.recorder.report_recovered("valclair", spans)
    log = await place.web.read(place.tokens[MAYOR], "journal", {"limit": 5})
    assert "recovered" in json.dumps(log)
    with pytest.raises(GuetError):
        await place.recorder.report_recovered("valclair", [spans[0] | {"camera": "valclair-c99"}])
