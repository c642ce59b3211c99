"""Answers that are cut, doubled, mixed with pictures or measured wrongly, and what a server says unasked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from tests.fakes.zoo.accounts import ACCOUNT
from tests.fakes.zoo.messages import asks_client, keepalive_only
from tests.fakes.zoo.pictures import Packet
from tests.fakes.zoo.scenario import Answer, Scenario, gap, refused
from tests.fakes.zoo.server import SESSION, Ask, Peer
from tests.fakes.zoo.transport import at_address, setup_says

Reply = Callable[[Ask, bytes], bytes]


def ends(blank: bytes, line: bytes = b"\r\n") -> Reply:
    """Other line ends in the head: ``line`` after each, ``blank`` for the empty one."""

    def altered(ask: Ask, said: bytes) -> bytes:
        head, _, body = said.partition(b"\r\n\r\n")
        return head.replace(b"\r\n", line) + line + blank + body

    return altered


def on(methods: tuple[str, ...], change: Callable[[bytes], bytes]) -> Reply:
    """The same change of some answers."""
    return lambda ask, said: change(said) if ask.method in methods else said


def promises(count: int) -> Callable[[bytes], bytes]:
    """A body is announced that never comes."""
    return lambda said: said[:-2] + b"Content-Length: %d\r\n\r\n" % count


def in_pieces(ask: Ask) -> bytes:
    """The description comes in three pieces."""

    async def slowly() -> None:
        third = len(ask.usual) // 3
        for piece in (ask.usual[:third], ask.usual[third : 2 * third], ask.usual[2 * third :]):
            await ask.peer.send(piece)
            await asyncio.sleep(0.1)

    ask.peer.memory["pieces"] = asyncio.ensure_future(slowly())
    return b""


def halves(ask: Ask) -> bytes:
    """The first half of an answer; the other one comes after pictures (a server of two threads)."""
    ask.peer.memory["half"] = ask.usual[len(ask.usual) // 2 :]
    return ask.usual[: len(ask.usual) // 2]


def other_half(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    half = peer.memory.pop("half", None)
    return [*packets[:1], *([half] if isinstance(half, bytes) else []), *packets[1:]]


def unfinished(ask: Ask) -> bytes:
    """An answer without the blank line at its end."""
    return ask.usual[:-2]


def says_parameters(ask: Ask) -> bytes:
    return ask.says("200 OK", "Content-Type: text/parameters", body=b"price: $ 5\r\npackets: 17\r\n$\0\0\x04abcd")


def asks_first(ask: Ask) -> bytes:
    """A question of the server's own before its first answer."""
    return f"SET_PARAMETER {ask.uri} RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 6\r\n\r\na: b\r\n".encode() + ask.usual


def plays_unanswered(ask: Ask) -> None:
    ask.peer.memory["play"] = asyncio.ensure_future(ask.peer.zoo.play(ask.peer))


def refuses_range(status: str) -> dict[str, Answer]:
    """PLAY works only without a Range."""
    return {"PLAY": lambda ask: ask.says(status) if "range" in ask.headers else ask.usual}


def continues(ask: Ask) -> bytes:
    """100 Continue, and nothing else, for as long as the client listens."""

    async def forever() -> None:
        with contextlib.suppress(ConnectionError):
            while not ask.peer.writer.is_closing():
                await ask.peer.send(ask.says("100 Continue"))
                await asyncio.sleep(0.05)

    ask.peer.memory["forever"] = asyncio.ensure_future(forever())
    return b""


def moved(location: str) -> dict[str, Answer]:
    """DESCRIBE sends the client to ``location``, where ``{place}`` and ``{port}`` are the server's own."""

    def answer(ask: Ask) -> bytes:
        if ask.uri.endswith("/moved"):
            return ask.usual
        port = ask.peer.zoo.port
        there = location.format(place=f"127.0.0.1:{port}", port=port)
        return ask.says("302 Moved Temporarily", *([f"Location: {there}"] if location else []))

    return {"DESCRIBE": answer}


QUOTED = f'Session: {SESSION};timeout="2"'
KEPT = keepalive_only("GET_PARAMETER", "OPTIONS")

SCENARIOS = (
    Scenario(name="blank-line-lf", what="lines end in CR LF, the empty one in LF alone", reply=ends(b"\n")),
    Scenario(name="blank-line-crlf", what="lines end in LF, the empty one in CR LF", reply=ends(b"\r\n", b"\n")),
    Scenario(name="lines-cr-cr-lf", what="lines end in CR CR LF (written as text twice)", reply=ends(
        b"\r\r\n", b"\r\r\n")),
    Scenario(name="status-lower-case", what="rtsp/1.0 200 ok, in lower case", reply=lambda ask, said: said.replace(
        b"RTSP/1.0 200 OK", b"rtsp/1.0 200 ok", 1)),
    Scenario(name="status-blanks", what="several blanks in the status line", reply=lambda ask, said: said.replace(
        b"RTSP/1.0 200 OK", b"RTSP/1.0   200   OK  ", 1)),
    Scenario(name="content-length-negative", what="Content-Length: -1", reply=on(
        ("DESCRIBE",), lambda said: said.replace(b"Content-Length: ", b"Content-Length: -"))),
    Scenario(name="content-length-without-body", what="the answer to PLAY announces a body and pictures follow",
             reply=on(("PLAY",), promises(700))),
    Scenario(name="content-length-at-options", what="OPTIONS and SETUP announce bodies that never come", reply=on(
        ("OPTIONS", "SETUP"), promises(20))),
    Scenario(name="content-length-at-keepalive", what="answers to keepalives announce 60,000 bytes that never come",
             timeout_s=2, repeats=2, reply=on(("GET_PARAMETER",), promises(60_000))),
    Scenario(name="play-answer-unfinished", what="PLAY's answer has no empty line, pictures follow", answers={
        "PLAY": lambda ask: unfinished(ask)}),
    Scenario(name="keepalive-answer-unfinished", what="keepalives' answers have no empty line", timeout_s=2, repeats=2,
             answers={"GET_PARAMETER": unfinished}),
    Scenario(name="answer-between-fragments", what="a picture's frames inside the head of an answer", timeout_s=2,
             repeats=2, answers={"GET_PARAMETER": halves}, alter=other_half),
    Scenario(name="description-in-pieces", what="the description comes in three pieces", answers={
        "DESCRIBE": in_pieces}),
    Scenario(name="keepalive-with-body", what="keepalives are answered with parameters, dollar signs among them",
             timeout_s=2, repeats=2, answers={"GET_PARAMETER": says_parameters}),
    Scenario(name="answers-twice", what="every answer comes twice", reply=lambda ask, said: said + said),
    Scenario(name="server-asks-first", what="the server asks something before its first answer", answers={
        "OPTIONS": asks_first}),
    Scenario(name="server-announces-too-much", what="ANNOUNCE with a body that never comes", play=asks_client(
        "ANNOUNCE {base} RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 5000\r\n\r\n")),
    Scenario(name="server-notifies", what="PLAY_NOTIFY and a method that nobody knows", play=asks_client(
        "PLAY_NOTIFY {base} RTSP/2.0\r\nCSeq: 9\r\nNotify-Reason: media-properties-update\r\n\r\n"
        "X_TEA {base} RTSP/1.0\r\nCSeq: 10\r\n\r\n")),
    Scenario(name="unasked-answers", what="answers to nothing in mid-stream", play=asks_client(
        "RTSP/1.0 200 OK\r\nCSeq: 4711\r\n\r\nRTSP/1.0 454 Session Not Found\r\nCSeq: 2\r\n\r\n")),
    Scenario(name="play-unanswered-no-session", what="no Session, and PLAY is never answered: pictures come",
             answers=setup_says("RTP/AVP/TCP;unicast;interleaved=0-1", "") | {"PLAY": plays_unanswered}, repeats=2),
    Scenario(name="range-not-implemented", what="PLAY with a Range is answered 501", answers=refuses_range(
        "501 Not Implemented")),
    Scenario(name="range-bad-request", what="PLAY with a Range is answered 400", answers=refuses_range(
        "400 Bad Request")),
    Scenario(name="session-timeout-quoted", what='timeout="2", and the session is forgotten then', play=KEPT.play,
             answers=setup_says("RTP/AVP/TCP;unicast;interleaved=0-1", QUOTED), lasts_s=0.2),
    Scenario(name="channels-same", what="interleaved=0-0: pictures and reports on one channel", answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=0-0")),
    Scenario(name="redirect-relative", what="302 to a path without a host", answers=moved("/moved"), visits=2),
    Scenario(name="redirect-with-account", what="302 to the same host, with another account in the address",
             answers=moved("rtsp://root:secret@{place}/moved"), visits=2),
    Scenario(name="redirect-other-name", what="302 to another name, behind which the same server answers",
             account=ACCOUNT, answers=moved("rtsp://localhost:{port}/moved"), expect=refused(
                 "stream-refused", "autre")),
    Scenario(name="redirect-not-utf8", what="302 to a path that is no UTF-8", answers=moved("/\udce9t\udce9/moved"),
             visits=2),
    Scenario(name="content-base-not-utf8", what="Content-Base that is no UTF-8", answers=at_address(
        "trackID=1", "{base}/trackID=1", content_base="rtsp://127.0.0.1/\udce9\udcff/")),
    Scenario(name="control-brackets", what="a control attribute that no address can be made of", answers=at_address(
        "//[x", "rtsp://{place}//[x")),
    Scenario(name="session-not-utf8", what="a session that is no UTF-8", expect=refused("stream-damaged", "session"),
             answers=setup_says("RTP/AVP/TCP;unicast;interleaved=0-1", "Session: \udce9\udcff;timeout=60")),
    Scenario(name="redirect-nowhere", what="302 without Location", answers=moved(""), expect=refused(
        "stream-refused", "302")),
    Scenario(name="redirect-not-rtsp", what="302 to a web page of the camera", expect=refused(
        "stream-refused", "autre"), answers=moved("http://{place}/login.html")),
    Scenario(name="continue-forever", what="100 Continue without end", answers={"OPTIONS": continues}, expect=refused(
        "camera-unreachable", "répond")),
    Scenario(name="tls-alert", what="a TLS server answers on the port", expect=refused("stream-damaged", "RTSP"),
             reply=lambda ask, said: b"\x15\x03\x03\x00\x02\x02\x46"),
    Scenario(name="proxy-wants-account", what="407 to DESCRIBE", expect=refused("stream-refused", "407"), answers={
        "DESCRIBE": lambda ask: ask.says("407 Proxy Authentication Required")}),
    Scenario(name="try-later", what="503 with Retry-After to PLAY, once", visits=2, expect=gap("stream-refused", "503"),
             answers={"PLAY": lambda ask: ask.usual if ask.peer.number else ask.says(
                 "503 Service Unavailable", "Retry-After: 1")}),
)  # fmt: skip
