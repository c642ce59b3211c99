"""Ask an RTSP source what it is: the recorder's own client, stopped after DESCRIBE.

No track is set up, so no picture and no sound is ever sent (P-06, P-20).
"""

from __future__ import annotations

import asyncio
from typing import Final

from recorder.rtsp.auth import Credentials
from recorder.rtsp.client import RtspClient
from recorder.rtsp.conversation import PlayOptions
from recorder.rtsp.drain import Drain
from recorder.rtsp.errors import CameraUnreachable, ParameterSetsMissing
from recorder.rtsp.h264_sets import H264Sets
from recorder.rtsp.h265_sets import H265Sets
from recorder.rtsp.urls import parse_url
from vms.clock import SystemClock
from vms.onvif.soap import Credential
from vms.services.declare_rtsp import SourceDescription

DESCRIBE_TIMEOUT_S: Final = 10.0
DESCRIBE: Final = PlayOptions(describe_only=True)


async def describe(url: str, credential: Credential | None) -> SourceDescription:
    """What the source at ``url`` describes; an RtspError says why it could not be asked."""
    stream, _ = parse_url(url)
    account = Credentials(credential.username, credential.password) if credential is not None else None
    client = RtspClient(stream, account, SystemClock(), Drain(), lambda units: None, DESCRIBE)
    try:
        async with asyncio.timeout(DESCRIBE_TIMEOUT_S):
            await client.open()
    except TimeoutError as error:
        raise CameraUnreachable("La source n’a pas répondu à temps.", where=stream.peer) from error
    finally:
        client.close()
    described = client.session.description
    if described is None:
        raise CameraUnreachable("La source ne s’est pas décrite.", where=stream.peer)
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
