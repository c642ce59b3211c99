"""The HTTP face of a virtual camera: SOAP over POST, authentication, and answers that are wrong on command."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.fakes.camera import onvif_device, onvif_events, onvif_media, onvif_media2, onvif_recordings, wrong_answers
from tests.fakes.camera.accounts import Access, Account
from tests.fakes.camera.operations import Operation
from tests.fakes.camera.soap import (
    CONTENT_TYPE,
    DEVICE,
    EVENTS,
    MEDIA,
    MEDIA2,
    NOTIFICATION,
    RECORDING,
    REPLAY,
    SEARCH,
    Call,
    Fault,
    answer,
    parse,
)

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera

MAX_HEAD_BYTES = 32 * 1024
MAX_BODY_BYTES = 256 * 1024
IDLE_S = 60.0
STOP_LIMIT_S = 2.0
PATHS = tuple(f"/onvif/{path}" for path in onvif_device.SERVICE_PATHS.values())
SERVICES: dict[str, dict[str, Operation]] = {
    DEVICE: onvif_device.OPERATIONS,
    MEDIA: onvif_media.OPERATIONS,
    MEDIA2: onvif_media2.OPERATIONS,
    SEARCH: onvif_recordings.SEARCH_OPERATIONS,
    REPLAY: onvif_recordings.REPLAY_OPERATIONS,
    RECORDING: onvif_recordings.RECORDING_OPERATIONS,
    EVENTS: onvif_events.EVENT_OPERATIONS,
    NOTIFICATION: onvif_events.NOTIFICATION_OPERATIONS,
}


class NeedsDigest(Exception):
    """The operation needs an account and none was proved by digest; ``stale`` when only the nonce was old."""

    def __init__(self, stale: bool) -> None:
        super().__init__("authentication needed")
        self.stale = stale


class OnvifServer:
    """Serves one camera's ONVIF services on its address."""

    def __init__(self, camera: VirtualCamera) -> None:
        self._camera = camera
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen; the port actually bound goes to the camera."""
        camera = self._camera
        self._server = await asyncio.start_server(
            self._serve, camera.config.address, camera.http_port, limit=MAX_HEAD_BYTES
        )
        camera.http_port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the socket and what is connected to it."""
        if self._server:
            self._server.close()
        if self._connections:
            for writer in self._connections.values():
                writer.transport.abort()
            await asyncio.wait(tuple(self._connections), timeout=STOP_LIMIT_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections[task] = writer
        try:
            while not self._camera.faults.cut and await self._exchange(reader, writer):
                pass
        except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError, ValueError):
            pass
        finally:
            writer.close()
            if task is not None:
                self._connections.pop(task, None)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False ends the connection."""
        async with asyncio.timeout(IDLE_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ", 2)
            pairs = (line.partition(":") for line in head[1:] if line)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            if headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            length = int(headers.get("content-length", "0"))
            if not 0 <= length <= MAX_BODY_BYTES:
                return False
            body = await reader.readexactly(length)
        faults = self._camera.faults
        if faults.slow_s:
            await asyncio.sleep(faults.slow_s)
        if faults.soap:
            await wrong_answers.send(faults.soap, writer)
            return False
        if method != "POST" or path.split("?")[0] not in PATHS:
            await _respond(writer, "404 Not Found", b"", [])
            return True
        self._camera.asked_path = path
        status, extra, answered = self._answer(method, body, headers.get("authorization", ""))
        await _respond(writer, status, answered, extra)
        return headers.get("connection", "").lower() != "close"

    def _answer(self, method: str, body: bytes, authorization: str) -> tuple[str, list[tuple[str, str]], bytes]:
        try:
            call = parse(body)
            operation = self._operation(call)
            account = self._authenticate(call, authorization, method, operation)
            if operation.access is not Access.PRE_AUTH:
                self._authorise(account, operation)
            answered = answer(operation.handle(self._camera, call))
            self._camera.remember()
            return "200 OK", [], answered
        except NeedsDigest as needed:
            challenges = self._camera.door.challenges(stale=needed.stale)
            return "401 Unauthorized", [("WWW-Authenticate", value) for value in challenges], b""
        except Fault as fault:
            return fault.status, [], fault.envelope()

    def _operation(self, call: Call) -> Operation:
        missing = {MEDIA2} if not self._camera.config.media2 else set()
        missing |= set() if self._camera.config.card else {SEARCH, REPLAY, RECORDING, EVENTS, NOTIFICATION}
        if call.namespace in missing:
            raise Fault("no such service", "ter:ActionNotSupported", "ter:NoSuchService", code="Receiver")
        operation = SERVICES.get(call.namespace, {}).get(call.name)
        if operation is None:
            raise Fault(f"{call.name} is not supported", "ter:ActionNotSupported", code="Receiver")
        return operation

    def _authenticate(self, call: Call, authorization: str, method: str, operation: Operation) -> Account | None:
        camera = self._camera
        if authorization:
            account, stale = camera.door.check(authorization, method)
            if account is None and operation.access is not Access.PRE_AUTH:
                camera.counts.refused += not stale
                raise NeedsDigest(stale)
            return account
        token = call.token
        if token is not None and camera.config.username_token and not camera.door.refuse_everybody:
            account = camera.accounts.check_username_token(token.name, token.digest, token.nonce, token.created)
            if account is None and operation.access is not Access.PRE_AUTH:
                camera.counts.refused += 1
                raise Fault("wrong user name or password", "ter:NotAuthorized")
            return account
        if operation.access is not Access.PRE_AUTH:
            raise NeedsDigest(False)
        return None

    def _authorise(self, account: Account | None, operation: Operation) -> None:
        if account is None or not self._camera.accounts.may(account, operation.access):
            factory = account is not None and account.factory
            reason = "change the factory password first" if factory else "this account may not do that"
            raise Fault(reason, "ter:NotAuthorized")


async def _respond(writer: asyncio.StreamWriter, status: str, body: bytes, extra: list[tuple[str, str]]) -> None:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Server: virtual camera"]
    if body:
        lines.append(f"Content-Type: {CONTENT_TYPE}")
    lines += [f"{name}: {value}" for name, value in extra]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    await writer.drain()
