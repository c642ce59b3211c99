"""A town worth robbing: a running keeper, real footage recorded and sealed, a package, and what a page had of them."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from recorder.recording.hour_keys import HourKeys
from recorder.recording.scan import read_index
from recorder.segment.format import SegmentName
from tests.fakes.extraction import GROUP_US, record_clip
from tests.fakes.recording import CAMERA, COMMUNE, START, Rig
from tests.integration.keeper_town import MAYOR, PASSPHRASE, Town, extracting_town
from tests.integration.test_keeper_packages import leave_key
from tests.integration.test_keeper_requests import register
from vms.evidence.sealed import SealingSink
from vms.keeper.protocol import KEY_WINDOW_INFO
from vms.keys import derive, passphrase, sealing, wrapping

GROUPS = 2
PACKAGE = "E-1"


@dataclass
class RichTown:
    """``place`` runs unlocked over ``home``; ``nals`` are what was recorded, ``package`` what was extracted."""

    home: Path
    place: Town
    rig: Rig
    nals: list[bytes]
    segment: str
    package: bytes
    private: bytes
    hour_key: bytes

    @property
    def span(self) -> tuple[int, int]:
        """The recorded range."""
        return START.us, START.us + GROUPS * GROUP_US

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Every group, as a page asks for it."""
        return [{"name": self.segment, "groups": list(range(GROUPS))}]

    def secrets(self) -> list[bytes]:
        """Everything that would open something: private, hour, segment and group keys."""
        of_segment = derive.segment_key(self.hour_key, self.segment)
        groups = [derive.group_key(of_segment, number) for number in range(GROUPS)]
        return [self.private, self.hour_key, of_segment, *groups]


@asynccontextmanager
async def rich_town(home: Path) -> AsyncIterator[RichTown]:
    """The town, its key opened by the mayor."""
    # One lane: a thief tries hundreds of strings on each box.
    with mock.patch.object(passphrase, "LANES", 1):
        async with extracting_town(home) as place, recorded(place, home) as made:
            yield made


@asynccontextmanager
async def recorded(place: Town, home: Path) -> AsyncIterator[RichTown]:
    """The same, over a keeper that runs."""
    rig = await Rig(home).prepare()
    commune = place.keeper.house.communes.get(COMMUNE)
    writer = rig.writer(keys=HourKeys(place.recorder, rig.spool, lambda _: commune.public_key))
    await writer.start()
    nals = await record_clip(rig, writer, "main", GROUPS, START)
    await writer.close()
    [row] = await rig.segments()
    await place.web.unlock(place.tokens[MAYOR], COMMUNE, PASSPHRASE)
    private = commune.private_key()
    [kept] = commune.keys.reader.execute("SELECT key_id, hour_us, wrapped FROM hour_key").fetchall()
    info = wrapping.hour_key_info(COMMUNE, CAMERA, kept[0], kept[1])
    hour_key = wrapping.unwrap(private, bytes(kept[2]), info)
    package = b"".join(nals)
    made = RichTown(home, place, rig, nals, row.name, package, private, hour_key)
    await extracted(made)
    # As after an hour: the database's own log is written back, so that each old page is not searched many times.
    for store in (place.keeper.house.host.store, commune.store, commune.keys):
        await store.truncate()
    try:
        yield made
    finally:
        await rig.close()


async def extracted(town: RichTown) -> None:
    """A decided request's package, sealed on disk, its key wrapped at the keeper."""
    place, key = town.place, secrets.token_bytes(32)
    request = str((await register(place))["request"])
    await place.act(MAYOR, "decide", request=request, decision="execute")
    await leave_key(place, request, PACKAGE, key)
    folder = town.home / "packages"
    folder.mkdir()
    with (folder / f"{PACKAGE}.sealed").open("wb") as out:
        sink = SealingSink(out, PACKAGE, key)
        sink.write(town.package)
        sink.finish()


async def replayed(town: RichTown, place: Town, login: str) -> list[bytes]:
    """The recorded groups, as the product opens them for a signed-in person of ``place``, from ``town``'s store."""
    private, public = wrapping.generate_peer_key()
    view = await place.watch(login, "replay")
    sealed = await place.web.key_window(view.id, CAMERA, public, town.asked, *town.span)
    answer = json.loads(wrapping.open_from(private, sealed, KEY_WINDOW_INFO, view.id.encode()))
    keys = {int(number): base64.b64decode(key) for number, key in answer["keys"][0]["groups"].items()}
    path = town.rig.store.path_of(SegmentName.parse(town.segment), COMMUNE)
    data = path.read_bytes()
    return [
        sealing.open_group(
            keys[one.header.number],
            derive.group_context(CAMERA, town.segment, one.header.number),
            data[one.sealed_offset : one.end],
        )
        for one in read_index(town.rig.store, path)[1]
    ]
