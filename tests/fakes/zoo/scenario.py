"""A scenario: one server with one oddity, declared, and what a good recorder makes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tests.fakes.camera.clips import Codec
from tests.fakes.zoo.pictures import Packet, Payloads, Picture, pictures, usual_payloads

if TYPE_CHECKING:
    from tests.fakes.zoo.server import Ask, Peer

Kept = Literal["all", "some", "none"]


@dataclass(frozen=True, slots=True)
class Expect:
    """``all``: every unit sent is recorded; ``some``: at least ``least`` of them, none altered; ``none``: a refusal.

    ``cause`` is that of the absence which tells it; without one there must be no absence. ``says`` is in its detail.
    Two causes with a bar between them: which one comes first depends on the recorder's patience.
    ``open_end`` units at the end may lack: without a marker a picture is over only when the next one comes.
    """

    kept: Kept
    cause: str = ""
    says: str = ""
    least: int = 1
    open_end: int = 0


ALL = Expect("all")
ALL_BUT_THE_LAST = Expect("all", open_end=1)


def all_but_told(cause: str) -> Expect:
    """Every unit is recorded, and yet an absence is due: the recorder cannot know that nothing was lost."""
    return Expect("all", cause)


def gap(cause: str, says: str = "", *, least: int = 10) -> Expect:
    """Units are missing, and the absence says why."""
    return Expect("some", cause, says, least)


def refused(cause: str, says: str = "") -> Expect:
    """Nothing is recorded, and the absence says why."""
    return Expect("none", cause, says)


# No picture ever comes whole. Which cause comes first depends on the recorder's patience.
WRECKED = refused("stream-damaged|key-frame-awaited")

Answer = Callable[["Ask"], bytes | None]
Alter = Callable[["Peer", int, list[Packet]], list[Packet | bytes]]
Play = Callable[["Peer"], Awaitable[None]]
Make = Callable[[], tuple[Picture, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``answers`` by method replace the usual answer; ``reply`` alters every one; ``alter`` works on the packets of a
    picture; ``play`` replaces the whole sending. ``account`` is what the recorder is given, as ``user:password``.
    """

    name: str
    what: str
    expect: Expect = ALL
    codec: Codec = "h264"
    make: Make | None = None
    description: Callable[[Peer, bytes], bytes] | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    reply: Callable[[Ask, bytes], bytes] | None = None
    payloads: Payloads = usual_payloads
    alter: Alter | None = None
    play: Play | None = None
    account: str = ""
    path: str = "/stream"
    timeout_s: int = 60
    scheme: Literal["rtsp", "rtsps", "rtsph"] = "rtsp"
    # What an HTTP server answers to the opening of a tunnel.
    tunnel: str = "200 OK"
    # The SHA-256 of the certificate that the recorder was told to expect.
    certificate: Callable[[], str] | None = None
    address: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    # Seconds of waiting that the scenario needs beyond its pictures, and connections after which it is over.
    lasts_s: float = 0.0
    visits: int = 1
    repeats: int = 1

    def shown(self) -> tuple[Picture, ...]:
        """The pictures that this server streams."""
        return self.make() if self.make is not None else pictures(self.codec)
