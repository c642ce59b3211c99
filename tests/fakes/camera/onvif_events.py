"""The ONVIF event service of a virtual camera with a card: pull points for signal loss and recording state."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.camera.accounts import Access
from tests.fakes.camera.onvif_recordings import moment
from tests.fakes.camera.operations import Operation
from tests.fakes.camera.soap import Call, Fault, element, leaf

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera

LIFETIME_S = 60.0
SUBSCRIPTIONS_LIMIT_COUNT = 4
_numbers = itertools.count(1)
_TOPICS = ("VideoSource/SignalLoss", "RecordingConfig/JobState")


@dataclass(slots=True)
class Subscription:
    """A pull point: the topics it takes, and the state it has told of each property."""

    topics: tuple[str, ...]
    told: dict[str, str]
    expires_s: float


def event_capabilities(name: str) -> str:
    """The event service's capabilities."""
    return element(name, WSSubscriptionPolicySupport="false", MaxPullPoints=str(SUBSCRIPTIONS_LIMIT_COUNT))


def _states(camera: VirtualCamera) -> dict[str, tuple[str, str, str]]:
    """Each property: its topic, source and data as text."""
    lost = all(stream.faults.stall or stream.faults.silent for stream in camera.streams.values())
    item = '<tt:SimpleItem Name="{}" Value="{}"/>'
    found = {
        "signal": (_TOPICS[0], item.format("Source", "source-1"), item.format("State", "true" if lost else "false"))
    }
    for recording in camera.card.values():
        state = "Active" if recording.recording else "Idle"
        source = item.format("RecordingJobToken", f"job-{recording.stream}")
        found[recording.token] = (_TOPICS[1], source, item.format("State", state))
    return found


def _create(camera: VirtualCamera, call: Call) -> str:
    text = call.text("Filter/TopicExpression", "|".join(f"tns1:{topic}" for topic in _TOPICS))
    topics = tuple(one.strip().removeprefix("tns1:") for one in text.split("|"))
    now_s = time.monotonic()
    camera.pull_points = {key: one for key, one in camera.pull_points.items() if one.expires_s > now_s}
    if len(camera.pull_points) >= SUBSCRIPTIONS_LIMIT_COUNT:
        raise Fault("too many pull points", "ter:Action", "ter:MaxPullPoints", code="Receiver")
    number = str(next(_numbers))
    camera.pull_points[number] = Subscription(topics, {}, now_s + LIFETIME_S)
    address = f"{camera.device_url.rsplit('/', 1)[0]}/event_service?subscription={number}"
    return element(
        "tev:CreatePullPointSubscriptionResponse",
        element("tev:SubscriptionReference", leaf("wsa:Address", address)),
        leaf("wsnt:CurrentTime", moment(camera.utc_us())),
        leaf("wsnt:TerminationTime", moment(camera.utc_us() + round(LIFETIME_S * 1e6))),
    )


def _newest(camera: VirtualCamera) -> Subscription:
    number = camera.asked_path.partition("subscription=")[2]
    found = camera.pull_points.get(number)
    if found is None or found.expires_s <= time.monotonic():
        raise Fault("no such subscription", "ter:InvalidArgVal")
    return found


def _pull(camera: VirtualCamera, call: Call) -> str:
    """Never waits: the client pulls again, and the states since are told."""
    point = _newest(camera)
    point.expires_s = time.monotonic() + LIFETIME_S
    messages = []
    for key, (topic, source, data) in _states(camera).items():
        if topic not in point.topics or point.told.get(key) == data:
            continue
        operation = "Changed" if key in point.told else "Initialized"
        point.told[key] = data
        message = element(
            "tt:Message", element("tt:Source", source), element("tt:Data", data), UtcTime=moment(camera.utc_us()),
            PropertyOperation=operation,
        )  # fmt: skip
        name = element(
            "wsnt:Topic", f"tns1:{topic}", Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
        )
        messages.append(element("wsnt:NotificationMessage", name, element("wsnt:Message", message)))
    return element(
        "tev:PullMessagesResponse",
        leaf("tev:CurrentTime", moment(camera.utc_us())),
        leaf("tev:TerminationTime", moment(camera.utc_us() + round(LIFETIME_S * 1e6))),
        *messages,
    )


def _unsubscribe(camera: VirtualCamera, call: Call) -> str:
    _newest(camera)
    del camera.pull_points[camera.asked_path.partition("subscription=")[2]]
    return element("wsnt:UnsubscribeResponse")


EVENT_OPERATIONS = {
    "GetServiceCapabilities": Operation(
        Access.PRE_AUTH,
        lambda camera, call: element("tev:GetServiceCapabilitiesResponse", event_capabilities("tev:Capabilities")),
    ),
    "CreatePullPointSubscription": Operation(Access.READ_MEDIA, _create),
    "PullMessages": Operation(Access.READ_MEDIA, _pull),
}
NOTIFICATION_OPERATIONS = {"Unsubscribe": Operation(Access.READ_MEDIA, _unsubscribe)}
