"""ONVIF events by pull point (Core specification, Event handling): what a camera says of itself while it is asked.

A pull point is a subscription that the camera forgets by itself when nobody pulls; nothing is ever sent to us unasked.
Only what a recorder acts on is subscribed to: a lost video signal, and the state of recording jobs on the card.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from vms.clock import UtcTime
from vms.onvif.discovery import printable, reachable_url
from vms.onvif.safe_xml import text_of
from vms.onvif.search import moment
from vms.onvif.soap import ADDRESSING, EVENTS, NOTIFICATION, SCHEMA, AnswerRefused, SoapFault, element, tag
from vms.onvif.soap_client import SoapClient

SIGNAL_LOSS: Final = "VideoSource/SignalLoss"
JOB_STATE: Final = "RecordingConfig/JobState"
CONCRETE_SET: Final = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
LIFETIME: Final = "PT60S"
PULL_WAIT: Final = "PT20S"
# The camera holds its answer back for that long when it has nothing to say.
PULL_LIMIT_S: Final = 30.0
MESSAGES_LIMIT_COUNT: Final = 64
ITEMS_LIMIT_COUNT: Final = 16
TOPIC_LIMIT_CHARS: Final = 160


@dataclass(frozen=True, slots=True)
class Event:
    """One message: its topic without prefixes, when, whether a state began, changed or ended, and its items."""

    topic: str
    at: UtcTime | None
    operation: str  # Initialized, Changed, Deleted, or empty for an event that is no property
    source: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)


class PullPoint:
    """One subscription of one camera; every error is one of ``SoapClient.call``."""

    def __init__(self, soap: SoapClient, url: str) -> None:
        """``url`` is that of the event service."""
        self._soap = soap
        self.url: Final = url
        self.host: Final = urlsplit(url).hostname or ""
        self._subscription = ""

    async def subscribe(self, *topics: str) -> None:
        """Subscribe to topics of the ONVIF topic namespace (READ_MEDIA); the camera tells their states at once.

        AnswerRefused when it gives no address that we can reach (O-23).
        """
        expression = element(
            tag(NOTIFICATION, "TopicExpression"), text="|".join(f"tns1:{topic}" for topic in topics),
            Dialect=CONCRETE_SET, **{"xmlns:tns1": "http://www.onvif.org/ver10/topics"},
        )  # fmt: skip
        answer = await self._soap.call(
            self.url,
            element(
                tag(EVENTS, "CreatePullPointSubscription"),
                element(tag(EVENTS, "Filter"), expression),
                element(tag(EVENTS, "InitialTerminationTime"), text=LIFETIME),
            ),
        )
        address = answer.find(f"{tag(EVENTS, 'SubscriptionReference')}/{tag(ADDRESSING, 'Address')}")
        reached = reachable_url(text_of(address, 1024), self.host)
        if answer.tag != tag(EVENTS, "CreatePullPointSubscriptionResponse") or reached is None:
            raise AnswerRefused("La caméra ne donne pas d’abonnement utilisable.", where=self.host)
        self._subscription = reached.url

    async def pull(self) -> list[Event]:
        """What the camera has to say, after a wait of up to 20 s; each pull keeps the subscription alive."""
        answer = await self._soap.call(
            self._subscription,
            element(
                tag(EVENTS, "PullMessages"),
                element(tag(EVENTS, "Timeout"), text=PULL_WAIT),
                element(tag(EVENTS, "MessageLimit"), text=str(MESSAGES_LIMIT_COUNT)),
            ),
        )
        if answer.tag != tag(EVENTS, "PullMessagesResponse"):
            raise AnswerRefused("La caméra a répondu à PullMessages par autre chose.", where=self.host)
        told = answer.findall(tag(NOTIFICATION, "NotificationMessage"))[:MESSAGES_LIMIT_COUNT]
        return [event for one in told if (event := _event(one)) is not None]

    async def unsubscribe(self) -> None:
        """Let the camera forget it; one that has forgotten it already is as good."""
        subscription, self._subscription = self._subscription, ""
        if not subscription:
            return
        try:
            await self._soap.call(subscription, element(tag(NOTIFICATION, "Unsubscribe")))
        except SoapFault:
            return


def _event(told: ET.Element) -> Event | None:
    """A ``wsnt:NotificationMessage``; None without a topic or a message."""
    words = text_of(told.find(tag(NOTIFICATION, "Topic")), TOPIC_LIMIT_CHARS).split("/")
    topic = "/".join(word.rpartition(":")[2] for word in words)
    message = told.find(f"{tag(NOTIFICATION, 'Message')}/{tag(SCHEMA, 'Message')}")
    if not topic or message is None:
        return None
    return Event(
        printable(topic),
        moment(message.get("UtcTime", "")[:64]),
        printable(message.get("PropertyOperation", ""), 16),
        _items(message, "Source"),
        _items(message, "Data"),
    )


def _items(message: ET.Element, part: str) -> dict[str, str]:
    found = message.findall(f"{tag(SCHEMA, part)}/{tag(SCHEMA, 'SimpleItem')}")[:ITEMS_LIMIT_COUNT]
    return {printable(one.get("Name", ""), 64): printable(one.get("Value", ""), 128) for one in found}
