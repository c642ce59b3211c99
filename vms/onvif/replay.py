"""The ONVIF replay control service of one camera: where a recording is played from."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from vms.onvif.media2 import reachable_stream
from vms.onvif.safe_xml import text_of
from vms.onvif.soap import REPLAY, SCHEMA, AnswerRefused, element, tag
from vms.onvif.soap_client import SoapClient


class Replay:
    """Calls to the replay service at ``url``; every error is one of ``SoapClient.call``."""

    def __init__(self, soap: SoapClient, url: str) -> None:
        self._soap = soap
        self.url: Final = url
        self.host: Final = urlsplit(url).hostname or ""

    async def uri(self, recording: str) -> str:
        """The RTSP address of a recording, at the host we reached (GetReplayUri, READ_MEDIA; O-23)."""
        setup = element(
            tag(REPLAY, "StreamSetup"),
            element(tag(SCHEMA, "Stream"), text="RTP-Unicast"),
            element(tag(SCHEMA, "Transport"), element(tag(SCHEMA, "Protocol"), text="RTSP")),
        )
        asked = element(tag(REPLAY, "GetReplayUri"), setup, element(tag(REPLAY, "RecordingToken"), text=recording))
        answer = await self._soap.call(self.url, asked)
        url = reachable_stream(text_of(answer.find(tag(REPLAY, "Uri")), 1024), self.host)
        if url is None:
            raise AnswerRefused("La caméra ne donne pas d’adresse de relecture utilisable.", where=self.host)
        return url
