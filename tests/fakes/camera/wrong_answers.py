"""HTTP answers that no honest camera gives: each bounded here, so that a client that trusts them hurts only itself."""

from __future__ import annotations

import asyncio

ENDLESS_LIMIT_BYTES = 256 << 20
CHUNK_BYTES = 64 << 10
BOMB_LEVELS = 12
KINDS = (
    "not-xml",
    "xml-bomb",
    "external-entity",
    "endless",
    "endless-header",
    "truncated",
    "http-500",
    "empty",
    "html",
)


def bomb() -> bytes:
    """A document of some kilobytes whose entities expand to billions of characters."""
    lines = ['<?xml version="1.0"?>', "<!DOCTYPE bomb [", '<!ENTITY e0 "boom">']
    lines += [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, BOMB_LEVELS)]
    lines.append("]>")
    envelope = '<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Body>'
    lines.append(f"{envelope}<x>&e{BOMB_LEVELS - 1};</x></env:Body></env:Envelope>")
    return "\n".join(lines).encode()


def _external_entity() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/hostname">]>'
        b'<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Body><x>&file;</x></env:Body></env:Envelope>'
    )


async def send(kind: str, writer: asyncio.StreamWriter) -> None:
    """Send the wrong answer named ``kind`` (one of ``KINDS``)."""
    if kind == "endless":
        await _endless(
            writer,
            b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n\r\n<env:Envelope>",
            b"<x>boom</x>",
        )
    elif kind == "endless-header":
        await _endless(writer, b"HTTP/1.1 200 OK\r\nX-Boom: ", b"boom")
    else:
        writer.write(_whole(kind))
        await writer.drain()


def _whole(kind: str) -> bytes:
    if kind == "http-500":
        return b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops"
    bodies = {
        "not-xml": b"\x00\x01\x02 this is not XML \xff\xfe",
        "xml-bomb": bomb(),
        "external-entity": _external_entity(),
        "truncated": b'<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Body><tds:GetDev',
        "empty": b"",
        "html": b"<html><body><h1>It works!</h1><br></body></html>",
    }
    body = bodies[kind]
    length = len(body) + (4096 if kind == "truncated" else 0)
    media = "text/html" if kind == "html" else "application/soap+xml; charset=utf-8"
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode()
        + body
    )


async def _endless(writer: asyncio.StreamWriter, head: bytes, piece: bytes) -> None:
    writer.write(head)
    chunk = piece * (CHUNK_BYTES // len(piece))
    for _ in range(ENDLESS_LIMIT_BYTES // len(chunk)):
        writer.write(chunk)
        await writer.drain()
