"""A virtual camera: answers RTSP, sends numbered H.264 units on virtual time, and misbehaves when told.

It speaks bytes, so that the recorder's own client, session, depacketiser and timeline do all their work.
"""

from __future__ import annotations

import asyncio
import base64
import random
import struct
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from deploy.simulation.faults import Fault
from deploy.simulation.ledger import Ledger, Sent, slice_nal
from deploy.simulation.loop import SimulatedLoop
from deploy.simulation.network import VirtualSocket
from recorder.rtsp.errors import CameraUnreachable
from recorder.rtsp.urls import StreamUrl
from vms.clock import MICRO

# 64 x 64, Baseline, as x264 writes them.
SPS: Final = bytes.fromhex("6742c00ada109a1000000300100000030328f1226a")
PPS: Final = bytes.fromhex("68ce0fc8")
PAYLOAD_TYPE: Final = 96
CONNECT_TIMEOUT_S: Final = 5.0
NTP_TO_UNIX_S: Final = 2_208_988_800
# Faults that a connection has for a while; the others happen once.
LASTING: Final = frozenset({"net-half-open", "net-refused", "net-unreachable", "net-mute", "net-stall", "net-burst"})
_rtp: Final = struct.Struct(">BBHBBHII").pack
_report: Final = struct.Struct(">BBHBBHIIIIII").pack


@dataclass(frozen=True, slots=True)
class Habits:
    """How a camera sends, for the whole simulation."""

    interval_s: float
    group_units: int
    slices: int
    unit_bytes: int
    drift_ppm: float
    jitter_s: float
    starts_at_key: bool
    clock_error_s: float
    reports: bool


class Camera:
    """One stream of one camera. ``connect`` is what a recorder's ``dial`` calls."""

    def __init__(self, loop: SimulatedLoop, habits: Habits, ledger: Ledger, chance: random.Random) -> None:
        self.wrong: dict[str, float] = {}
        self.habits = habits
        self.ledger = ledger
        self.lose_packets = 0
        self.swap_packets = 0
        self.hits = 0
        self._loop, self._chance = loop, chance
        self._connections: list[_Connection] = []
        self._count = 0

    async def connect(self, url: StreamUrl, _: int | None = None) -> VirtualSocket:
        """A connection; CameraUnreachable as the operating system would say it."""
        wrong = self.wrong
        if "net-unreachable" in wrong:
            self.hits += 1
            await asyncio.sleep(CONNECT_TIMEOUT_S)
            raise CameraUnreachable(f"Pas de connexion en {CONNECT_TIMEOUT_S:g} s.", where=url.peer)
        await asyncio.sleep(0.001 + 0.01 * self._chance.random())
        if "net-refused" in wrong:
            self.hits += 1
            raise CameraUnreachable("Connexion impossible : Connection refused.", where=url.peer)
        self._count += 1
        connection = _Connection(self, self._count, self._loop, self._chance)
        self._connections = [one for one in self._connections if not one.socket.closed]
        self._connections.append(connection)
        return connection.socket

    def suffer(self, fault: Fault) -> None:
        """A fault of the network or of the camera begins; lasting ones end with ``relent``."""
        kind = fault.kind
        for one in self._connections:
            if not one.socket.closed:
                self.hits += 1
                one.suffer(fault)
        if kind in LASTING:
            self.wrong[kind] = fault.amount
        elif kind == "camera-clock":
            self.habits = replace(self.habits, clock_error_s=self.habits.clock_error_s + fault.amount)
        elif kind == "net-lost":
            self.lose_packets += int(fault.amount)
        elif kind == "net-reordered":
            self.swap_packets += int(fault.amount)

    def relent(self, fault: Fault) -> None:
        """A lasting fault ends; a half-open connection stays dead."""
        self.wrong.pop(fault.kind, None)
        for one in self._connections:
            one.relent(fault)


class _Connection:
    """One conversation."""

    def __init__(self, camera: Camera, number: int, loop: SimulatedLoop, chance: random.Random) -> None:
        self.socket = VirtualSocket(loop)
        self.socket.on_bytes, self.socket.on_close = self._on_bytes, self._stop
        self._camera, self._number, self._loop, self._chance = camera, number, loop, chance
        self._asked = b""
        self._timer: asyncio.TimerHandle | None = None
        self._sequence = chance.randrange(1 << 16)
        self._ssrc = chance.randrange(1 << 32)
        self._media = chance.randrange(1 << 32)
        self._begun_s = 0.0
        self._next = 0
        self._dead = False
        # The line keeps order and loses nothing: what waits, waits for the last fault that holds it up.
        self._held_by: set[Fault] = set()
        self._held: list[tuple[bytes, Sent | None]] = []

    def suffer(self, fault: Fault) -> None:
        match fault.kind:
            case "net-cut":
                self.socket.end("eof")
            case "net-reset":
                self.socket.end("reset")
            case "net-half-open":
                self._dead = True
            case "net-stall" | "net-burst":
                self._held_by.add(fault)
            case "net-garbage":
                self.socket.feed(self._chance.randbytes(int(fault.amount)))
            case "net-bye":
                self._send(_control(struct.pack(">BBHI", 0x81, 203, 1, self._ssrc)))
            case "camera-rtp-jump":
                self._media = (self._media + int(fault.amount * 90_000)) & 0xFFFFFFFF
            case "camera-restarts":
                self._ssrc, self._sequence = self._chance.randrange(1 << 32), self._chance.randrange(1 << 16)
                self._media = self._chance.randrange(1 << 32)

    def relent(self, fault: Fault) -> None:
        self._held_by.discard(fault)
        if not self._held_by:
            held, self._held = self._held, []
            for data, unit in held:
                self._send(data, unit)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _on_bytes(self, data: bytes) -> None:
        if self._dead or "net-mute" in self._camera.wrong:
            self._camera.hits += 1
            return
        self._asked += data
        while self._asked:
            if self._asked[0] == 0x24:  # a receiver report
                if len(self._asked) < 4:
                    return
                self._asked = self._asked[4 + int.from_bytes(self._asked[2:4], "big") :]
                continue
            head, found, rest = self._asked.partition(b"\r\n\r\n")
            if not found:
                return
            self._asked = rest
            self._answer(head.decode("ascii", "replace"))

    def _answer(self, head: str) -> None:
        method = head.split(" ", 1)[0]
        number = next((line[5:].strip() for line in head.split("\r\n") if line.lower().startswith("cseq:")), "0")
        more, body = "", ""
        match method:
            case "OPTIONS":
                more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n"
            case "DESCRIBE":
                body = _description()
                more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
            case "SETUP":
                more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 4711;timeout=60\r\n"
            case "TEARDOWN":
                self._stop()
        self._send(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{more}\r\n{body}".encode())
        if method == "PLAY" and self._timer is None:
            habits = self._camera.habits
            self._next = 0 if habits.starts_at_key else self._chance.randrange(habits.group_units)
            self._begun_s = self._loop.time() - self._next * habits.interval_s
            self._timer = self._loop.call_later(0.001, self._shoot)

    def _shoot(self) -> None:
        """Send the next unit, and set the timer for the one after."""
        if self.socket.closed:
            return
        habits, camera, chance = self._camera.habits, self._camera, self._chance
        shot_s = self._loop.time()
        key = self._next % habits.group_units == 0
        unit = camera.ledger.send(self._number, round(shot_s * MICRO), key=key, slices=habits.slices)
        if not self._dead:
            self._transmit(unit, shot_s - self._begun_s)
            if habits.reports and key:
                self._send(self._sender_report(shot_s - self._begun_s))
        self._next += 1
        due_s = self._begun_s + self._next * habits.interval_s + chance.random() * habits.jitter_s
        self._timer = self._loop.call_at(max(due_s, shot_s), self._shoot)

    def _transmit(self, unit: Sent, since_s: float) -> None:
        habits, camera = self._camera.habits, self._camera
        payloads = [slice_nal(unit, index, habits.unit_bytes) for index in range(unit.slices)]
        if unit.key:
            payloads.insert(0, b"\x78" + b"".join(len(one).to_bytes(2, "big") + one for one in (SPS, PPS)))
        stamp = (self._media + round(since_s * 90_000 * (1 + habits.drift_ppm / MICRO))) & 0xFFFFFFFF
        packets = []
        for place, payload in enumerate(payloads):
            marker = 0x80 if place == len(payloads) - 1 else 0
            size = 12 + len(payload)
            packets.append(
                _rtp(0x24, 0, size, 0x80, marker | PAYLOAD_TYPE, self._sequence, stamp, self._ssrc) + payload
            )
            self._sequence = (self._sequence + 1) & 0xFFFF
        while camera.lose_packets and packets:
            camera.lose_packets -= 1
            packets.pop(gone := self._chance.randrange(len(packets)))
            # Without its parameter sets, which were announced, a key unit may be whole to those who know them.
            unit.moved = unit.moved or (unit.key and gone == 0)
            unit.damaged = unit.damaged or not (unit.key and gone == 0)
        if camera.swap_packets and len(packets) > 1:
            camera.swap_packets -= 1
            place = self._chance.randrange(len(packets) - 1)
            packets[place : place + 2] = [packets[place + 1], packets[place]]
            unit.moved = True
        self._send(b"".join(packets), unit)

    def _sender_report(self, since_s: float) -> bytes:
        claimed_s = self._camera.habits.clock_error_s + self._loop.time() + NTP_TO_UNIX_S + 1_795_000_000
        stamp = (self._media + round(since_s * 90_000)) & 0xFFFFFFFF
        seconds = int(claimed_s) & 0xFFFFFFFF
        return _report(0x24, 1, 28, 0x80, 200, 6, self._ssrc, seconds, int(claimed_s % 1 * 2**32), stamp, 0, 0)

    def _send(self, data: bytes, unit: Sent | None = None) -> None:
        if self._dead:
            return
        if self._held_by:
            self._held.append((data, unit))
            return
        self.socket.feed(data, partial(self._read, unit) if unit is not None else None)

    def _read(self, unit: Sent) -> None:
        unit.read_us = round(self._loop.time() * MICRO)


def _control(packet: bytes) -> bytes:
    return b"$\x01" + len(packet).to_bytes(2, "big") + packet


def _description() -> str:
    sets = ",".join(base64.b64encode(one).decode() for one in (SPS, PPS))
    return (
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=simulated\r\nt=0 0\r\na=control:*\r\n"
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}\r\na=control:video\r\na=rtpmap:{PAYLOAD_TYPE} H264/90000\r\n"
        f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1; profile-level-id=42C00A; sprop-parameter-sets={sets}\r\n"
    )
