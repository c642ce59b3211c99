"""Talk that goes another way than it should: late and refused answers, redirections, lengths wrong by one, tracks."""

from __future__ import annotations

import asyncio
import contextlib
import re

from tests.fakes.zoo.accounts import ACCOUNT, DIGEST, PASSWORD, asks, digest_of, given_by
from tests.fakes.zoo.descriptions import Describe, fmtp, swap
from tests.fakes.zoo.messages import length
from tests.fakes.zoo.packets import reports
from tests.fakes.zoo.pictures import Packet
from tests.fakes.zoo.scenario import Alter, Answer, Scenario, refused
from tests.fakes.zoo.server import SESSION, Ask
from tests.fakes.zoo.transport import at_address, on_channel, setup_says

TCP = "RTP/AVP/TCP;unicast;interleaved=0-1"


def answers_late(status: str) -> Answer:
    """PLAY is obeyed at once, and answered when pictures have come; what is asked again is refused."""

    def answer(ask: Ask) -> bytes | None:
        async def later() -> None:
            playing = asyncio.ensure_future(ask.peer.zoo.play(ask.peer))
            await asyncio.sleep(0.5)
            with contextlib.suppress(ConnectionError):
                await ask.peer.send(ask.says(status, f"Session: {SESSION}"))
            await playing

        if "late" in ask.peer.memory:
            return ask.says("455 Method Not Valid in This State")
        ask.peer.memory["late"] = asyncio.ensure_future(later())
        return None

    return answer


def plays_at_setup(ask: Ask) -> bytes:
    """Pictures begin with SETUP."""
    ask.peer.memory["play"] = asyncio.ensure_future(ask.peer.zoo.play(ask.peer))
    return ask.usual


def hops(*statuses: str) -> dict[str, Answer]:
    """DESCRIBE sends the client on, as often as there are statuses."""

    def answer(ask: Ask) -> bytes:
        found = re.search(r"/hop(\d)$", ask.uri)
        number = int(found[1]) if found else 0
        if number == len(statuses):
            return ask.usual
        return ask.says(statuses[number], f"Location: {ask.peer.zoo.base}/hop{number + 1}")

    return {"DESCRIBE": answer}


def sent_away_at(method: str, usual: Answer | None = None) -> dict[str, Answer]:
    """This method works elsewhere only; the scheme of the address is in capitals, and a page says so too."""

    def answer(ask: Ask) -> bytes | None:
        if "/there" in ask.uri:
            return usual(ask) if usual is not None else ask.usual
        there = f"RTSP{ask.peer.zoo.base[4:]}/there"
        return ask.says("303 See Other", f"Location: {there}", body=b"<html>moved</html>")

    return {method: answer}


def parameters(by: int) -> dict[str, Answer]:
    """Keepalives are answered with parameters whose length is wrong."""

    def answer(ask: Ask) -> bytes:
        said = ask.says("200 OK", "Content-Type: text/parameters", body=b"a: b\r\nxy")
        return length(by)(ask, said)

    return {"GET_PARAMETER": answer}


def says(status: str, *lines: str) -> Answer:
    """Another answer."""
    return lambda ask: ask.says(status, *lines)


def refuses_all(ask: Ask) -> bytes:
    """OPTIONS is refused once the client plays."""
    return ask.usual if len(ask.peer.asked) < 3 else ask.says("405 Method Not Allowed")


def behind(track: bytes) -> Describe:
    """Another video track before ours."""
    return swap(b"m=video 0", b"m=video 0 " + track + b"\r\na=control:trackID=7\r\nm=video 0")


def counted(ask: Ask) -> bytes:
    """Each request's number of uses of the nonce must be one more than the last (RFC 7616 §3.4)."""
    given, uses = given_by(ask), int(str(ask.peer.memory.get("uses", 0)))
    if given.get("nonce") != "n0":
        return ask.says("401 Unauthorized", f'WWW-Authenticate: {DIGEST.format(nonce="n0")}, qop="auth"')
    if given.get("nc") != f"{uses + 1:08x}" or given.get("response") != digest_of(ask, given, "IP Camera", PASSWORD):
        return ask.says("400 Bad Request")
    ask.peer.memory["uses"] = uses + 1
    return ask.usual


def announced(ask: Ask) -> bytes:
    """A nonce is good for one request; the next one is told beside each answer (Authentication-Info)."""
    given, number = given_by(ask), int(str(ask.peer.memory.get("nonce", 0)))
    ask.peer.memory["nonce"] = number + 1
    if given.get("nonce") == f"n{number}" and given.get("response") == digest_of(ask, given, "IP Camera", PASSWORD):
        return ask.usual.replace(b"\r\n", f'\r\nAuthentication-Info: nextnonce="n{number + 1}"\r\n'.encode(), 1)
    return ask.says("401 Unauthorized", f"WWW-Authenticate: {DIGEST.format(nonce=f'n{number + 1}')}")


def after_a_while(ask: Ask) -> bytes | None:
    """A keepalive's answer comes when the next one is due."""

    async def later() -> None:
        await asyncio.sleep(1.7)
        with contextlib.suppress(ConnectionError):
            await ask.peer.send(ask.usual)

    if ask.method == "OPTIONS" and len(ask.peer.asked) < 3:
        return ask.usual
    ask.peer.memory[ask.cseq] = asyncio.ensure_future(later())
    return None


def now_and_then(said: bytes) -> Alter:
    """Bytes between the frames of every seventh picture."""
    return lambda peer, index, packets: [packets[0], *([said] if index % 7 == 3 else []), *packets[1:]]


GUARDED = ("DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER")
STALE = Packet(b"\x41\x9a" + bytes(99), 99, 7, ssrc=0xBAD, marker=True).framed()


def with_account() -> dict[str, Answer]:
    guarded = asks(DIGEST)
    return guarded | sent_away_at("DESCRIBE", guarded["DESCRIBE"])


SCENARIOS = (
    Scenario(name="play-answered-late", what="PLAY is answered when pictures have come", answers={
        "PLAY": answers_late("200 OK")}),
    Scenario(name="play-refused-late", what="PLAY is refused when pictures have come: 455", answers={
        "PLAY": answers_late("455 Method Not Valid in This State")}),
    Scenario(name="play-fails-late", what="PLAY is refused when pictures have come: 500", answers={
        "PLAY": answers_late("500 Internal Server Error")}),
    Scenario(name="plays-at-setup", what="pictures begin with SETUP, PLAY is never answered", answers={
        "SETUP": plays_at_setup, "PLAY": lambda ask: None}),
    Scenario(name="redirect-chain", what="302, then 303, then 301, all to the same host", visits=4,
             answers=hops("302 Found", "303 See Other", "301 Moved Permanently")),
    Scenario(name="redirect-chain-long", what="five redirections", visits=4, expect=refused("stream-refused", "30"),
             answers=hops("302 a", "303 b", "301 c", "307 d", "308 e")),
    *(Scenario(name=f"redirect-at-{method.lower()}", what=f"303 to {method}", visits=2, answers=sent_away_at(method))
      for method in ("OPTIONS", "SETUP", "PLAY")),
    Scenario(name="redirect-to-an-account", what="303, and an account is asked for there", visits=2, account=ACCOUNT,
             answers=with_account()),
    Scenario(name="content-length-one-short", what="Content-Length 1 too small", reply=length(-1)),
    Scenario(name="content-length-one-long", what="Content-Length 1 too large", reply=length(1)),
    Scenario(name="content-length-twice", what="two Content-Length fields, the first one wrong", reply=lambda ask, said:
             said.replace(b"Content-Length:", b"Content-Length: 7\r\nContent-Length:")),
    *(Scenario(name=f"keepalive-length-{name}", what=f"keepalives' answers are {name} by one", timeout_s=2, repeats=2,
               answers=parameters(by)) for name, by in (("short", -1), ("long", 1))),
    Scenario(name="keepalive-fails", what="keepalives are answered 500", timeout_s=2, repeats=2, answers={
        "GET_PARAMETER": says("500 Internal Server Error")}),
    Scenario(name="keepalive-redirects", what="keepalives are answered 302", timeout_s=2, repeats=2, answers={
        "GET_PARAMETER": says("302 Found", "Location: rtsp://198.51.100.7/x")}),
    Scenario(name="keepalive-all-refused", what="no method at all keeps alive, and none is needed", timeout_s=2,
             repeats=2, answers={"GET_PARAMETER": says("551 Option Not Supported"), "OPTIONS": refuses_all}),
    Scenario(name="public-without-commas", what="methods in lower case, parted by blanks", timeout_s=2, repeats=2,
             answers={"OPTIONS": says("200 OK", "Public: options describe get_parameter")}),
    Scenario(name="transport-lower-case", what="the Transport header in lower case", answers=setup_says(TCP.lower())),
    Scenario(name="transport-two", what="two transports in one header", answers=setup_says(
        f"{TCP},RTP/AVP;unicast;client_port=5000-5001")),
    Scenario(name="channels-swapped", what="interleaved=1-0, and so it is", alter=on_channel(1), answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=1-0")),
    Scenario(name="channels-swapped-said-only", what="interleaved=1-0, and it is not so", answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=1-0")),
    Scenario(name="channels-as-asked", what="promises 2-3, sends on 0 and 1 as asked", alter=reports(0),
             answers=setup_says("RTP/AVP/TCP;unicast;interleaved=2-3")),
    Scenario(name="session-signs", what="a session of brackets and quotes", answers=setup_says(
        TCP, "Session: {[<abc>]}\"'|;timeout=60")),
    Scenario(name="session-timeout-negative", what="timeout=-5", answers=setup_says(TCP, "Session: 1;timeout=-5")),
    Scenario(name="types-interleaved-first", what="three types, the first of mode 2, the second of another clock",
             description=swap(b"m=video 0 RTP/AVP 96", b"m=video 0 RTP/AVP 98 97 96\r\na=rtpmap:98 H264/90000\r\n"
                              b"a=fmtp:98 packetization-mode=2;sprop-interleaving-depth=1\r\na=rtpmap:97 H264/25000")),
    Scenario(name="track-encrypted-first", what="an encrypted track before ours", description=behind(
        b"RTP/SAVP 97\r\na=rtpmap:97 H264/90000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AA")),
    Scenario(name="track-wrong-clock-first", what="a track of another clock before ours", description=behind(
        b"RTP/AVP 97\r\na=rtpmap:97 H264/25000")),
    Scenario(name="track-out-of-order-first", what="an H.265 track with decoding order numbers before ours",
             description=behind(b"RTP/AVP 97\r\na=rtpmap:97 H265/90000\r\na=fmtp:97 sprop-max-don-diff=2")),
    Scenario(name="don-diff-blank", what="sprop-max-don-diff without a value", codec="h265", description=swap(
        b"sprop-vps", b"sprop-max-don-diff=;sprop-vps")),
    Scenario(name="sets-broken", what="the described parameter sets are cut and of another alphabet", description=fmtp(
        b"packetization-mode=1;sprop-parameter-sets=Z0IA*=,aM4=-_")),
    Scenario(name="fmtp-without-type", what="fmtp without its payload type", description=swap(
        b"a=fmtp:96 ", b"a=fmtp:")),
    Scenario(name="control-query", what="a query in the control attribute", answers=at_address(
        "trackID=1?a=b&c=d", "{base}/trackID=1?a=b&c=d")),
    Scenario(name="control-dots", what="two dots in the control attribute, resolved as a link", answers=at_address(
        "../stream/trackID=1", "rtsp://{place}/stream/trackID=1")),
    Scenario(name="nonce-counted", what="uses of the nonce must be counted without a gap", account=ACCOUNT, timeout_s=2,
             repeats=2, answers=dict.fromkeys(GUARDED, counted)),
    Scenario(name="nonce-announced", what="the next nonce is told beside each answer", account=ACCOUNT, timeout_s=2,
             repeats=2, answers=dict.fromkeys(GUARDED, announced)),
    Scenario(name="keepalives-answered-late", what="keepalives are answered when the next is due", timeout_s=2,
             repeats=3, answers={"GET_PARAMETER": after_a_while, "OPTIONS": after_a_while}),
    Scenario(name="frame-before-body", what="a stale packet between the description's head and body", answers={
        "DESCRIBE": lambda ask: ask.usual.replace(b"\r\n\r\n", b"\r\n\r\n" + STALE, 1)}),
    Scenario(name="length-zero-then-body", what="Content-Length 0, and a description behind it", answers={
        "DESCRIBE": lambda ask: re.sub(rb"Content-Length: \d+", b"Content-Length: 0", ask.usual)}),
    Scenario(name="cseq-with-method", what="the method stands behind the number, as in SIP", timeout_s=2, repeats=2,
             reply=lambda ask, said: re.sub(rb"CSeq: (\d+)", rb"CSeq: \1 " + ask.method.encode(), said)),
    Scenario(name="answer-with-body-amid-fragments", what="an answer whose body holds a dollar sign, amid fragments",
             alter=now_and_then(b"RTSP/1.0 200 OK\r\nCSeq: 99\r\nContent-Length: 5\r\n\r\na$b\r\n")),
    Scenario(name="requests-amid-fragments", what="requests of odd methods amid fragments", alter=now_and_then(
        b"options * RTSP/1.0\r\nCSeq: 1\r\n\r\nPAUSE * RTSP/1.0\r\nCSeq: 2\r\n\r\n")),
    Scenario(name="http-amid-fragments", what="an HTTP answer amid fragments", alter=now_and_then(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
    Scenario(name="channels-in-quotes", what='interleaved="6-7", and so it is', alter=on_channel(6),
             answers=setup_says('RTP/AVP/TCP;unicast;interleaved="6-7"')),
)  # fmt: skip
