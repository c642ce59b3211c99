"""Addresses, channels and sessions: what SETUP and PLAY answer, where packets then come (RFC 2326 §10.4, §12.39)."""

from __future__ import annotations

from tests.fakes.zoo.pictures import Packet, frame
from tests.fakes.zoo.scenario import Alter, Answer, Scenario, gap, refused
from tests.fakes.zoo.server import SESSION, Ask, Peer


def setup_says(transport: str, session: str = f"Session: {SESSION};timeout=60") -> dict[str, Answer]:
    """Another answer to SETUP."""
    lines = [f"Transport: {transport}"] if transport else []
    return {"SETUP": lambda ask: ask.says("200 OK", *lines, *([session] if session else []))}


def at_address(attribute: str, wanted: str, *, content_base: str = "", play: str = "") -> dict[str, Answer]:
    """The control attribute of the video, and the only address at which SETUP works; ``{base}`` is the stream's.

    ``content_base`` is the header of that name, left out when empty. ``play`` is the only address at which PLAY works.
    """

    def describe(ask: Ask) -> bytes:
        body = ask.usual.partition(b"\r\n\r\n")[2]
        video = f"a=control:{filled(attribute, ask)}\r\n".encode() if attribute else b""
        body = body.replace(b"a=control:trackID=1\r\n", video)
        lines = [f"Content-Base: {filled(content_base, ask)}"] if content_base else []
        return ask.says("200 OK", "Content-Type: application/sdp", *lines, body=body)

    def setup(ask: Ask) -> bytes:
        return ask.usual if ask.uri == filled(wanted, ask) else ask.says("404 Stream Not Found")

    def start(ask: Ask) -> bytes:
        return ask.usual if not play or ask.uri == filled(play, ask) else ask.says("404 Not Found")

    return {"DESCRIBE": describe, "SETUP": setup, "PLAY": start}


def filled(text: str, ask: Ask) -> str:
    """The text with the stream's address and the server's place in it."""
    zoo = ask.peer.zoo
    place = f"127.0.0.1:{zoo.port}"
    return text.format(base=zoo.base, place=place)


def on_channel(channel: int) -> Alter:
    return lambda peer, index, packets: [packet.but(channel=channel) for packet in packets]


def with_sound(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """Sound and metadata that nobody asked for, on channels that nobody set up."""
    return [frame(2, b"\x80\x00" + bytes(170)), *packets, frame(4, b"\x80\x6b" + b"<metadata/>" * 9)]


def plays_at_setup(ask: Ask) -> bytes:
    """Everything at once: the answer to SETUP, and pictures before PLAY was asked for."""
    peer = ask.peer
    shown = peer.scenario.shown()[:5]
    made = b"".join(packet.framed() for picture in shown for packet in peer.packets(picture))
    peer.zoo.count(shown)
    return ask.usual + made


SCENARIOS = (
    Scenario(name="control-absolute", what="the control attribute is a whole address",
             answers=at_address("{base}/trackID=1", "{base}/trackID=1")),
    Scenario(name="control-other-host", what="the control attribute names the camera's inner address (NAT)",
             answers=at_address("rtsp://192.168.1.10:554/stream/trackID=1", "{base}/trackID=1")),
    Scenario(name="control-other-host-wanted", what="the same, and the camera wants it so",
             answers=at_address("rtsp://192.168.1.10:554/stream/trackID=1", "rtsp://192.168.1.10:554/stream/trackID=1")),
    Scenario(name="control-missing", what="no control attribute", answers=at_address("", "{base}")),
    Scenario(name="control-star", what="the control attribute of the track is *", answers=at_address("*", "{base}")),
    Scenario(name="control-with-query", what="query in the address, track appended behind it",
             path="/cam/realmonitor?channel=1&subtype=0", answers=at_address("trackID=1", "{base}/trackID=1")),
    Scenario(name="control-before-query", what="query in the address, track wanted before it",
             path="/axis-media/media.amp?videocodec=h264",
             answers=at_address("stream=0", "rtsp://{place}/axis-media/media.amp/stream=0?videocodec=h264")),
    Scenario(name="control-relative-rfc", what="the control attribute is resolved as a link, not appended",
             path="/live/main", answers=at_address("track1", "rtsp://{place}/live/track1")),
    Scenario(name="control-rooted", what="the control attribute begins with a slash",
             answers=at_address("/other/track1", "rtsp://{place}/other/track1")),
    Scenario(name="control-with-blank", what="a blank in the control attribute",
             answers=at_address("track ID=1", "{base}/track%20ID=1")),
    Scenario(name="content-base-slash", what="Content-Base ends in a slash",
             answers=at_address("trackID=1", "{base}/trackID=1", content_base="{base}/")),
    Scenario(name="content-base-dahua", what="Content-Base with a slash behind the query",
             path="/cam?channel=1&proto=Onvif",
             answers=at_address("trackID=0", "{base}/trackID=0", content_base="{base}/")),
    Scenario(name="content-base-no-scheme", what="Content-Base without rtsp://",
             answers=at_address("trackID=1", "{base}/trackID=1", content_base="{place}/stream/")),
    Scenario(name="content-base-other-host", what="Content-Base of an inner address, refused when used",
             answers=at_address("trackID=1", "{base}/trackID=1", content_base="rtsp://0.0.0.0/stream/")),
    Scenario(name="content-base-nonsense", what="Content-Base is not an address",
             answers=at_address("trackID=1", "{base}/trackID=1", content_base="stream live 1")),
    Scenario(name="play-at-track", what="PLAY works at the track's address only",
             answers=at_address("trackID=1", "{base}/trackID=1", play="{base}/trackID=1")),
    Scenario(name="play-at-slash", what="PLAY works at the address with a slash only",
             answers=at_address("trackID=1", "{base}/trackID=1", content_base="{base}/", play="{base}/")),
    Scenario(name="channels-others", what="other channels than asked", answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=8-9;ssrc=2A27A3FB;mode=play"), alter=on_channel(8)),
    Scenario(name="channels-single", what="interleaved names one channel", answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=0")),
    Scenario(name="channels-unsaid", what="no interleaved in the answer", answers=setup_says("RTP/AVP/TCP;unicast")),
    Scenario(name="transport-unsaid", what="no Transport in the answer", answers=setup_says("")),
    Scenario(name="transport-without-tcp", what="interleaved, but the profile does not say TCP", answers=setup_says(
        "RTP/AVP;unicast;interleaved=0-1")),
    Scenario(name="transport-spaces", what="blanks in the Transport header", answers=setup_says(
        "RTP/AVP/TCP; unicast; interleaved = 0 - 1 ; ssrc = 0")),
    Scenario(name="transport-ssrc-wrong", what="ssrc of another stream", answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=DEADBEEF")),
    Scenario(name="transport-ssrc-decimal", what="ssrc in decimal, too long", answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=937239728")),
    Scenario(name="channels-not-as-said", what="promises 0-1, sends on 2", alter=on_channel(2)),
    Scenario(name="rtp-on-rtcp-channel", what="pictures come on the channel of reports", alter=on_channel(1)),
    Scenario(name="uninvited-tracks", what="sound and metadata that were never set up", alter=with_sound),
    Scenario(name="pictures-before-play", what="pictures before PLAY", answers={"SETUP": plays_at_setup}),
    Scenario(name="session-odd-parameters", what="odd parameters behind the session", answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=0-1", f"Session:   {SESSION} ; Timeout = 60 ; x=\"y\";")),
    Scenario(name="session-other-at-play", what="PLAY answers another session", answers={
        "PLAY": lambda ask: ask.says("200 OK", "Session: 999")}),
    Scenario(name="session-missing", what="no Session at all", answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=0-1", "")),
    Scenario(name="session-timeout-zero", what="timeout=0", answers=setup_says(
        "RTP/AVP/TCP;unicast;interleaved=0-1", f"Session: {SESSION};timeout=0"), lasts_s=1.2),
    Scenario(name="rtp-info-wrong", what="RTP-Info of another stream", answers={"PLAY": lambda ask: ask.says(
        "200 OK", f"Session: {SESSION}", "RTP-Info: url=rtsp://0.0.0.0/x;seq=1;rtptime=0,url=;seq=;rtptime=")}),
    Scenario(name="udp-only", what="SETUP is answered with UDP ports", expect=refused("stream-refused", "TCP"),
             answers=setup_says("RTP/AVP;unicast;client_port=0-1;server_port=5000-5001")),
    Scenario(name="unsupported-transport", what="461", expect=refused("stream-refused", "461"),
             answers={"SETUP": lambda ask: ask.says("461 Unsupported Transport")}),
    Scenario(name="impossible-channels", what="interleaved=300-300", expect=refused("stream-damaged", "Canaux"),
             answers=setup_says("RTP/AVP/TCP;unicast;interleaved=300-300")),
    Scenario(name="stream-not-found", what="404 to DESCRIBE", expect=refused("stream-refused", "404"),
             answers={"DESCRIBE": lambda ask: ask.says("404 Not Found")}),
    Scenario(name="not-enough-bandwidth", what="453 to SETUP", expect=refused("stream-refused", "453"),
             answers={"SETUP": lambda ask: ask.says("453 Not Enough Bandwidth")}),
    Scenario(name="session-not-found", what="454 to PLAY", expect=refused("stream-refused", "454"),
             answers={"PLAY": lambda ask: ask.says("454 Session Not Found")}),
    Scenario(name="wrong-state", what="455 to PLAY", expect=refused("stream-refused", "455"),
             answers={"PLAY": lambda ask: ask.says("455 Method Not Valid in This State")}),
    Scenario(name="too-many-clients", what="503 to SETUP, once, then a place", visits=2,
             expect=gap("stream-refused", "503"),
             answers={"SETUP": lambda ask: ask.usual if ask.peer.number else ask.says("503 Service Unavailable")}),
    Scenario(name="redirect-same-host", what="302 to another path of the same host", answers={
        "DESCRIBE": lambda ask: ask.usual if ask.uri.endswith("/moved") else ask.says(
            "302 Moved Temporarily", f"Location: {ask.peer.zoo.base}/moved")}, visits=2),
    Scenario(name="redirect-other-host", what="301 to another host", expect=refused("stream-refused", "autre"),
             answers={"DESCRIBE": lambda ask: ask.says("301 Moved", "Location: rtsp://198.51.100.7/stream")}),
    Scenario(name="redirect-loop", what="302 to itself", expect=refused("stream-refused", "302"), visits=5,
             answers={"DESCRIBE": lambda ask: ask.says("302 Moved Temporarily", f"Location: {ask.peer.zoo.base}")}),
    Scenario(name="session-forgotten", what="454 to the first keepalive", visits=2, timeout_s=2, repeats=2,
             expect=gap("stream-stalled", "oublié"),
             answers={"GET_PARAMETER": lambda ask: ask.usual if ask.peer.number else ask.says("454 Not Found")}),
)  # fmt: skip
