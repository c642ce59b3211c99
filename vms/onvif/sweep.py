"""One search of a commune's prefixes: Probes out, devices in (O-22).

Unicast Probes go to every address of the declared prefixes at a bounded rate, since multicast does not cross routers;
a multicast Probe goes out on interfaces that stand inside a declared prefix, and on no other. What answers from outside
the prefixes, or without having been asked, is dropped and counted.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import ipaddress
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from vms import logs
from vms.clock import Clock
from vms.errors import Damaged, Unavailable
from vms.onvif.discovery import (
    DISCOVERY_PORT,
    MULTICAST_V4,
    ProbeMatch,
    Scopes,
    build_probe,
    choose_url,
    new_message_id,
    parse_answer,
)
from vms.onvif.territory import Territory

PROBES_PER_SECOND: Final = 20
# SOAP-over-UDP §2: one repetition after a short wait; the same message id, so a device answers it once.
REPEAT_AFTER_S: Final = 0.2
ANSWER_WAIT_S: Final = 2.0
MAX_FOUND: Final = 4096
MAX_ANSWERS_PER_ADDRESS: Final = 4
LOGGED_DROPS_MAX: Final = 20
RECEIVE_BUFFER_BYTES: Final = 1 << 20
SIOCGIFADDR: Final = 0x8915  # Linux netdevice(7): the address of an interface
UNREACHABLE: Final = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM, errno.ENOBUFS, errno.EINVAL}

log = logs.get("vms.onvif.sweep")


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered from ``address``, inside ``prefix``; ``url`` leads to that address and no other (O-23)."""

    address: str
    prefix: str
    trusted: bool
    url: str
    endpoint_reference: str
    scopes: Scopes
    rewritten: bool


@dataclass(slots=True)
class Progress:
    """How far a search is: addresses asked of ``total``, devices found, what was dropped and why."""

    total: int = 0
    asked: int = 0
    found: int = 0
    prefix: str = ""
    finished: bool = False
    dropped: Counter[str] = field(default_factory=Counter)

    def seconds_left(self) -> float:
        """An honest guess of the time to the end, from the rate alone; zero once the search has ended."""
        if self.finished:
            return 0.0
        return (self.total - self.asked) / PROBES_PER_SECOND + ANSWER_WAIT_S


class Sweep:
    """A search over one territory; ``on_found`` and ``on_progress`` are called while it runs."""

    def __init__(
        self,
        territory: Territory,
        clock: Clock,
        *,
        on_found: Callable[[Found], None],
        on_progress: Callable[[Progress], None] = lambda _: None,
        port: int = DISCOVERY_PORT,
        multicast: bool = True,
    ) -> None:
        self._territory = territory
        self._clock = clock
        self._on_found = on_found
        self._on_progress = on_progress
        self._port = port
        self._multicast = multicast
        self._asked_by_id: dict[str, str] = {}  # message id → address asked, or MULTICAST_V4
        self._answers: Counter[str] = Counter()
        self._seen: set[tuple[str, str]] = set()
        self._stopping = asyncio.Event()
        self.progress: Final = Progress(total=sum(1 for _ in self._addresses()))

    def stop(self) -> None:
        """Ask no further address; ``run`` returns at once with what was found."""
        self._stopping.set()

    async def run(self) -> Progress:
        """Search until every address was asked and late answers had ANSWER_WAIT_S; cancel or ``stop`` ends it early."""
        receivers: list[asyncio.Task[None]] = []
        with ExitStack() as sockets:
            try:
                for local in local_addresses() if self._multicast else ():
                    if self._territory.prefix_of(local) is not None:
                        listener = sockets.enter_context(self._multicast_probe(local))
                        receivers.append(asyncio.create_task(self._receive(listener)))
                for version in sorted({p.network.version for p in self._territory.prefixes}):
                    family = socket.AF_INET if version == 4 else socket.AF_INET6
                    sock = sockets.enter_context(_udp_socket(family))
                    receivers.append(asyncio.create_task(self._receive(sock)))
                    await self._ask_all(sock, version)
                await self._pause(ANSWER_WAIT_S)
            finally:
                for task in receivers:
                    task.cancel()
                ended = await asyncio.gather(*receivers, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result
        self.progress.finished = True
        return self.progress

    def _addresses(self, family: int | None = None) -> Iterator[tuple[str, str]]:
        seen: set[str] = set()
        for prefix in self._territory.prefixes:
            if family in (None, prefix.network.version):
                for host in prefix.hosts():
                    if str(host) not in seen:
                        seen.add(str(host))
                        yield str(host), str(prefix)

    async def _ask_all(self, sock: socket.socket, family: int) -> None:
        start_us = self._clock.monotonic_us()
        for number, (address, prefix) in enumerate(self._addresses(family)):
            if self._stopping.is_set():
                return
            # Against the start, not the previous probe: a slow send is made up for, the rate never exceeded on average.
            due_s = number / PROBES_PER_SECOND - (self._clock.monotonic_us() - start_us) / 1_000_000
            await self._pause(max(due_s, 0.0))  # when late too: answers are to be read meanwhile
            message_id = new_message_id()
            self._asked_by_id[message_id] = address
            probe = build_probe(message_id)
            self._send(sock, probe, address)
            asyncio.get_running_loop().call_later(REPEAT_AFTER_S, self._repeat, sock, probe, address)
            self.progress.asked += 1
            self.progress.prefix = prefix
            self._on_progress(self.progress)

    async def _pause(self, seconds: float) -> None:
        """Sleep on the clock, or less when the search is stopped."""
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((sleeping, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopping.cancel()

    def _repeat(self, sock: socket.socket, probe: bytes, address: str) -> None:
        if sock.fileno() >= 0 and not self._answers[address]:
            self._send(sock, probe, address)

    def _send(self, sock: socket.socket, probe: bytes, address: str) -> None:
        try:
            sock.sendto(probe, (address, self._port))
        except BlockingIOError:
            self.progress.dropped["send-buffer-full"] += 1
        except OSError as error:
            if error.errno not in UNREACHABLE:
                raise
            self.progress.dropped["unreachable"] += 1

    async def _receive(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                data, peer = await loop.sock_recvfrom(sock, 65_535)
            except ConnectionError:
                continue  # an ICMP answer to one of our Probes
            self.take(data, str(peer[0]).split("%")[0])

    def take(self, data: bytes, sender: str) -> None:
        """One datagram that came from ``sender``: report a device, or drop it and count why."""
        prefix = self._territory.prefix_of(sender)
        if prefix is None:
            return self._drop("outside-prefixes", sender)
        self._answers[sender] += 1
        if self._answers[sender] > MAX_ANSWERS_PER_ADDRESS:
            return self._drop("too-many-answers", sender)
        try:
            matches = parse_answer(data, where=sender)
        except Damaged:
            return self._drop("not-an-answer", sender)
        for match in matches:
            if self._asked_by_id.get(match.relates_to) not in (sender, MULTICAST_V4):
                self._drop("not-asked", sender)
            else:
                self._report(match, sender, str(prefix), prefix.trusted)
        return None

    def _report(self, match: ProbeMatch, sender: str, prefix: str, trusted: bool) -> None:
        chosen = choose_url(match, sender)
        if chosen is None:
            return self._drop("no-usable-address", sender)
        key = (sender, match.endpoint_reference or chosen.url)
        if key in self._seen:
            return None
        if len(self._seen) >= MAX_FOUND:
            return self._drop("too-many-devices", sender)
        self._seen.add(key)
        if chosen.rewritten:
            self.progress.dropped["address-rewritten"] += 1
        self.progress.found += 1
        self._on_found(
            Found(sender, prefix, trusted, chosen.url, match.endpoint_reference, match.scopes, chosen.rewritten)
        )
        return self._on_progress(self.progress)

    def _drop(self, why: str, sender: str) -> None:
        self.progress.dropped[why] += 1
        if self.progress.dropped[why] <= LOGGED_DROPS_MAX:  # a flood is counted, not written down
            log.info("answer dropped", why=why, sender=sender)

    def _multicast_probe(self, local: str) -> socket.socket:
        """Send one Probe to the local segment of an interface inside a declared prefix; the socket that listens."""
        message_id = new_message_id()
        self._asked_by_id[message_id] = MULTICAST_V4
        sock = _udp_socket(socket.AF_INET, local)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(local))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        self._send(sock, build_probe(message_id), MULTICAST_V4)
        return sock


def local_addresses() -> list[str]:
    """The main IPv4 address of each of this machine's interfaces, each the foot of one local segment."""
    found: set[str] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(sock.fileno(), SIOCGIFADDR, request)
            except OSError:
                continue  # an interface without an IPv4 address
            found.add(socket.inet_ntoa(answer[20:24]))
    return sorted(found, key=ipaddress.ip_address)


def _udp_socket(family: socket.AddressFamily, local: str = "") -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        sock.bind((local, 0))
    except OSError as error:
        sock.close()
        raise Unavailable("Aucune interface réseau utilisable pour la recherche.", where=local) from error
    return sock
