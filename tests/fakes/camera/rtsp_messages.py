"""Bytes in, RTSP requests and interleaved frames out (RFC 2326 §6, §10.12), and responses as bytes."""

from __future__ import annotations

from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024


class NotRtsp(Exception):
    """The peer does not speak RTSP."""


@dataclass(frozen=True, slots=True)
class Request:
    """One RTSP request; header names in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def sequence(self) -> str:
        """The CSeq, to be repeated in the answer."""
        return self.headers.get("cseq", "0")


@dataclass(frozen=True, slots=True)
class Interleaved:
    """A frame that the client sent between requests, such as an RTCP receiver report."""

    channel: int
    payload: bytes


class Reader:
    """Collects bytes and yields what is complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Request | Interleaved]:
        """Everything complete after these bytes; raises NotRtsp."""
        self._buffer += data
        found: list[Request | Interleaved] = []
        while self._buffer:
            item = self._interleaved() if self._buffer[0] == 0x24 else self._request()
            if item is None:
                break
            found.append(item)
        return found

    def _interleaved(self) -> Interleaved | None:
        if len(self._buffer) < 4:
            return None
        end = 4 + int.from_bytes(self._buffer[2:4], "big")
        if len(self._buffer) < end:
            return None
        frame = Interleaved(self._buffer[1], bytes(self._buffer[4:end]))
        del self._buffer[:end]
        return frame

    def _request(self) -> Request | None:
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise NotRtsp("no end of header")
            return None
        lines = bytes(self._buffer[:head_end]).decode("utf-8", "replace").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("RTSP/1."):
            raise NotRtsp(lines[0][:80])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            raise NotRtsp("bad Content-Length")
        end = head_end + 4 + int(length)
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[head_end + 4 : end])
        del self._buffer[:end]
        return Request(parts[0], parts[1], headers, body)


def response(status: str, sequence: str, headers: list[tuple[str, str]] | None = None, body: bytes = b"") -> bytes:
    """One RTSP response."""
    lines = [f"RTSP/1.0 {status}", f"CSeq: {sequence}", "Server: virtual camera"]
    lines += [f"{name}: {value}" for name, value in headers or []]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
