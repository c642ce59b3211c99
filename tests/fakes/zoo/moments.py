"""What is odd only at one moment of a stream, or of the talk before it."""

from __future__ import annotations

import asyncio
import itertools

from tests.fakes.zoo.accounts import ACCOUNT
from tests.fakes.zoo.descriptions import swap
from tests.fakes.zoo.faults import hangs_up
from tests.fakes.zoo.messages import cseq
from tests.fakes.zoo.packets import from_picture, only
from tests.fakes.zoo.pictures import Packet, Picture, is_set, pictures
from tests.fakes.zoo.scenario import ALL_BUT_THE_LAST, Alter, Scenario, all_but_told, gap, refused
from tests.fakes.zoo.server import Ask, Peer
from tests.fakes.zoo.transport import at_address, setup_says
from tests.fakes.zoo.units import AUD_264, SEI_264

ODD_SESSION = "1A/b=+ %7B~$'"


def between_slices(unit: bytes) -> tuple[Picture, ...]:
    """Four slices a picture, and ``unit`` between them."""
    made = []
    for picture in pictures(options="slices=4"):
        sets = [nal for nal in picture.nals if is_set(nal, "h264") or nal[0] & 0x1F == 6]
        slices = [nal for nal in picture.nals if nal not in sets]
        joined = itertools.chain.from_iterable((nal, unit) for nal in slices)
        made.append(Picture((*sets, *list(joined)[:-1]), picture.stamp, picture.key))
    return tuple(made)


def all_marked(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    return [packet.but(marker=True) for packet in packets]


def other_size_unasked() -> tuple[Picture, ...]:
    """From the sixteenth picture on the parameter sets and pictures of another size, without a key picture first."""
    small = pictures("h264", 192, 144)
    sets = tuple(nal for nal in small[0].nals if is_set(nal, "h264"))
    return tuple(
        picture if at < 15 else Picture((*sets, *small[at].nals) if at == 15 else small[at].nals, picture.stamp,
                                        small[at].key)
        for at, picture in enumerate(pictures())
    )  # fmt: skip


def sets_behind() -> tuple[Picture, ...]:
    """Parameter sets behind the key picture that needs them."""
    return tuple(
        Picture(tuple(sorted(picture.nals, key=lambda nal: is_set(nal, "h264"))), picture.stamp, picture.key)
        for picture in pictures()
    )


def without_sense(picture: Picture) -> Picture:
    """The picture with an SPS that says nothing."""
    nothing = b"\x67\x42\0\x1f" + bytes(9)
    nals = tuple(nothing if nal[0] & 0x1F == 7 else nal for nal in picture.nals)
    return Picture(nals, picture.stamp, picture.key)


def damaged_sets() -> tuple[Picture, ...]:
    """The third key picture comes with an SPS that says nothing."""
    shown = pictures()
    return (*shown[:20], without_sense(shown[20]), *shown[21:])


async def damaged_for_good(peer: Peer) -> None:
    """From the third key picture on no SPS says anything; a new connection has sound ones."""
    shown = peer.scenario.shown()
    await peer.show(shown[:20])
    if peer.number:
        return await peer.show(shown[20:], first=20)
    for _ in range(6):
        await peer.show([without_sense(picture) for picture in shown[20:]], first=20)
        peer.stamp += 20 * 3600
    return None


def refuses_reports(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """The camera takes our reports for requests that it does not understand."""
    return [*([b"RTSP/1.0 400 Bad Request\r\n\r\n"] if index % 5 == 4 else []), *packets]


def exact_session(ask: Ask) -> bytes:
    return ask.usual if ask.headers.get("session") == ODD_SESSION else ask.says("454 Session Not Found")


def slowly(ask: Ask) -> bytes:
    """The description comes after a second."""

    async def later() -> None:
        await asyncio.sleep(1.0)
        await ask.peer.send(ask.usual)

    ask.peer.memory["later"] = asyncio.ensure_future(later())
    return b""


def moved(index: int, channel: int) -> Alter:
    return lambda peer, at, packets: [
        packet.but(channel=channel) if at >= index and not peer.number else packet for packet in packets
    ]


async def lost_in_refresh(peer: Peer) -> None:
    """A packet is lost, and the picture is only ever refreshed in columns; a new connection has a key picture."""
    shown = peer.scenario.shown()
    await peer.show(shown[:15])
    if peer.number:
        return await peer.show(shown[15:], first=15)
    peer.sequence += 1
    for _ in range(5):
        await peer.show(shown[15:], first=15)
        peer.stamp += 25 * 3600
    return None


def frames_first(ask: Ask, said: bytes) -> bytes:
    """Pictures of a session long gone before the first answer (live555)."""
    old = Packet(b"\x41\x9a" + bytes(99), 99, 7, ssrc=0xBAD, marker=True).framed()
    return old * 3 + said if ask.method in ("OPTIONS", "DESCRIBE") else said


SCENARIOS = (
    Scenario(name="frames-before-answers", what="packets of a session long gone before the first answers",
             reply=frames_first),
    Scenario(name="lost-in-refresh", what="a loss, and no key picture ever after it on this connection", visits=2,
             make=lambda: pictures(options="intra-refresh=1"), play=lost_in_refresh,
             expect=gap("key-frame-awaited|stream-stalled")),
    Scenario(name="slices-marked-sei-between", what="four slices, all marked, SEI between them", alter=all_marked,
             make=lambda: between_slices(SEI_264), expect=ALL_BUT_THE_LAST),
    Scenario(name="delimiters-between-slices", what="a delimiter before each slice, not only before each picture",
             make=lambda: between_slices(AUD_264)),
    Scenario(name="delimiters-between-marked-slices", what="a delimiter before each slice, each slice marked",
             alter=all_marked, make=lambda: between_slices(AUD_264), expect=ALL_BUT_THE_LAST),
    Scenario(name="size-changes-without-key", what="another size in mid-group, without a key picture",
             make=other_size_unasked),
    Scenario(name="sets-behind-slices", what="parameter sets behind the key picture", make=sets_behind),
    Scenario(name="sets-damaged-once", what="an unreadable SPS with the third key picture", make=damaged_sets,
             expect=gap("parameter-sets-missing", least=25)),
    Scenario(name="sets-damaged-for-good", what="no readable SPS any more on this connection", play=damaged_for_good,
             visits=2, expect=gap("parameter-sets-missing", least=45)),
    Scenario(name="starts-in-a-picture", what="the stream begins inside a key picture", alter=only(
        [0], lambda packets: list(packets[3:])), expect=gap("", least=30)),
    Scenario(name="sequence-jumps", what="numbers jump by 10,000 and nothing is missing", alter=from_picture(
        20, lambda packet: packet.but(sequence=packet.sequence + 10_000)), expect=all_but_told("stream-damaged")),
    Scenario(name="channels-change", what="pictures go over to another channel", alter=moved(15, 4), visits=2,
             lasts_s=0.5, expect=gap("stream-stalled")),
    Scenario(name="reports-not-understood", what="400 to our reports, without a number", timeout_s=2, repeats=2,
             alter=refuses_reports),
    Scenario(name="session-odd-number", what="a session with blanks and signs that must come back as it is",
             answers=setup_says("RTP/AVP/TCP;unicast;interleaved=0-1", f"Session: {ODD_SESSION} ;timeout=60")
             | {"PLAY": exact_session}),
    Scenario(name="cseq-plus-one", what="answers bear the next number", reply=lambda ask, said: said.replace(
        f"CSeq: {ask.cseq}".encode(), f"CSeq: {int(ask.cseq) + 1}".encode())),
    Scenario(name="cseq-one", what="every answer says CSeq 1", reply=cseq("1")),
    Scenario(name="description-slow", what="the description comes after a second", answers={"DESCRIBE": slowly}),
    Scenario(name="head-large", what="heads of 12 KB", reply=lambda ask, said: said.replace(
        b"\r\n", b"\r\n" + b"".join(b"X-Vendor-%d: %s\r\n" % (n, b"v" * 200) for n in range(55)), 1)),
    Scenario(name="control-with-account", what="the control attribute holds an account and an inner port",
             answers=at_address("rtsp://a:b@{place}/stream/trackID=1", "{base}/trackID=1")),
    Scenario(name="mpeg-ts-only", what="only an MPEG transport stream is offered", expect=refused(
        "stream-refused", "H.264"), description=swap(
        b"RTP/AVP 96\r\na=rtpmap:96 H264/90000", b"RTP/AVP 33\r\na=rtpmap:33 MP2T/90000")),
    Scenario(name="http-tunnel-401", what="the tunnel wants an account and says no method", scheme="rtsph",
             account=ACCOUNT, tunnel="401 Unauthorized", expect=refused("wrong-credential", "aucune")),
    Scenario(name="http-tunnel-503", what="the tunnel is full", scheme="rtsph", tunnel="503 Service Unavailable",
             expect=refused("stream-refused", "503")),
    Scenario(name="keepalive-hangs-up", what="GET_PARAMETER ends the connection, OPTIONS does not", timeout_s=2,
             answers={"GET_PARAMETER": hangs_up}, repeats=2, visits=2,
             expect=gap("camera-unreachable", "coupé", least=60)),
)  # fmt: skip
