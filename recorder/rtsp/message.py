"""RTSP/1.0 messages (RFC 2326 §4–7): bytes in, one message out; every length has a limit.

The peer is a camera, so hostile by default: a message is either whole and sane, or not yet there, or ``StreamDamaged``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from recorder.rtsp.errors import StreamDamaged, dump

HEAD_LIMIT_BYTES: Final = 16 * 1024
HEADER_LIMIT_COUNT: Final = 64
BODY_LIMIT_BYTES: Final = 256 * 1024
# RFC 2326 has none longer than SET_PARAMETER; a longer first word is not RTSP.
METHOD_LIMIT_CHARS: Final = 24
VERSION: Final = "RTSP/1.0"
_BLANK_LINE: Final = re.compile(rb"\r*\n\r*\n")
# What no body begins with: a frame of pictures, or the next answer.
_NO_BODY: Final = (b"$", b"RTSP/1.")


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in order; names are compared without case, a name may occur several times."""

    fields: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        wanted = name.lower()
        return next((value for key, value in self.fields if key == wanted), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.fields if key == wanted)


@dataclass(frozen=True, slots=True)
class Response:
    """A camera's answer."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    # Whether a usable Content-Length said where the body ends; without one the body is what still comes.
    measured: bool = field(default=True, compare=False)

    @property
    def cseq(self) -> int | None:
        """The number of the request it answers; None when missing or not a number."""
        text = self.headers.get("cseq")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a camera sends to us (ANNOUNCE, OPTIONS…)."""

    method: str
    uri: str
    headers: Headers
    body: bytes


Message = Response | Request


def parse(data: bytes, where: str) -> tuple[Message, int] | None:
    """The message at the start of ``data`` and its length in bytes; None while it is not whole.

    Raises StreamDamaged for what cannot become a message whatever follows. Taken as cameras send them: bare LF line
    ends, folded fields, lines that are no field (left out), any RTSP version, bytes that are no UTF-8 (kept as they
    are, since a digest is computed over them), lengths that are no number (as if there were none), lengths of a body
    in whose place pictures or the next answer come.
    """
    head_end, body_start = _end_of_head(data)
    if head_end < 0:
        if len(data) >= HEAD_LIMIT_BYTES:
            raise StreamDamaged(f"En-tête RTSP de plus de {HEAD_LIMIT_BYTES} octets.", where=where)
        _check_start(data, where)
        return None
    if head_end > HEAD_LIMIT_BYTES:
        raise StreamDamaged(f"En-tête RTSP de plus de {HEAD_LIMIT_BYTES} octets.", where=where)
    lines = _lines(data[:head_end])
    headers = _headers(lines[1:], where)
    length = 0 if data.startswith(_NO_BODY, body_start) else _content_length(headers, where)
    if len(data) < body_start + (length or 0):
        return None
    body = data[body_start : body_start + (length or 0)]
    return _message(lines[0], headers, body, where, measured=length is not None), body_start + (length or 0)


def torn(data: bytes, where: str) -> Message | None:
    """The message whose head is ``data`` as far as it came, since pictures follow it; None when that is none."""
    head_end, _ = _end_of_head(data)
    lines = _lines(data[:head_end] if head_end >= 0 else data)
    try:
        return _message(lines[0], _headers(lines[1:], where), b"", where)
    except StreamDamaged:
        return None


def cut_short(data: bytes, where: str) -> Response | None:
    """The response at the start of ``data`` with as much of its body as has come, whatever its Content-Length says.

    None when the head itself is not whole, or is a request's.
    """
    head_end, body_start = _end_of_head(data)
    if not 0 <= head_end <= HEAD_LIMIT_BYTES:
        return None
    lines = _lines(data[:head_end])
    found = _message(lines[0], _headers(lines[1:], where), data[body_start:], where)
    return found if isinstance(found, Response) else None


def serialise(method: str, uri: str, headers: Mapping[str, str] | Sequence[tuple[str, str]]) -> bytes:
    """A request without a body, as bytes; ValueError when a line end would slip into the head."""
    fields = headers.items() if isinstance(headers, Mapping) else headers
    lines = [f"{method} {uri} {VERSION}", *(f"{name}: {value}" for name, value in fields)]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header field holds a line end")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def answer(request: Request, status: int, reason: str, *more: str) -> bytes:
    """A reply without a body to a request of the camera; ``more`` are further header lines, ours."""
    cseq = request.headers.get("cseq")
    lines = [f"{VERSION} {status} {reason}", *more]
    if cseq.isascii() and cseq.isdigit():
        lines.append(f"CSeq: {cseq[:10]}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _end_of_head(data: bytes) -> tuple[int, int]:
    found = _BLANK_LINE.search(data, 0, HEAD_LIMIT_BYTES + 4)
    return found.span() if found is not None else (-1, -1)


def _lines(head: bytes) -> list[str]:
    return [line.rstrip("\r") for line in head.decode("utf-8", "surrogateescape").split("\n")]


def _check_start(data: bytes, where: str) -> None:
    """An unfinished head must at least look like one, so that garbage fails now and not after 16 KiB."""
    first = data.split(b"\n", 1)[0]
    word = first.split(b" ", 1)[0]
    # Whatever is in view must be printable; the first word must be short enough for a method or a version.
    plain = all(32 <= byte < 127 or byte in b"\t\r" for byte in first[:256])
    if plain and len(word) <= METHOD_LIMIT_CHARS and len(first) < len(data):  # the whole first line is in view
        _message(first.decode("ascii", "replace").rstrip("\r"), Headers(()), b"", where)
    elif not plain or len(word) > METHOD_LIMIT_CHARS:
        raise StreamDamaged("Ce que la caméra envoie n’est pas du RTSP.", where=f"{where}, {dump(data)}")


def _headers(lines: Sequence[str], where: str) -> Headers:
    if len(lines) > HEADER_LIMIT_COUNT:
        raise StreamDamaged(f"Plus de {HEADER_LIMIT_COUNT} champs d’en-tête RTSP.", where=where)
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and fields:  # folded line: belongs to the field above
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon and name.strip():
            fields.append((name.strip().lower(), value.strip()))
    return Headers(tuple(fields))


def _content_length(headers: Headers, where: str) -> int | None:
    text = headers.get("content-length")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    if int(text) > BODY_LIMIT_BYTES:
        raise StreamDamaged(f"Corps RTSP annoncé de {text} octets, limite {BODY_LIMIT_BYTES}.", where=where)
    return int(text)


def _message(start: str, headers: Headers, body: bytes, where: str, *, measured: bool = True) -> Message:
    first, _, rest = start.partition(" ")
    if first.upper().startswith("RTSP/"):
        code, _, reason = rest.strip().partition(" ")
        if len(code) == 3 and code.isascii() and code.isdigit():
            return Response(int(code), reason.strip(), headers, body, measured)
    else:
        uri, _, version = rest.strip().rpartition(" ")
        if first.isascii() and first.replace("_", "").isalpha() and uri and version.startswith("RTSP/"):
            return Request(first, uri, headers, body)
    raise StreamDamaged("Première ligne RTSP illisible.", where=f"{where}, {start[:60]!r}")
