"""Framed messages: limits, errors that travel, servers that come back."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest

from vms.errors import BadInput, GuetError, LimitExceeded, Refused, Unavailable
from vms.wire import MAX_FRAME_BYTES, Channel, ChannelClosed, WireClient, WireServer, read_frame


async def echo(args: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    if "refuse" in args:
        raise Refused("Non.", where="là", todo="Faites ceci.", rule="P-62")
    if "break" in args:
        raise ZeroDivisionError
    return {"got": args}, body[::-1]


async def count(args: dict[str, Any], channel: Channel) -> None:
    for i in range(int(args["to"])):
        await channel.send({"i": i}, b"x" * i)
    if args.get("refuse"):
        raise Refused("Fini.", rule="P-53")


@pytest.fixture
async def path(short_home: Path) -> Path:
    server = WireServer({"echo": echo}, {"count": count})
    await server.start(short_home / "s.sock")
    return short_home / "s.sock"


async def test_a_call_carries_arguments_and_body_both_ways(path: Path) -> None:
    assert await WireClient(path).call("echo", {"é": [1, None]}, b"abc") == ({"got": {"é": [1, None]}}, b"cba")


async def test_a_refusal_arrives_whole(path: Path) -> None:
    with pytest.raises(Refused) as caught:
        await WireClient(path).call("echo", {"refuse": True})
    assert caught.value.to_dict() == {
        "kind": "refused", "what": "Non.", "where": "là", "todo": "Faites ceci.", "rule": "P-62",
    }  # fmt: skip


async def test_a_bug_in_one_call_tells_nothing_and_ends_nothing(path: Path) -> None:
    client = WireClient(path)
    with pytest.raises(GuetError, match="Erreur interne"):
        await client.call("echo", {"break": True})
    assert (await client.call("echo"))[0] == {"got": {}}


async def test_an_operation_that_is_not_listed_does_not_exist(path: Path) -> None:
    with pytest.raises(BadInput, match="inconnue"):
        await WireClient(path).call("delete_everything")


async def test_a_stream_delivers_in_order_then_its_error(path: Path) -> None:
    async with WireClient(path).stream("count", {"to": 3, "refuse": True}) as channel:
        assert [(await channel.receive()) for _ in range(3)] == [({"i": i}, b"x" * i) for i in range(3)]
        with pytest.raises(Refused, match="Fini"):
            await channel.receive()


async def test_a_stream_ends_with_its_handler(path: Path) -> None:
    async with WireClient(path).stream("count", {"to": 1}) as channel:
        await channel.receive()
        with pytest.raises(ChannelClosed):
            await channel.receive()


async def test_calls_resume_by_themselves_when_the_server_is_back(short_home: Path) -> None:
    path = short_home / "s.sock"
    first = WireServer({"echo": echo})
    await first.start(path)
    client = WireClient(path)
    await client.call("echo")
    await first.stop()
    with pytest.raises(Unavailable):
        await client.call("echo")
    second = WireServer({"echo": echo})
    await second.start(path)
    assert (await client.call("echo", {"a": 1}))[0] == {"got": {"a": 1}}
    await second.stop()


async def test_a_slow_server_is_unavailable_not_for_ever(short_home: Path) -> None:
    async def never(args: dict[str, Any], body: bytes) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    server = WireServer({"never": never})
    await server.start(short_home / "s.sock")
    with pytest.raises(Unavailable, match="Pas de réponse"):
        await WireClient(short_home / "s.sock").call("never", timeout_s=0.05)
    await server.stop()


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (struct.pack(">II", MAX_FRAME_BYTES + 1, 2), LimitExceeded),
        (struct.pack(">II", 4, 5) + b"{}ab", LimitExceeded),
        (struct.pack(">II", 2, 2) + b"{", ChannelClosed),
        (struct.pack(">II", 2, 2) + b"xx", BadInput),
        (struct.pack(">II", 2, 2) + b"[]", BadInput),
        (struct.pack(">II", 50_000, 50_000) + b"[" * 50_000, BadInput),
        (b"\x00\x00", ChannelClosed),
    ],
)
async def test_frames_that_are_none_are_refused_before_they_are_read(frame: bytes, error: type[GuetError]) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(frame)
    reader.feed_eof()
    with pytest.raises(error):
        await read_frame(reader)


async def test_garbage_on_a_socket_leaves_the_server_serving(path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET / HTTP/1.1\r\n\r\n" * 100)
    assert await reader.read() == b""
    writer.close()
    assert (await WireClient(path).call("echo"))[0] == {"got": {}}


async def test_what_cannot_be_written_is_told_and_the_next_call_goes_through(path: Path) -> None:
    """Half a character, or nesting, that came in through a page."""
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    client = WireClient(path)
    for odd in ("\ud800", deep):
        with pytest.raises(BadInput, match="ne peut pas être transmis"):
            await client.call("echo", {"x": odd})
    assert (await client.call("echo", {"x": 1}))[0] == {"got": {"x": 1}}
