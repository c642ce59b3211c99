"""RTSP messages as servers write them: heads, numbers, bodies, methods (RFC 2326 §4–10)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

from tests.fakes.zoo.pictures import FRAME_90K
from tests.fakes.zoo.scenario import Play, Scenario, gap, refused
from tests.fakes.zoo.server import Ask, Peer

Reply = Callable[[Ask, bytes], bytes]


def renamed(ask: Ask, said: bytes) -> bytes:
    head, mark, body = said.partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    lines = [name.lower() + b":" + value for name, _, value in (line.partition(b":") for line in rest.split(b"\r\n"))]
    return b"\r\n".join([first, *lines]) + mark + body


def spaced(ask: Ask, said: bytes) -> bytes:
    head, mark, body = said.partition(b"\r\n\r\n")
    lines = [re.sub(rb"^([\w-]+): ", rb"\1 :   ", line) + b"  " for line in head.split(b"\r\n")]
    return b"\r\n".join([lines[0].rstrip(), *lines[1:]]) + mark + body


def without(header: bytes) -> Reply:
    def strip(ask: Ask, said: bytes) -> bytes:
        head, mark, body = said.partition(b"\r\n\r\n")
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(header)]
        return b"\r\n".join(kept) + mark + body

    return strip


def cseq(number: str) -> Reply:
    return lambda ask, said: re.sub(rb"CSeq: \d+", b"CSeq: " + number.encode(), said)


def length(change: int) -> Reply:
    def altered(ask: Ask, said: bytes) -> bytes:
        return re.sub(rb"Content-Length: (\d+)", lambda m: b"Content-Length: %d" % (int(m[1]) + change), said)

    return altered


def asks_client(text: str) -> Play:
    async def play(peer: Peer) -> None:
        shown = peer.scenario.shown()
        await peer.show(shown[:20])
        await peer.send(text.format(base=peer.zoo.base).encode())
        await peer.show(shown[20:], first=20)

    return play


def asks_client_then_leaves(text: str) -> Play:
    async def play(peer: Peer) -> None:
        shown = peer.scenario.shown()
        if peer.number:
            return await peer.show(shown)
        await peer.show(shown[:20])
        await peer.send(text.format(base=peer.zoo.base).encode())
        await asyncio.sleep(3)
        return None

    return play


FORGETS_S = 2.4
LATE_MOST_S = 1.0


def keepalive_only(*methods: str, silent: bool = False) -> Scenario:
    """A server that forgets its client two seconds after the last request of one of ``methods``."""
    name = "-".join(methods).lower().replace("_", "-") or "none"

    async def play(peer: Peer) -> None:
        shown = peer.scenario.shown()
        loop = asyncio.get_running_loop()
        begun = kept = loop.time()
        for index in range(24 * len(shown) // 10):
            seen = [method for method, _ in peer.asked if method in methods]
            if len(seen) != peer.memory.get("seen", 0):
                peer.memory["seen"], kept = len(seen), loop.time()
            # The machine's own lateness is not the client's; still, who says nothing is forgotten before the end.
            if loop.time() - kept > FORGETS_S + min(peer.zoo.late_s, LATE_MOST_S):
                return peer.writer.close()
            stamp = index // len(shown) * len(shown) * 3600
            picture = shown[index % len(shown)]
            peer.stamp = 10_000 + stamp
            due = begun + index * FRAME_90K / 90_000
            await asyncio.sleep(max(0.0, due - loop.time()))
            await peer.picture(index, picture, due)
        return None

    def other(ask: Ask) -> bytes | None:
        return None if silent else ask.says("405 Method Not Allowed")

    answers = {method: other for method in ("GET_PARAMETER", "SET_PARAMETER") if method not in methods}
    return Scenario(
        name=f"keepalive-{name}{'-silent' if silent else ''}",
        what=f"forgets a client that does not send {' or '.join(methods)}; {'ignores' if silent else 'refuses'} others",
        answers=answers, play=play, timeout_s=2, lasts_s=0.2,
    )  # fmt: skip


SCENARIOS = (
    Scenario(name="plain", what="nothing odd"),
    Scenario(name="plain-h265", what="nothing odd, H.265", codec="h265"),
    Scenario(name="lf-only", what="line ends are LF", reply=lambda ask, said: said.replace(b"\r\n", b"\n")),
    Scenario(name="lower-case-headers", what="header names in lower case", reply=renamed),
    Scenario(name="spaces-around-headers", what="blanks before and after the colon and at line ends", reply=spaced),
    Scenario(
        name="folded-headers", what="long header values folded over two lines",
        reply=lambda ask, said: said.replace(b"unicast;", b"unicast;\r\n\t").replace(b"Public: ", b"Public:\r\n  "),
    ),
    Scenario(
        name="junk-header-line", what="a header line without a colon",
        reply=lambda ask, said: said.replace(b"\r\n", b"\r\nHisilicon Streaming Media Server\r\n", 1),
    ),
    Scenario(
        name="non-ascii-header", what="bytes that are no UTF-8 in a header",
        reply=lambda ask, said: said.replace(b"\r\n", b"\r\nServer: Cam\xe9ra \xff\x80\r\n", 1),
    ),
    Scenario(name="no-cseq", what="answers carry no CSeq", reply=without(b"cseq")),
    Scenario(name="cseq-zero", what="every answer says CSeq 0 (Hipcam, HiSilicon)", reply=cseq("0")),
    Scenario(name="cseq-not-a-number", what="CSeq is text", reply=cseq("one")),
    Scenario(
        name="status-without-reason", what="a status line without reason",
        reply=lambda ask, said: said.replace(b" OK\r\n", b"\r\n", 1),
    ),
    Scenario(
        name="rtsp-2-status", what="the status line says RTSP/2.0",
        reply=lambda ask, said: said.replace(b"RTSP/1.0", b"RTSP/2.0", 1),
    ),
    Scenario(
        name="continue-first", what="100 Continue before each answer",
        reply=lambda ask, said: ask.says("100 Continue") + said,
    ),
    Scenario(
        name="blank-lines-between", what="blank lines between messages",
        reply=lambda ask, said: b"\r\n\r\n" + said + b"\r\n",
    ),
    Scenario(name="no-content-length", what="DESCRIBE without Content-Length", reply=without(b"content-length")),
    Scenario(name="content-length-short", what="Content-Length 25 too small", reply=length(-25)),
    Scenario(name="content-length-long", what="Content-Length 40 too large", reply=length(40)),
    Scenario(
        name="content-length-nonsense", what="Content-Length is no number",
        reply=lambda ask, said: re.sub(rb"Content-Length: \d+", b"Content-Length: n/a", said),
    ),
    Scenario(
        name="options-refused", what="OPTIONS is answered 400", answers={"OPTIONS": lambda ask: ask.says("400 Bad")},
    ),
    Scenario(name="no-public", what="OPTIONS names no methods", reply=without(b"public")),
    Scenario(
        name="play-unanswered", what="PLAY is never answered, pictures come",
        answers={"PLAY": lambda ask: (asyncio.ensure_future(ask.peer.zoo.play(ask.peer)), None)[1]},
    ),
    Scenario(
        name="range-refused", what="PLAY with a Range is answered 457",
        answers={"PLAY": lambda ask: ask.says("457 Invalid Range") if "range" in ask.headers else ask.usual},
    ),
    keepalive_only("OPTIONS"),
    keepalive_only("OPTIONS", silent=True),
    keepalive_only("GET_PARAMETER", "OPTIONS"),
    replace(
        keepalive_only("GET_PARAMETER"), name="keepalive-unlisted", visits=2,
        what="counts only GET_PARAMETER, and does not list it (EvoStream)",
        expect=gap("camera-unreachable", "coupé", least=60),
        answers={"OPTIONS": lambda ask: ask.says("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")},
    ),
    Scenario(
        name="server-asks-options", what="the server sends OPTIONS and GET_PARAMETER",
        play=asks_client("OPTIONS {base} RTSP/1.0\r\nCSeq: 1\r\n\r\nGET_PARAMETER * RTSP/1.0\r\nCSeq: 2\r\n\r\n"),
    ),
    Scenario(
        name="server-announces", what="the server sends ANNOUNCE with a body in mid-stream",
        play=asks_client(
            "ANNOUNCE {base} RTSP/1.0\r\nCSeq: 9\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
        ),
    ),
    Scenario(
        name="server-tears-down", what="the server sends TEARDOWN and falls silent", visits=2,
        expect=gap("stream-stalled", "TEARDOWN"),
        play=asks_client_then_leaves("TEARDOWN {base} RTSP/1.0\r\nCSeq: 3\r\n\r\n"),
    ),
    Scenario(
        name="server-redirects", what="the server sends REDIRECT to itself in mid-stream", visits=2,
        expect=gap("stream-stalled", "REDIRECT"),
        play=asks_client_then_leaves("REDIRECT {base} RTSP/1.0\r\nCSeq: 3\r\nLocation: {base}\r\n\r\n"),
    ),
    Scenario(
        name="endless-head", what="a header that never ends", expect=refused("stream-damaged", "En-tête RTSP"),
        reply=lambda ask, said: said[:-2] + (b"X-More: " + b"a" * 500 + b"\r\n") * 60,
    ),
    Scenario(
        name="many-headers", what="300 header lines", expect=refused("stream-damaged", "champs"),
        reply=lambda ask, said: said[:-2] + b"X: y\r\n" * 300 + b"\r\n",
    ),
    Scenario(
        name="huge-body", what="a description of 10 MB", expect=refused("stream-damaged", "limite"),
        reply=lambda ask, said: re.sub(rb"Content-Length: \d+", b"Content-Length: 10000000", said),
    ),
    Scenario(
        name="web-server", what="an HTTP server answers", expect=refused("stream-damaged"),
        reply=lambda ask, said: b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    ),
    Scenario(
        name="not-rtsp", what="a server of another protocol", expect=refused("stream-damaged", "RTSP"),
        reply=lambda ask, said: b"SSH-2.0-OpenSSH_9.2\r\n\0\0\1\x14\x0a\x14" + bytes(200),
    ),
)  # fmt: skip
