"""The ONVIF recording control service of one camera: which of its recordings keeps which media profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from vms.onvif.safe_xml import text_of
from vms.onvif.soap import RECORDING, SCHEMA, AnswerRefused, element, tag
from vms.onvif.soap_client import SoapClient

JOBS_LIMIT_COUNT: Final = 64
SOURCES_LIMIT_COUNT: Final = 8
TOKEN_LIMIT_CHARS: Final = 128


@dataclass(frozen=True, slots=True)
class Job:
    """A recording job: what the camera records of a source, where to."""

    recording: str
    sources: tuple[str, ...]  # tokens of media profiles, for a camera that records itself
    active: bool


class Recordings:
    """Calls to the recording service at ``url``; every error is one of ``SoapClient.call``."""

    def __init__(self, soap: SoapClient, url: str) -> None:
        self._soap = soap
        self.url: Final = url
        self.host: Final = urlsplit(url).hostname or ""

    async def jobs(self) -> list[Job]:
        """GetRecordingJobs (READ_MEDIA)."""
        answer = await self._soap.call(self.url, element(tag(RECORDING, "GetRecordingJobs")))
        if answer.tag != tag(RECORDING, "GetRecordingJobsResponse"):
            raise AnswerRefused("La caméra a répondu à GetRecordingJobs par autre chose.", where=self.host)
        found = []
        for item in answer.findall(tag(RECORDING, "JobItem"))[:JOBS_LIMIT_COUNT]:
            job = item.find(tag(SCHEMA, "JobConfiguration"))
            if job is None:
                continue
            sources = job.findall(f"{tag(SCHEMA, 'Source')}/{tag(SCHEMA, 'SourceToken')}/{tag(SCHEMA, 'Token')}")
            found.append(
                Job(
                    text_of(job.find(tag(SCHEMA, "RecordingToken")), TOKEN_LIMIT_CHARS),
                    tuple(text_of(one, TOKEN_LIMIT_CHARS) for one in sources[:SOURCES_LIMIT_COUNT]),
                    text_of(job.find(tag(SCHEMA, "Mode"))) == "Active",
                )
            )
        return found
