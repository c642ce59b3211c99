"""The ONVIF recording search service (Recording Search specification) of one camera: what lies on its card."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from vms.clock import UtcTime
from vms.errors import BadInput
from vms.onvif.discovery import printable
from vms.onvif.safe_xml import text_of
from vms.onvif.soap import SCHEMA, SEARCH, AnswerRefused, SoapFault, element, tag
from vms.onvif.soap_client import SoapClient

RECORDINGS_LIMIT_COUNT: Final = 64
TRACKS_LIMIT_COUNT: Final = 16
ANSWERS_LIMIT_COUNT: Final = 16
RESULTS_PER_ANSWER_COUNT: Final = 32
TOKEN_LIMIT_CHARS: Final = 128
KEEP_ALIVE: Final = "PT10S"
WAIT: Final = "PT2S"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording with a video track; times are the camera's own clock, None where it tells none.

    ``address`` is what the camera says of the source, to tell two recordings apart.
    """

    token: str
    address: str
    running: bool
    start: UtcTime | None
    end: UtcTime | None


class Search:
    """Calls to the search service at ``url``; every error is one of ``SoapClient.call``."""

    def __init__(self, soap: SoapClient, url: str) -> None:
        self._soap = soap
        self.url: Final = url
        self.host: Final = urlsplit(url).hostname or ""

    async def _call(self, name: str, *children: ET.Element) -> ET.Element:
        answer = await self._soap.call(self.url, element(tag(SEARCH, name), *children))
        if answer.tag != tag(SEARCH, name + "Response"):
            raise AnswerRefused(f"La caméra a répondu à {name} par autre chose.", where=self.host)
        return answer

    async def recordings(self) -> list[Recording]:
        """Every recording with video (READ_MEDIA): FindRecordings, its results until completed, EndSearch if not.

        A camera that never completes is left after ANSWERS_LIMIT_COUNT answers, with what it has told.
        """
        scope = element(tag(SEARCH, "Scope"))
        opened = await self._call("FindRecordings", scope, element(tag(SEARCH, "KeepAliveTime"), text=KEEP_ALIVE))
        token = text_of(opened.find(tag(SEARCH, "SearchToken")), TOKEN_LIMIT_CHARS)
        found: dict[str, Recording] = {}
        for _ in range(ANSWERS_LIMIT_COUNT):
            answer = await self._call(
                "GetRecordingSearchResults",
                element(tag(SEARCH, "SearchToken"), text=token),
                element(tag(SEARCH, "MinResults"), text="1"),
                element(tag(SEARCH, "MaxResults"), text=str(RESULTS_PER_ANSWER_COUNT)),
                element(tag(SEARCH, "WaitTime"), text=WAIT),
            )
            results = answer.find(tag(SEARCH, "ResultList"))
            told = results.findall(tag(SCHEMA, "RecordingInformation")) if results is not None else []
            for one in told[:RECORDINGS_LIMIT_COUNT]:
                recording = _recording(one)
                if recording is not None and len(found) < RECORDINGS_LIMIT_COUNT:
                    found[recording.token] = recording
            if results is None or text_of(results.find(tag(SCHEMA, "SearchState"))) == "Completed":
                return list(found.values())
        await self._end(token)
        return list(found.values())

    async def _end(self, token: str) -> None:
        try:
            await self._call("EndSearch", element(tag(SEARCH, "SearchToken"), text=token))
        except SoapFault:
            return  # it ended by itself meanwhile


def _recording(told: ET.Element) -> Recording | None:
    """A ``tt:RecordingInformation`` with video in it; None for sound or metadata only, and without a token."""
    token = text_of(told.find(tag(SCHEMA, "RecordingToken")), TOKEN_LIMIT_CHARS)
    tracks = told.findall(tag(SCHEMA, "Track"))[:TRACKS_LIMIT_COUNT]
    videos = [one for one in tracks if text_of(one.find(tag(SCHEMA, "TrackType"))) in ("Video", "Extended")]
    if not token or (tracks and not videos):
        return None
    starts = [at for one in videos if (at := moment(text_of(one.find(tag(SCHEMA, "DataFrom"))))) is not None]
    ends = [at for one in videos if (at := moment(text_of(one.find(tag(SCHEMA, "DataTo"))))) is not None]
    return Recording(
        token=token,
        address=printable(text_of(told.find(f"{tag(SCHEMA, 'Source')}/{tag(SCHEMA, 'Address')}"), 1024)),
        running=text_of(told.find(tag(SCHEMA, "RecordingStatus"))) == "Recording",
        start=min(starts, key=lambda at: at.us, default=None),
        end=max(ends, key=lambda at: at.us, default=None),
    )


def moment(text: str) -> UtcTime | None:
    """An ``xs:dateTime``; UTC when it names no zone, None when it is no date that we can keep."""
    try:
        told = datetime.fromisoformat(text)
        return UtcTime.at(told if told.tzinfo is not None else told.replace(tzinfo=UTC))
    except (ValueError, OverflowError, BadInput):
        return None
