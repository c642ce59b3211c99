"""Live pictures between machines: who is let in, where a camera is looked for, that nobody waits for a slow view."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.ports import free_port
from recorder.live.relay import Relay, advertised
from tests.fakes.authority import Authority
from tests.fakes.recorder_keeper import camera_plan
from tests.fakes.recorder_town import CAMERA, OTHER, pictures, town, watch, write_clips
from vms.db.engine import ensure_schema, open_engine, write
from vms.errors import BadInput, Refused, Unavailable
from vms.model import Camera, CameraHealth, Commune, Lease, Worker
from vms.settings import Settings
from vms.wire import Channel, ChannelClosed, WireClient, WireServer
from vms.wire_tls import MachineIdentity, TlsAddress, machine_identity

RECORDS, SHOWS = "rec-a", "web-b"
FRAGMENT = bytes(200_000)
FRAGMENTS = 300


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "ours")


@pytest.fixture(scope="module")
def identities(authority: Authority) -> dict[str, MachineIdentity]:
    return {name: authority.machine(name) for name in (RECORDS, SHOWS)}


async def echo(args: dict[str, Any], body: bytes) -> dict[str, Any]:
    return args


@pytest.fixture
async def port(identities: dict[str, MachineIdentity]) -> AsyncIterator[int]:
    server = WireServer({"echo": echo})
    yield await server.start_tls("127.0.0.1", 0, identities[RECORDS].server_context())
    await server.stop()


async def test_two_machines_of_one_operator_talk(port: int, identities: dict[str, MachineIdentity]) -> None:
    client = WireClient(TlsAddress("127.0.0.1", port, RECORDS, identities[SHOWS].client_context()))
    for number in range(3):
        assert (await client.call("echo", {"n": number}))[0] == {"n": number}
    client.close()


async def test_strangers_are_turned_away(
    port: int, identities: dict[str, MachineIdentity], authority: Authority, tmp_path: Path
) -> None:
    """Another operator's machine, no certificate at all, and a machine that is not the one we meant."""
    others = Authority(tmp_path / "others").machine(SHOWS)
    stranger = MachineIdentity(others.certificate, others.key, authority.folder / "ca.crt").client_context()
    nobody = ssl.create_default_context(cafile=str(authority.folder / "ca.crt"))
    ours = identities[SHOWS].client_context()
    for name, context in ((RECORDS, stranger), (RECORDS, nobody), ("rec-z", ours)):
        with pytest.raises(Unavailable):
            await WireClient(TlsAddress("127.0.0.1", port, name, context)).call("echo", {})
    assert (await WireClient(TlsAddress("127.0.0.1", port, RECORDS, ours)).call("echo", {"still": 1}))[0]


async def test_clear_text_gets_no_answer(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\0\0\0\x10\0\0\0\x0e" + b'{"op":"echo"}   ')
    async with asyncio.timeout(60):
        assert not (await reader.read(100)).startswith(b"\0\0")
    writer.close()


async def test_a_view_of_another_machine(short_home: Path, identities: dict[str, MachineIdentity]) -> None:
    """The same pictures and refusals as on the machine itself; what is not a view is not served to others."""
    port = free_port()
    ours = identities[RECORDS]
    (short_home / "clips").mkdir()
    clips = write_clips(short_home / "clips")
    async with town(
        short_home, clips, cameras=2, machine=RECORDS, relay_listen="127.0.0.1", relay_port=port,
        machine_certificate=ours.certificate, machine_key=ours.key, machine_authority=ours.authority,
    ) as made:  # fmt: skip
        made.keeper.decide(camera_plan(CAMERA), camera_plan(OTHER))
        await made.recorded()
        client = WireClient(TlsAddress("127.0.0.1", port, RECORDS, identities[SHOWS].client_context()))
        said, media = await watch(made, 2, client=client, parts=25)
        assert {one["type"] for one in said} >= {"stream", "beat"}
        assert len(pictures(media)) > 20
        wrong = {"permit": made.keeper.permit(OTHER, made.clock.utc()), "camera": CAMERA}
        with pytest.raises(Refused):
            async with client.stream("live", wrong) as channel:
                await channel.receive()
        with pytest.raises(BadInput):
            await client.call("health")


async def test_a_slow_view_makes_nobody_wait(identities: dict[str, MachineIdentity]) -> None:
    """Each view has a connection of its own: one that does not read holds up itself alone."""
    sent: dict[str, int] = {}

    async def live(args: dict[str, Any], channel: Channel) -> None:
        for number in range(FRAGMENTS):
            await channel.send({}, FRAGMENT)
            sent[args["who"]] = number + 1

    server = WireServer({}, {"live": live})
    port = await server.start_tls("127.0.0.1", 0, identities[RECORDS].server_context())
    client = WireClient(TlsAddress("127.0.0.1", port, RECORDS, identities[SHOWS].client_context()))
    async with asyncio.timeout(60), client.stream("live", {"who": "slow"}):
        async with client.stream("live", {"who": "quick"}) as quick:
            got = 0
            while got < FRAGMENTS:
                got += len((await quick.receive())[1]) == len(FRAGMENT)
        # What the sockets between hold is all that the slow one was sent: the rest waits in no memory of ours.
        assert sent["slow"] < FRAGMENTS
    await server.stop()
    with pytest.raises((ChannelClosed, Unavailable)):
        async with client.stream("live", {"who": "late"}) as channel:
            await channel.receive()


async def test_where_a_camera_is_looked_for(tmp_path: Path, identities: dict[str, MachineIdentity]) -> None:
    ours = identities[SHOWS]
    alone = Settings(home=tmp_path)
    shared = Settings(
        home=tmp_path, machine=SHOWS, database_url="postgresql+asyncpg://nobody@localhost/none",
        machine_certificate=ours.certificate, machine_key=ours.key, machine_authority=ours.authority,
    )  # fmt: skip
    engine = open_engine(alone.database_url)
    await ensure_schema(engine)
    workers = {"here": (f"{SHOWS}/1", ""), "there": (f"{RECORDS}/0", "10.0.0.7:9443"), "shut": ("rec-c/0", "")}
    async with write(engine) as session:
        session.add(Commune(id="v", name="V"))
        await session.flush()
        session.add(Camera(id="v-c01", commune_id="v", number=1, name="Halle", created_us=1, updated_us=1))
        await session.flush()
        session.add(CameraHealth(camera_id="v-c01", stream="main", recorder=3, state="live", updated_us=1))
        for name, (seat, address) in workers.items():
            session.add(Worker(id=name, seat=seat, started_us=1, renewed_us=1, address=address))
            session.add(Lease(name=f"camera:v-{name}", holder=name, fence=1))
    assert await Relay(engine, alone).way_to("v-c01", "main") == alone.run_dir / "rec-3.sock"
    relay = Relay(engine, shared)
    assert await relay.way_to("v-here", "main") == shared.run_dir / "rec-1.sock"
    there = await relay.way_to("v-there", "main")
    assert isinstance(there, TlsAddress)
    assert (there.host, there.port, there.name) == ("10.0.0.7", 9443, RECORDS)
    for camera in ("v-shut", "v-nobody"):
        with pytest.raises(Unavailable) as caught:
            await relay.way_to(camera, "main")
        assert caught.value.todo
    with pytest.raises(Unavailable):
        await Relay(engine, alone).way_to("v-c01", "sub")
    await engine.dispose()


def test_half_a_relay_is_refused(tmp_path: Path, identities: dict[str, MachineIdentity]) -> None:
    assert advertised(Settings(home=tmp_path), 0) == ""
    assert advertised(Settings(home=tmp_path, machine="m", relay_port=9000), 2) == "m:9002"
    for settings in (Settings(home=tmp_path), Settings(home=tmp_path, machine_key=identities[RECORDS].key)):
        with pytest.raises(BadInput):
            machine_identity(settings)
    broken = MachineIdentity(tmp_path / "none.crt", identities[RECORDS].key, identities[RECORDS].authority)
    with pytest.raises(BadInput):
        broken.server_context()
