"""Ask an RTSP source what it is: OPTIONS and DESCRIBE through the recorder's own RTSP code, and nothing more.

No track is set up, so no picture and no sound is ever sent (P-06, P-20).
"""

from __future__ import annotations

import asyncio
from typing import Final

from recorder.rtsp import message, sdp
from recorder.rtsp.auth import Authenticator, Credentials
from recorder.rtsp.errors import CameraUnreachable, ParameterSetsMissing, StreamDamaged, StreamRefused
from recorder.rtsp.h264_sets import H264Sets
from recorder.rtsp.h265_sets import H265Sets
from recorder.rtsp.tls import camera_context
from recorder.rtsp.urls import StreamUrl, parse_url
from vms.onvif.soap import Credential
from vms.services.declare_rtsp import SourceDescription

DESCRIBE_TIMEOUT_S: Final = 10.0
TRIES_MAX: Final = 3
READ_BYTES: Final = 16 * 1024
MESSAGE_MAX_BYTES: Final = message.HEAD_LIMIT_BYTES + message.BODY_LIMIT_BYTES + 4


async def describe(url: str, credential: Credential | None) -> SourceDescription:
    """What the source at ``url`` describes; an RtspError says why it could not be asked."""
    stream, _ = parse_url(url)
    try:
        async with asyncio.timeout(DESCRIBE_TIMEOUT_S):
            body = await _conversation(stream, credential)
    except TimeoutError as error:
        raise CameraUnreachable("La source n’a pas répondu à temps.", where=stream.peer) from error
    except OSError as error:
        raise CameraUnreachable(
            "Aucune liaison avec la source.", where=stream.peer, todo="Vérifiez l’adresse et le réseau."
        ) from error
    described = sdp.parse(body, stream.peer)
    track = described.video
    sets = H264Sets() if track.codec == "h264" else H265Sets()
    for nal in track.parameter_sets:
        sets.add(nal)
    sound = "audio" in described.kinds
    try:
        fmt = sets.format()
    except ParameterSetsMissing:
        return SourceDescription(track.codec, sound=sound)
    return SourceDescription(track.codec, fmt.width, fmt.height, fmt.fps, sound)


async def _conversation(stream: StreamUrl, credential: Credential | None) -> bytes:
    """The session description, after at most TRIES_MAX questions of each kind."""
    tls = camera_context() if stream.secure else None
    reader, writer = await asyncio.open_connection(stream.host, stream.port, ssl=tls)
    try:
        account = Credentials(credential.username, credential.password) if credential is not None else None
        auth = Authenticator(account, where=stream.peer, secure=stream.secure)
        link = _Link(reader, writer, stream)
        await link.ask("OPTIONS", auth)
        return (await link.ask("DESCRIBE", auth, ("Accept", "application/sdp"))).body
    finally:
        writer.close()


class _Link:
    """One connection: questions in order, answers matched by their number."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: StreamUrl) -> None:
        self._reader = reader
        self._writer = writer
        self._stream = stream
        self._cseq = 0
        self._received = b""

    async def ask(self, method: str, auth: Authenticator, *headers: tuple[str, str]) -> message.Response:
        """The answer to one question, an account given when it is asked for."""
        for _ in range(TRIES_MAX):
            self._cseq += 1
            proof = auth.header(method, self._stream.request)
            fields = [("CSeq", str(self._cseq)), ("User-Agent", "Guet"), *headers]
            if proof is not None:
                fields.append(("Authorization", proof))
            self._writer.write(message.serialise(method, self._stream.request, fields))
            await self._writer.drain()
            answer = await self._answer()
            if answer.status == 401:
                auth.challenged(answer.headers.all("www-authenticate"), answered=proof is not None)
            elif 200 <= answer.status < 300 or (method == "OPTIONS" and answer.status in (405, 501)):
                return answer
            else:
                raise StreamRefused(
                    f"La source répond {answer.status} à {method}.",
                    where=self._stream.peer,
                    todo="Vérifiez le chemin de l’adresse.",
                    status_code=answer.status,
                )
        raise StreamRefused("La source redemande sans fin un compte.", where=self._stream.peer, status_code=401)

    async def _answer(self) -> message.Response:
        while True:
            parsed = message.parse(self._received, self._stream.peer)
            if parsed is not None:
                self._received = self._received[parsed[1] :]
                if isinstance(parsed[0], message.Response) and parsed[0].cseq in (None, self._cseq):
                    return parsed[0]
                continue
            if len(self._received) > MESSAGE_MAX_BYTES:
                raise StreamDamaged("La source répond sans fin.", where=self._stream.peer)
            more = await self._reader.read(READ_BYTES)
            if not more:
                raise StreamDamaged("La source a coupé sa réponse.", where=self._stream.peer)
            self._received += more
