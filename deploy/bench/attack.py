"""``vms bench attack``: strangers at the door of a real keeper and web process, and what others notice of it.

Everything stays on this machine's loopback, in a folder that goes at the end, and every attack is bounded in time and
number. Strangers come from loopback addresses of their own (127.0.1.1 and on), as from so many machines. In turn:
bodies without end, connections that say nothing, one byte a second; guesses in parallel at two accounts, in two windows
of the back-off; and sign-ins of known workstations beside a flood of strangers'. Meanwhile a page is asked for, again
and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.bench.town import AGENT, CHIEF, MAYOR, BenchTown, bench_town
from deploy.ports import free_port
from vms.errors import Unavailable
from web.edge import EdgeLimits

MIB: Final = 1024 * 1024
SESSION: Final = "/api/v1/session"
FLOODS: Final = 64
FLOOD_S: Final = 8.0
PIECE: Final = b" " * 65_536
SAID_BYTES: Final = 400 * MIB
HALF_OPEN: Final = 200
DRIPS: Final = 20
CLOSED_LIMIT_S: Final = 60.0
PARALLEL: Final = (32, 512)
FIRST_WINDOW_LIMIT_S: Final = 120
WORKSTATIONS: Final = 12
SAMPLE_S: Final = 0.02
PROBE_S: Final = 0.05
TIMEOUT_S: Final = 90.0


@dataclass(slots=True)
class Others:
    """How long a page's answer takes meanwhile, and what the web process holds."""

    port: int
    pid: int
    waits_s: list[float] = field(default_factory=list)
    refused: int = 0
    rest_bytes: int = 0
    peak_bytes: int = 0

    async def probe(self) -> None:
        """Ask for the session again and again, as pages do."""
        async with client_from("127.0.0.1", self.port) as client:
            while True:
                begun = time.perf_counter()
                try:
                    answer = await client.get(SESSION)
                    self.refused += answer.status_code != 200
                except httpx.HTTPError:
                    self.refused += 1
                self.waits_s.append(time.perf_counter() - begun)
                await asyncio.sleep(PROBE_S)

    async def weigh(self) -> None:
        """Look at the web process's memory again and again."""
        self.rest_bytes = memory_of(self.pid)
        while True:
            self.peak_bytes = max(self.peak_bytes, memory_of(self.pid))
            await asyncio.sleep(SAMPLE_S)


async def run(*, strangers: int = 64, known: int = 200) -> dict[str, Any]:
    """The bench's JSON object."""
    with tempfile.TemporaryDirectory(prefix="guet-bench-") as folder:
        port = free_port()
        async with bench_town(Path(folder), port, ()) as town:
            others = Others(port, town.pids["web"])
            known_ones = await first_sign_ins(town)
            async with beside(others):
                floods = await flood(port)
                silent_s, drip_s = await asyncio.gather(half_open(port), drip(port))
            held = others.peak_bytes - others.rest_bytes
            async with beside(others):
                guessed = await guesses(port)
                signed = await sign_ins(town, known_ones, strangers, known)
    waits = sorted(others.waits_s)
    return {
        "bench": "attack",
        "machine": platform.machine(),
        "settings": {"strangers": strangers, "known": known, "floods": FLOODS, "half_open": HALF_OPEN, "drips": DRIPS},
        "figures": {
            "web_peak_mib": round(held / MIB, 1),
            "flood_answers": floods,
            "half_open_closed_s": round(silent_s, 1),
            "drip_closed_s": round(drip_s, 1),
            **guessed,
            **signed,
            "others_refused": others.refused,
            "p50_ms": round(waits[len(waits) // 2] * 1000, 1),
            "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 1),
        },
    }


@asynccontextmanager
async def beside(others: Others) -> AsyncIterator[None]:
    """While others ask for pages, and the memory is looked at."""
    tasks = [asyncio.create_task(others.probe()), asyncio.create_task(others.weigh())]
    try:
        await asyncio.sleep(1.0)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def memory_of(pid: int) -> int:
    """The resident memory of a process."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except OSError as error:
        raise Unavailable("Le processus des pages s’est arrêté.", where="vms bench attack") from error
    return int(pages) * 4096


def client_from(address: str, port: int) -> httpx.AsyncClient:
    """A client whose connections come from that loopback address."""
    # As many connections as an address may have: the bench measures what they carry.
    limits = httpx.Limits(max_connections=EdgeLimits().connections_of_one - 16)
    transport = httpx.AsyncHTTPTransport(local_address=address, limits=limits)
    return httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S)


def stranger(number: int) -> str:
    """A stranger's address: one of the machine's own that nobody else comes from."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


async def flood(port: int) -> dict[str, int]:
    """Bodies without end: half say how long they are, half come in pieces; what they were answered."""
    async with asyncio.timeout(FLOOD_S + CLOSED_LIMIT_S):
        until = time.perf_counter() + FLOOD_S
        answers = await asyncio.gather(*(_floods(port, number, until) for number in range(FLOODS)))
    return {str(status): count for status, count in sorted(sum(answers, Counter()).items())}


async def _floods(port: int, number: int, until: float) -> Counter[int]:
    found: Counter[int] = Counter()
    path = (SESSION, "/api/v1/account/password")[number // 2 % 2]
    said = (f"Content-Length: {SAID_BYTES}", "Transfer-Encoding: chunked")[number % 2]
    piece = PIECE if number % 2 == 0 else b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
    while time.perf_counter() < until:
        found[await _body(port, stranger(number), head(path, said), piece)] += 1
    return found


def head(path: str, *headers: str) -> bytes:
    """The head of a POST."""
    lines = (f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def _body(port: int, address: str, start: bytes, piece: bytes) -> int:
    """Send a body until the server ends it or all that was said is sent; the status of its answer, 0 without one."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    except OSError:
        return 0
    data = b""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        writer.write(start)
        for _ in range(SAID_BYTES // len(piece)):
            writer.write(piece)
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.001):
                    data += await reader.read(4096)
            if data or reader.at_eof():
                break
    writer.close()
    return int(data.split()[1]) if data else 0


async def half_open(port: int) -> float:
    """Connections that say nothing, or half a head: how long until the last is closed."""
    return await _closed(port, HALF_OPEN, (b"", b"GET / HTTP/1.1\r\nHost: loc"), drip_s=None)


async def drip(port: int) -> float:
    """Bodies, and heads, of one byte a second: how long until the last is closed."""
    starts = (head(SESSION, "Content-Length: 9000"), b"GET / HTTP/1.1\r\nX-A: ")
    return await _closed(port, DRIPS, starts, drip_s=1.0)


async def _closed(port: int, count: int, starts: tuple[bytes, ...], drip_s: float | None) -> float:
    begun = time.perf_counter()

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(stranger(number), 0))
        with contextlib.suppress(OSError):
            writer.write(starts[number % len(starts)])
            while not reader.at_eof():
                if drip_s is not None:
                    writer.write(b"x")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(drip_s):
                        await reader.read(4096)
        writer.close()

    try:
        async with asyncio.timeout(CLOSED_LIMIT_S):
            await asyncio.gather(*(one(number) for number in range(count)))
    except TimeoutError:
        return float("inf")
    return time.perf_counter() - begun


async def guesses(port: int) -> dict[str, Any]:
    """Wrong guesses in parallel at two accounts, a fresh workstation each: how many are judged at first, and in the
    next window; the most of both.
    """
    logins = dict(zip(PARALLEL, (MAYOR, CHIEF), strict=True))
    free, waits = {}, [1]
    for parallel, login in logins.items():
        free[parallel], wait_s = await _volley(port, login, parallel)
        waits.append(wait_s)
    await asyncio.sleep(min(max(waits), FIRST_WINDOW_LIMIT_S))
    window = {parallel: (await _volley(port, login, parallel))[0] for parallel, login in logins.items()}
    return {
        "guesses_free": max(free.values()),
        "guesses_per_window": max(window.values()),
        "guesses_per_window_of": {str(parallel): count for parallel, count in window.items()},
        "window_s": max(waits),
    }


async def _volley(port: int, login: str, parallel: int) -> tuple[int, int]:
    async with client_from(stranger(900), port) as client:
        asked = ({"login": login, "password": f"guess {number}"} for number in range(parallel))
        # No cookie is kept: each comes as a workstation of its own.
        ended = await asyncio.gather(*(client.post(SESSION, json=one) for one in asked), return_exceptions=True)
    # A connection that ended under its request is no judged guess.
    answers = [one for one in ended if isinstance(one, httpx.Response)]
    judged = sum(one.status_code == 401 for one in answers)
    return judged, max((int(one.headers.get("retry-after", "0")) for one in answers), default=0)


async def first_sign_ins(town: BenchTown) -> list[str]:
    """The cookies of workstations that are known from now on."""
    found = []
    for _ in range(WORKSTATIONS):
        async with client_from("127.0.0.1", town.settings.port) as client:
            answer = await client.post(SESSION, json={"login": AGENT, "password": town.password})
        found.append("; ".join(f"{name}={value}" for name, value in answer.cookies.items() if name.endswith("poste")))
    return found


async def sign_ins(town: BenchTown, posts: list[str], strangers: int, known: int) -> dict[str, Any]:
    """Known workstations' sign-ins, one after the other on each, beside strangers who try without a pause."""
    port, left = town.settings.port, iter(range(known))
    refused, waits = 0, []
    flood_of: Counter[int] = Counter()

    async def strange(number: int) -> None:
        async with client_from(stranger(number), port) as client:
            while True:
                answer = await client.post(SESSION, json={"login": f"stranger{number}", "password": "guess"})
                flood_of[answer.status_code] += 1
                client.cookies.clear()
                await asyncio.sleep(PROBE_S)

    async def honest(cookie: str) -> None:
        nonlocal refused
        async with client_from("127.0.0.1", port) as client:
            for _ in left:
                begun = time.perf_counter()
                body = {"login": AGENT, "password": town.password}
                answer = await client.post(SESSION, json=body, headers={"Cookie": cookie})
                client.cookies.clear()
                refused += answer.status_code != 200
                waits.append(time.perf_counter() - begun)

    flood_tasks = [asyncio.create_task(strange(number)) for number in range(strangers)]
    try:
        await asyncio.sleep(1.0)
        await asyncio.gather(*(honest(cookie) for cookie in posts))
    finally:
        for task in flood_tasks:
            task.cancel()
        await asyncio.gather(*flood_tasks, return_exceptions=True)
    waits.sort()
    return {
        "known_refused": refused,
        "known_sign_in_p99_ms": round(waits[int(len(waits) * 0.99)] * 1000),
        "strangers_answers": {str(status): count for status, count in sorted(flood_of.items())},
    }
