"""Which recording on a camera's card keeps one of our streams, and where it is replayed from (Profile G)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from recorder.rtsp.auth import Credentials
from recorder.rtsp.tls import camera_context
from vms.clock import Clock, UtcTime
from vms.errors import GuetError
from vms.model import Camera
from vms.onvif.device import Device
from vms.onvif.recordings import Recordings
from vms.onvif.replay import Replay
from vms.onvif.search import Recording, Search
from vms.onvif.soap import RECORDING, REPLAY, SEARCH, Credential, SoapFault
from vms.onvif.soap_client import SoapClient
from vms.services.stream_certificate import SERVICES_CERTIFICATE, pinned

NO_SERVICE: Final = "no-service"
NO_RECORDING: Final = "no-recording"


class CardLacks(Exception):
    """The camera cannot give what is missing; ``kind`` is NO_SERVICE for one without a card at all."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what


@dataclass(frozen=True, slots=True)
class Card:
    """A recording of one stream: its replay address, and what it says it holds, by the camera's clock."""

    url: str
    start: UtcTime | None
    end: UtcTime | None


async def find_card(
    row: Camera, stream: str, credentials: Credentials | None, clock: Clock, camera_offset_us: int
) -> Card:
    """The recording of ``stream`` on the camera's card; CardLacks, or a GuetError when the camera cannot be asked.

    The account is the recorder's own (*User*, O-25): search and replay are open to it (READ_MEDIA).
    """
    if not row.onvif_url:
        raise CardLacks(NO_SERVICE, "la caméra n’a pas d’interface ONVIF")
    account = Credential(credentials.username, credentials.password) if credentials is not None else None
    tls = camera_context(pinned(row.main_profile, SERVICES_CERTIFICATE))
    async with SoapClient(clock, account, tls=tls) as soap:
        soap.clock_offset_us = camera_offset_us
        services = await Device(soap, row.onvif_url).services()
        if SEARCH not in services or REPLAY not in services:
            raise CardLacks(NO_SERVICE, "la caméra n’a pas de carte")
        recordings = await Search(soap, services[SEARCH]).recordings()
        wanted = await _recording_of(soap, services.get(RECORDING, ""), row, stream)
        found = choose(recordings, wanted, row.main_url if stream == "main" else row.sub_url)
        if found is None:
            raise CardLacks(NO_RECORDING, "aucun enregistrement de ce flux")
        return Card(await Replay(soap, services[REPLAY]).uri(found.token), found.start, found.end)


async def _recording_of(soap: SoapClient, url: str, row: Camera, stream: str) -> str:
    """The token of the recording whose job takes the profile that we record; empty when that cannot be told."""
    profile = str((row.main_profile if stream == "main" else row.sub_profile).get("token", ""))
    if not url or not profile:
        return ""
    try:
        jobs = await Recordings(soap, url).jobs()
    except (SoapFault, GuetError):
        return ""  # a service that many cameras give to operators only: the source's address may tell
    return next((job.recording for job in jobs if profile in job.sources), "")


def choose(recordings: list[Recording], wanted: str, stream_url: str) -> Recording | None:
    """The recording of a stream: by its job, else by its source's address, else the only one there is."""
    by_token = next((one for one in recordings if one.token == wanted), None)
    if by_token is not None:
        return by_token
    path = urlsplit(stream_url).path.rstrip("/")
    by_address = [one for one in recordings if path and urlsplit(one.address).path.rstrip("/") == path]
    if len(by_address) == 1:
        return by_address[0]
    return recordings[0] if len(recordings) == 1 else None
