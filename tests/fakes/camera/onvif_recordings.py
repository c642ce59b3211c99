"""The ONVIF recording services of a virtual camera with a card: recording search, recording control, replay control.

Only what Profile G asks of a client that looks for recordings and plays them. Access classes as the specifications give
them (READ_MEDIA), so a *User* account may do all of it (O-25).
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.fakes.camera import encoders
from tests.fakes.camera.accounts import Access
from tests.fakes.camera.card import Recording
from tests.fakes.camera.operations import Operation
from tests.fakes.camera.soap import Call, Fault, element, leaf

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera

SESSIONS_LIMIT_COUNT = 8
KEEP_ALIVE_LIMIT_S = 60.0
_DURATION = re.compile(r"PT(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")


@dataclass(slots=True)
class SearchSession:
    """A search under way: tokens yet to be told, and when it dies of silence."""

    waiting: list[str]
    keep_alive_s: float
    expires_s: float


def moment(utc_us: int) -> str:
    """An ``xs:dateTime`` in UTC with Z, as the search specification asks."""
    return datetime.fromtimestamp(utc_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def search_capabilities(name: str) -> str:
    """The search service's capabilities."""
    return element(name, MetadataSearch="false", GeneralStartEvents="false")


def replay_capabilities(name: str) -> str:
    """The replay service's capabilities: forwards, interleaved."""
    return element(name, ReversePlayback="false", SessionTimeoutRange="10 60", RTP_RTSP_TCP="true")


def recording_capabilities(name: str) -> str:
    """The recording service's capabilities: the card records what the camera streams, nothing can be set."""
    return element(name, DynamicRecordings="false", DynamicTracks="false", Encoding="H264 H265", MaxRecordings="2")


def _capabilities(prefix: str, written: str) -> Operation:
    body = element(f"{prefix}:GetServiceCapabilitiesResponse", written)
    return Operation(Access.PRE_AUTH, lambda camera, call: body)


def _known(camera: VirtualCamera, token: str) -> Recording:
    recording = camera.recording(token)
    if recording is None:
        raise Fault("no such recording", "ter:InvalidArgVal", "ter:InvalidToken")
    return recording


def _source(camera: VirtualCamera, recording: Recording) -> str:
    return element(
        "tt:Source",
        leaf("tt:SourceId", camera.config.endpoint_reference),
        leaf("tt:Name", camera.config.name or camera.config.id),
        leaf("tt:Location", camera.config.location),
        leaf("tt:Description", f"Profile {recording.stream}"),
        leaf("tt:Address", camera.rtsp_url(recording.stream)),
    )


def information(camera: VirtualCamera, recording: Recording, name: str) -> str:
    """A ``tt:RecordingInformation``; the track is told only once there is data in it."""
    span = recording.span_us
    parts = [leaf("tt:RecordingToken", recording.token), _source(camera, recording)]
    if span is not None:
        parts += [leaf("tt:EarliestRecording", moment(span[0])), leaf("tt:LatestRecording", moment(span[1]))]
    parts.append(leaf("tt:Content", f"Stream {recording.stream}"))
    if span is not None:
        track = [leaf("tt:TrackToken", recording.track), leaf("tt:TrackType", "Video"), leaf("tt:Description", "")]
        parts.append(
            element("tt:Track", *track, leaf("tt:DataFrom", moment(span[0])), leaf("tt:DataTo", moment(span[1])))
        )
    parts.append(leaf("tt:RecordingStatus", "Recording" if recording.recording else "Stopped"))
    return element(name, *parts)


def _summary(camera: VirtualCamera, call: Call) -> str:
    spans = [one.span_us for one in camera.card.values() if one.span_us is not None]
    first = min((span[0] for span in spans), default=camera.utc_us())
    last = max((span[1] for span in spans), default=camera.utc_us())
    told = leaf("tt:DataFrom", moment(first)) + leaf("tt:DataUntil", moment(last))
    return element(
        "tse:GetRecordingSummaryResponse", element("tse:Summary", told, leaf("tt:NumberRecordings", len(camera.card)))
    )


def _information(camera: VirtualCamera, call: Call) -> str:
    recording = _known(camera, call.text("RecordingToken"))
    body = information(camera, recording, "tse:RecordingInformation")
    return element("tse:GetRecordingInformationResponse", body)


def _find(camera: VirtualCamera, call: Call) -> str:
    wanted = call.texts("Scope/IncludedRecordings")
    for token in wanted:
        _known(camera, token)
    found = [one.token for one in camera.card.values() if not wanted or one.token in wanted]
    limit = call.text("MaxMatches", "")
    keep_alive = _seconds(call.text("KeepAliveTime"))
    now_s = time.monotonic()
    camera.searches = {token: one for token, one in camera.searches.items() if one.expires_s > now_s}
    if len(camera.searches) >= SESSIONS_LIMIT_COUNT:
        raise Fault("too many searches", "ter:Action", "ter:ResourceProblem", code="Receiver")
    token = secrets.token_hex(8)
    waiting = found[: int(limit)] if limit else found
    camera.searches[token] = SearchSession(waiting, keep_alive, now_s + keep_alive)
    return element("tse:FindRecordingsResponse", leaf("tse:SearchToken", token))


def _seconds(text: str) -> float:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Fault("not a duration", "ter:InvalidArgVal")
    return min(int(found[1] or 0) * 60 + float(found[2] or 0), KEEP_ALIVE_LIMIT_S)


def _session(camera: VirtualCamera, call: Call) -> tuple[str, SearchSession]:
    token = call.text("SearchToken")
    session = camera.searches.get(token)
    if session is None or session.expires_s <= time.monotonic():
        camera.searches.pop(token, None)
        raise Fault("no such search", "ter:InvalidArgVal", "ter:InvalidToken")
    session.expires_s = time.monotonic() + session.keep_alive_s
    return token, session


def _results(camera: VirtualCamera, call: Call) -> str:
    token, session = _session(camera, call)
    most = int(call.text("MaxResults", "0")) or len(session.waiting)
    told, session.waiting = session.waiting[:most], session.waiting[most:]
    if not session.waiting:
        del camera.searches[token]
    state = "Searching" if session.waiting else "Completed"
    found = [information(camera, _known(camera, one), "tt:RecordingInformation") for one in told]
    return element(
        "tse:GetRecordingSearchResultsResponse", element("tse:ResultList", leaf("tt:SearchState", state), *found)
    )


def _end_search(camera: VirtualCamera, call: Call) -> str:
    token, _ = _session(camera, call)
    del camera.searches[token]
    return element("tse:EndSearchResponse", leaf("tse:Endpoint", moment(camera.utc_us())))


def _replay_uri(camera: VirtualCamera, call: Call) -> str:
    recording = _known(camera, call.text("RecordingToken"))
    if call.text("StreamSetup/Transport/Protocol") not in ("RTSP", "TCP"):
        raise Fault("RTSP over TCP only", "ter:InvalidArgVal", "ter:InvalidStreamSetup")
    return element("trp:GetReplayUriResponse", leaf("trp:Uri", camera.replay_url(recording.token)))


def _recordings(camera: VirtualCamera, call: Call) -> str:
    items = []
    for recording in camera.card.values():
        track = element(
            "tt:Track",
            leaf("tt:TrackToken", recording.track),
            element("tt:Configuration", leaf("tt:TrackType", "Video"), leaf("tt:Description", "")),
        )
        configuration = element(
            "tt:Configuration", _source(camera, recording), leaf("tt:Content", f"Stream {recording.stream}"),
            leaf("tt:MaximumRetentionTime", "PT0S"),
        )  # fmt: skip
        items.append(
            element(
                "trc:RecordingItem", leaf("tt:RecordingToken", recording.token), configuration,
                element("tt:Tracks", track),
            )
        )  # fmt: skip
    return element("trc:GetRecordingsResponse", *items)


def _jobs(camera: VirtualCamera, call: Call) -> str:
    items = []
    for recording in camera.card.values():
        token = leaf("tt:Token", encoders.profile_token(recording.stream))
        source = element(
            "tt:Source",
            element("tt:SourceToken", token, Type="http://www.onvif.org/ver10/schema/Profile"),
            element("tt:Tracks", leaf("tt:SourceTag", ""), leaf("tt:Destination", recording.track)),
        )
        configuration = element(
            "tt:JobConfiguration", leaf("tt:RecordingToken", recording.token),
            leaf("tt:Mode", "Active" if recording.recording else "Idle"), leaf("tt:Priority", 1), source,
        )  # fmt: skip
        items.append(element("trc:JobItem", leaf("tt:JobToken", f"job-{recording.stream}"), configuration))
    return element("trc:GetRecordingJobsResponse", *items)


SEARCH_OPERATIONS = {
    "GetServiceCapabilities": _capabilities("tse", search_capabilities("tse:Capabilities")),
    "GetRecordingSummary": Operation(Access.READ_MEDIA, _summary),
    "GetRecordingInformation": Operation(Access.READ_MEDIA, _information),
    "FindRecordings": Operation(Access.READ_MEDIA, _find),
    "GetRecordingSearchResults": Operation(Access.READ_MEDIA, _results),
    "EndSearch": Operation(Access.READ_MEDIA, _end_search),
}
REPLAY_OPERATIONS = {
    "GetServiceCapabilities": _capabilities("trp", replay_capabilities("trp:Capabilities")),
    "GetReplayUri": Operation(Access.READ_MEDIA, _replay_uri),
}
RECORDING_OPERATIONS = {
    "GetServiceCapabilities": _capabilities("trc", recording_capabilities("trc:Capabilities")),
    "GetRecordings": Operation(Access.READ_MEDIA, _recordings),
    "GetRecordingJobs": Operation(Access.READ_MEDIA, _jobs),
}
