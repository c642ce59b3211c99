"""SOAP over HTTP with a camera that may be anything: bounded answers, accounts, faults (O-24)."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from base64 import b64decode, b64encode

import pytest

from tests.fakes.scripted_http import Host, answer, fixed, scripted
from vms.clock import ManualClock, SystemClock, UtcTime
from vms.errors import Damaged, Unauthenticated, Unavailable
from vms.onvif.soap import (
    DEVICE,
    MAX_ANSWER_BYTES,
    AnswerRefused,
    Credential,
    NotPermitted,
    SoapFault,
    WrongCredential,
    element,
    envelope,
    open_envelope,
    tag,
    username_token,
)
from vms.onvif.soap_client import SoapClient

ENVELOPE = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>%s</s:Body></s:Envelope>'
HELLO = ENVELOPE % b'<d:HelloResponse xmlns:d="http://www.onvif.org/ver10/device/wsdl"/>'
SECRET = Credential("admin", "correct horse")
CHALLENGE = 'WWW-Authenticate: Digest realm="cam", nonce="n1", qop="auth", algorithm={}\r\n'


def fault(*codes: str) -> bytes:
    """A SOAP fault with nested codes, outermost first."""
    nested = ""
    for code in reversed(codes[1:]):
        nested = f"<s:Subcode><s:Value>ter:{code}</s:Value>{nested}</s:Subcode>"
    reason = '<s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason>'
    return ENVELOPE % f"<s:Fault><s:Code><s:Value>s:{codes[0]}</s:Value>{nested}</s:Code>{reason}</s:Fault>".encode()


async def call(host: Host, credential: Credential | None = None, timeout_s: float = 5.0) -> str:
    """One call; the tag of what came back."""
    async with SoapClient(SystemClock(), credential, call_timeout_s=timeout_s) as soap:
        return (await soap.call(host.url, element(tag(DEVICE, "Hello")))).tag


async def test_an_answer_comes_back_as_its_body() -> None:
    async with scripted(fixed(answer(HELLO))) as host:
        assert await call(host) == tag(DEVICE, "HelloResponse")
    assert b"<tds:Hello" in host.requests[0]
    assert b"authorization" not in host.requests[0].lower()


BOMB = b'<!DOCTYPE x [<!ENTITY a "boom"><!ENTITY b "&a;&a;">]>' + HELLO


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\ncut",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
        answer(b""),
        answer(b"<html><body><h1>It works!</h1><br></body></html>"),
        answer(b"\x00\xff\xfe"),
        answer(BOMB),
        answer(HELLO.replace(b"2003/05/soap-envelope", b"2001/12/other")),
        answer(ENVELOPE % b""),
        answer(HELLO, "302 Found", "Location: http://127.0.0.1:1/\r\n"),
        answer(b"oops", "500 Internal Server Error"),
        answer(b"oops", "404 Not Found"),
        answer(gzip.compress(HELLO), headers="Content-Encoding: gzip\r\n"),
    ],
)
async def test_what_is_no_soap_answer_is_a_clear_error(reply: bytes) -> None:
    async with scripted(fixed(reply)) as host:
        with pytest.raises(Damaged) as caught:
            await call(host)
    assert host.url.split("/")[2] in caught.value.where
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized"])
async def test_an_endless_answer_is_cut(status: str) -> None:
    """Also when it is the refusal that a digest client would read to its end before answering."""
    sent = 0

    async def endless(host: Host, _: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        head = f"HTTP/1.1 {status}\r\n{CHALLENGE.format('MD5')}\r\n"
        writer.write(head.encode())
        while sent < 64 * MAX_ANSWER_BYTES:
            writer.write(b"<x>" * 10_000)
            sent += 30_000
            await writer.drain()

    async with scripted(endless) as host:
        with pytest.raises(AnswerRefused, match="coupée"):
            await call(host, SECRET)
    assert sent < 32 * MAX_ANSWER_BYTES


async def test_an_answer_that_drips_ends_with_the_call() -> None:
    async def drip(host: Host, _: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with scripted(drip) as host:
        with pytest.raises(Unavailable, match="à temps"):
            await call(host, timeout_s=0.5)


async def test_nobody_there_is_unavailable() -> None:
    async with scripted(fixed(answer(HELLO))) as host:
        pass
    with pytest.raises(Unavailable):
        await call(host)


def digest_response(request: bytes, algorithm: str) -> bool:
    """Whether the request proves SECRET (RFC 7616), computed here on its own."""
    given = {k: a or b for k, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', request.decode("latin-1"))}
    hashed = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def h(text: str) -> str:
        return hashed(text.encode()).hexdigest()

    ha1, ha2 = h(f"{SECRET.username}:cam:{SECRET.password}"), h(f"POST:{given.get('uri', '')}")
    wanted = h(f"{ha1}:n1:{given.get('nc', '')}:{given.get('cnonce', '')}:auth:{ha2}")
    return given.get("response") == wanted


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_digest_is_answered(algorithm: str) -> None:
    async def door(host: Host, request: bytes, writer: asyncio.StreamWriter) -> None:
        if digest_response(request, algorithm):
            writer.write(answer(HELLO))
        else:
            writer.write(answer(b"", "401 Unauthorized", CHALLENGE.format(algorithm)))

    async with scripted(door) as host, SoapClient(SystemClock(), SECRET) as soap:
        await soap.call(host.url, element(tag(DEVICE, "Hello")))
        await soap.call(host.url, element(tag(DEVICE, "Hello")))
        assert not soap.legacy_token
    assert len(host.requests) == 3  # the second call proves itself at once


async def test_a_wrong_password_is_said_and_never_sent_in_clear() -> None:
    refusal = answer(b"", "401 Unauthorized", CHALLENGE.format("MD5"))
    async with scripted(fixed(refusal)) as host:
        with pytest.raises(WrongCredential) as caught:
            await call(host, SECRET)
    assert isinstance(caught.value, Unauthenticated)
    assert len(host.requests) == 2  # one question, one try: cameras lock accounts out
    for secret in (SECRET.password.encode(), b64encode(SECRET.password.encode())):
        assert not any(secret in request for request in host.requests)
    assert SECRET.password not in f"{caught.value!r}{caught.value}{SECRET!r}"


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="x", nonce="n", qop="auth-int"',
        'Digest realm="x", nonce="n", algorithm=WHIRL, qop="auth"',
        "Digest nonsense",
    ],
)
async def test_an_unknown_digest_is_a_clear_error(challenge: str) -> None:
    async with scripted(fixed(answer(b"", "401 Unauthorized", f"WWW-Authenticate: {challenge}\r\n"))) as host:
        with pytest.raises(AnswerRefused) as caught:
            await call(host, SECRET)
    assert caught.value.rule == "O-24"


async def test_basic_is_never_answered() -> None:
    refusal = answer(b"", "401 Unauthorized", 'WWW-Authenticate: Basic realm="x"\r\n')
    async with scripted(fixed(refusal)) as host:
        with pytest.raises(WrongCredential):
            await call(host, SECRET)
    assert not any(b"basic" in request.lower() for request in host.requests)


async def test_a_legacy_camera_gets_a_username_token_on_its_own_clock() -> None:
    """agsh/onvif #249: refused when the clocks differ, so the token is dated on the camera's clock."""
    clock = ManualClock(UtcTime.parse("2026-11-24T14:00:00Z"))
    answers = fixed(answer(fault("Sender", "NotAuthorized"), "400 Bad Request"), answer(HELLO))
    async with scripted(answers) as host, SoapClient(clock, SECRET) as soap:
        soap.clock_offset_us = -3600 * 1_000_000
        await soap.call(host.url, element(tag(DEVICE, "Hello")))
        assert soap.legacy_token
    [nonce] = re.findall(rb"Nonce[^>]*>([^<]+)<", host.requests[1])
    [created] = re.findall(rb"Created>([^<]+)<", host.requests[1])
    [given] = re.findall(rb"PasswordDigest\">([^<]+)<", host.requests[1])
    assert created == b"2026-11-24T13:00:00Z"
    digest = hashlib.sha1(b64decode(nonce) + created + SECRET.password.encode()).digest()
    assert b64decode(given) == digest


def test_the_username_token_example_of_the_specification_shape() -> None:
    header = username_token(SECRET, UtcTime.parse("2026-01-01T00:00:00Z"), b"0123456789abcdef")
    written = envelope(element(tag(DEVICE, "Hello")), header)
    assert b"wsse:Security" in written
    assert SECRET.password.encode() not in written


async def test_an_account_without_the_right_is_told_apart_from_a_wrong_one() -> None:
    refusal = answer(b"", "401 Unauthorized", CHALLENGE.format("MD5"))
    for said in (answer(fault("Sender", "NotAuthorized"), "400 Bad Request"), answer(b"", "403 Forbidden")):
        async with scripted(fixed(refusal, said)) as host:
            with pytest.raises(NotPermitted) as caught:
                await call(host, SECRET)
        assert caught.value.rule == "O-25"


async def test_a_fault_keeps_its_codes() -> None:
    async with scripted(fixed(answer(fault("Receiver", "ActionNotSupported", "Whatever"), "500 Oops"))) as host:
        with pytest.raises(SoapFault) as caught:
            await call(host)
    assert caught.value.codes == ("Receiver", "ActionNotSupported", "Whatever")
    assert caught.value.unsupported
    assert not caught.value.unauthorised


def test_a_fault_that_says_it_in_words_only_is_understood() -> None:
    """ipycam 1.3: no subcode, "Action not supported" as the reason."""
    with pytest.raises(SoapFault) as caught:
        open_envelope(fault("Receiver").replace(b">no<", b">Action not supported: X<"), "cam")
    assert caught.value.unsupported


def test_a_fault_with_endless_subcodes_is_bounded_by_depth() -> None:
    with pytest.raises(Damaged):
        open_envelope(fault("Sender", *["A"] * 100), "cam")
