"""What a commune tells everyone: nobody need sign in, nothing shows where a camera is (P-28, P-81)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import CAMERA, MAYOR, Town, town
from vms.errors import BadInput, NotFound, Refused

TOLD = {"controller": "Mairie, place du Puits", "officer": "dpo@valclair.example", "rights": "Guichet, de 9 h à 12 h"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with one camera in service."""
    async with town(tmp_path) as made:
        await made.commission()
        yield made


async def test_orders_purposes_and_whom_to_ask_without_any_place(place: Town) -> None:
    bare = await place.web.public_page("valclair")
    assert (bare["controller"], bare["cameras"]) == ("", 1)
    [order] = bare["orders"]
    assert order["from_us"] <= place.clock.utc().us < order["until_us"]
    assert bare["purposes"] == sorted(bare["purposes"], key=int) != []
    await place.act(MAYOR, "inform_public", **TOLD)
    page = await place.web.public_page("valclair")
    assert TOLD.items() <= page.items()
    assert CAMERA not in json.dumps(page)
    entry = (await place.read(MAYOR, "journal"))["entries"][0]["record"]
    assert (entry["act"], entry["detail"]["officer"]) == ("inform_public", TOLD["officer"])


async def test_what_is_no_longer_in_force_is_not_told(place: Town) -> None:
    end_us = (await place.web.public_page("valclair"))["orders"][0]["until_us"]
    place.clock.step(seconds=(end_us - place.clock.utc().us) / 1_000_000 + 1)
    page = await place.web.public_page("valclair")
    assert (page["orders"], page["purposes"]) == ([], [])


async def test_another_commune_too_long_a_text_and_who_may_not(place: Town) -> None:
    with pytest.raises(NotFound):
        await place.web.public_page("ailleurs")
    await place.add("secretariat", "secretary")
    with pytest.raises(Refused) as refused:
        await place.act("secretariat", "inform_public", **TOLD)
    assert refused.value.rule == "P-81"
    with pytest.raises(BadInput):
        await place.act(MAYOR, "inform_public", **TOLD | {"rights": "x" * 10_000})
    assert (await place.web.public_page("valclair"))["rights"] == ""
