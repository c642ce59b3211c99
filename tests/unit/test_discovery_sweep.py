"""A search on loopback: rate, bounds, who is believed (O-22, O-23)."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import cast

import pytest

from tests.fakes.onvif_answers import probe_match
from vms.clock import SystemClock
from vms.onvif import sweep
from vms.onvif.discovery import MULTICAST_V4
from vms.onvif.sweep import Found, Progress, Sweep
from vms.onvif.territory import DeclaredPrefix, Territory

Answer = Callable[[str], list[bytes]]


def same(relates_to: str) -> list[bytes]:
    """An honest answer."""
    return [probe_match(relates_to, "http://127.66.0.2/onvif/device_service")]


class Device(asyncio.DatagramProtocol):
    """Something that answers Probes, from its own address or from another one."""

    def __init__(self, answer: Answer, via: socket.socket | None = None) -> None:
        self._answer = answer
        self._via = via
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        [message_id] = re.findall(rb"<w:MessageID>(.*?)</w:MessageID>", data)
        for answer in self._answer(message_id.decode()):
            if self._via is not None:
                self._via.sendto(answer, addr)
            else:
                self._transport.sendto(answer, addr)


def _existing(device: Device) -> Device:
    return device


@contextmanager
def udp(address: str, port: int = 0) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind((address, port))
        yield sock


async def search(
    answers: dict[str, Answer], prefixes: list[str], *, via: str = "", multicast: bool = False, stop_after: int = 0
) -> tuple[list[Found], Progress, dict[str, Device], list[int]]:
    """Run one search against devices at loopback addresses; found, progress, devices, asked counts as reported."""
    found: list[Found] = []
    reported: list[int] = []
    loop = asyncio.get_running_loop()
    devices: dict[str, Device] = {}
    transports = []
    with udp("127.66.0.254") as anchor, udp(via or "127.66.0.253") as elsewhere:
        port = anchor.getsockname()[1]
        for address, answer in answers.items():
            device = Device(answer, elsewhere if via else None)
            transport, _ = await loop.create_datagram_endpoint(partial(_existing, device), local_addr=(address, port))
            transports.append(transport)
            devices[address] = device

        def progressed(progress: Progress) -> None:
            reported.append(progress.asked)
            if progress.asked == stop_after:
                runner.stop()

        runner = Sweep(
            Territory([DeclaredPrefix.parse(p) for p in prefixes]),
            SystemClock(),
            on_found=found.append,
            on_progress=progressed,
            port=port,
            multicast=multicast,
        )
        progress = await runner.run()
        for transport in transports:
            transport.close()
    return found, progress, devices, reported


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PROBES_PER_SECOND", 200)
    monkeypatch.setattr(sweep, "ANSWER_WAIT_S", 0.4)
    monkeypatch.setattr(sweep, "REPEAT_AFTER_S", 0.05)


async def test_devices_of_the_prefix_are_found_and_progress_moves() -> None:
    found, progress, devices, reported = await search(
        {"127.66.0.2": same, "127.66.0.5": same, "127.66.0.9": same}, ["127.66.0.0/29"]
    )
    assert [f.address for f in found] == ["127.66.0.2", "127.66.0.5"]
    assert [f.url for f in found] == [
        "http://127.66.0.2/onvif/device_service",
        "http://127.66.0.5/onvif/device_service",  # it named another host: rewritten (O-23)
    ]
    assert [f.rewritten for f in found] == [False, True]
    assert devices["127.66.0.9"].asked == 0  # outside the prefix: not asked
    assert (progress.asked, progress.total, progress.found) == (6, 6, 2)
    assert (reported[0], reported[-1]) == (1, 6)
    assert progress.dropped["address-rewritten"] == 1


async def test_an_answer_from_outside_the_prefix_is_dropped_and_counted() -> None:
    found, progress, _, _ = await search({"127.66.0.2": same}, ["127.66.0.0/29"], via="127.67.0.1")
    assert found == []
    assert progress.dropped["outside-prefixes"] >= 1


async def test_an_answer_from_another_address_of_the_prefix_is_not_believed() -> None:
    found, progress, _, _ = await search({"127.66.0.2": same}, ["127.66.0.0/29"], via="127.66.0.3")
    assert found == []
    assert progress.dropped["not-asked"] >= 1


async def test_an_answer_to_another_question_is_dropped() -> None:
    found, progress, _, _ = await search({"127.66.0.2": lambda _: same("urn:uuid:other")}, ["127.66.0.0/29"])
    assert found == []
    assert progress.dropped["not-asked"] >= 1


async def test_garbage_and_floods_cost_one_device_its_place_and_no_more() -> None:
    flood: Answer = lambda m: [b"\x00garbage"] * 50 + same(m)  # noqa: E731
    found, progress, _, _ = await search({"127.66.0.2": flood, "127.66.0.3": same}, ["127.66.0.0/29"])
    assert [f.address for f in found] == ["127.66.0.3"]
    assert progress.dropped["not-an-answer"] == sweep.MAX_ANSWERS_PER_ADDRESS
    assert progress.dropped["too-many-answers"] >= 1


async def test_an_address_without_any_http_url_is_dropped() -> None:
    found, progress, _, _ = await search(
        {"127.66.0.2": lambda m: [probe_match(m, "ftp://127.66.0.2/x")]}, ["127.66.0.0/29"]
    )
    assert found == []
    assert progress.dropped["no-usable-address"] == 1


async def test_a_repeated_answer_is_one_device() -> None:
    found, _, _, _ = await search({"127.66.0.2": lambda m: same(m) * 3}, ["127.66.0.0/29", "127.66.0.0/30"])
    assert len(found) == 1


async def test_a_lost_question_is_asked_once_more() -> None:
    asked: list[str] = []

    def deaf_once(message_id: str) -> list[bytes]:
        asked.append(message_id)
        return same(message_id) if len(asked) > 1 else []

    found, _, _, _ = await search({"127.66.0.2": deaf_once}, ["127.66.0.0/29"])
    assert len(found) == 1
    assert len(asked) == 2
    assert asked[0] == asked[1]  # the same question, not a new one


async def test_a_search_can_be_stopped_and_keeps_what_it_found() -> None:
    found, progress, _, _ = await search({"127.66.0.1": same}, ["127.66.0.0/24"], stop_after=20)
    assert progress.asked == 20
    assert [f.address for f in found] == ["127.66.0.1"]


async def test_the_rate_is_bounded() -> None:
    """Probes of a prefix take at least the time that the rate gives them (a bound of law-abiding, not of speed)."""
    start = SystemClock().monotonic_us()
    _, progress, _, _ = await search({}, ["127.66.0.0/26"])
    assert (SystemClock().monotonic_us() - start) / 1e6 >= (progress.total - 1) / sweep.PROBES_PER_SECOND


async def test_multicast_goes_only_to_segments_inside_a_declared_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "local_addresses", lambda: ["127.0.0.1"])
    found: list[Found] = []
    asked: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as group:
        group.setblocking(False)
        group.bind((MULTICAST_V4, 0))
        port = group.getsockname()[1]
        membership = socket.inet_aton(MULTICAST_V4) + socket.inet_aton("127.0.0.1")
        group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)

        async def answer() -> None:
            while True:
                data, peer = await asyncio.get_running_loop().sock_recvfrom(group, 65_535)
                asked.append(data)
                [message_id] = re.findall(rb"<w:MessageID>(.*?)</w:MessageID>", data)
                with udp("127.0.0.2") as device:
                    device.sendto(probe_match(message_id.decode(), "http://127.0.0.2/onvif"), peer)

        answering = asyncio.create_task(answer())
        for cidr in ("127.0.0.0/30", "127.66.0.0/30"):
            runner = Sweep(Territory([DeclaredPrefix.parse(cidr)]), SystemClock(), on_found=found.append, port=port)
            await runner.run()
        answering.cancel()
    assert len(asked) == 1  # the second territory has no local segment
    assert [f.url for f in found] == ["http://127.0.0.2/onvif"]
