"""The virtual camera's ONVIF answers: held against ONVIF's own schemas, and asked by a client nobody here wrote."""

from __future__ import annotations

import functools
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import zeep.exceptions
from lxml import etree
from onvif import ONVIFCamera

from tests.contract import onvif_schemas
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig, VirtualCamera
from tests.fakes.camera.accounts import ALLOWED, Access
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.camera.onvif_events import Subscription
from tests.fakes.camera.onvif_recordings import SearchSession
from tests.fakes.camera.onvif_server import SERVICES
from tests.fakes.camera.soap import (
    DEVICE,
    ENVELOPE,
    EVENTS,
    MEDIA,
    MEDIA2,
    NOTIFICATION,
    PREFIXES,
    RECORDING,
    REPLAY,
    SEARCH,
)
from tests.fakes.clips import encode_clip

ADDRESS = "127.0.61.1"
USERS = (
    UserConfig(name="boss", password="boss-secret", level="Administrator"),
    UserConfig(name="hand", password="hand-secret", level="Operator"),
    UserConfig(name="eye", password="eye-secret", level="User"),
)
SCHEMAS: dict[str, Callable[[], etree.XMLSchema]] = {
    DEVICE: onvif_schemas.device_schema,
    MEDIA: onvif_schemas.media_schema,
    MEDIA2: onvif_schemas.published_media2_schema,
    EVENTS: onvif_schemas.event_schema,
    NOTIFICATION: onvif_schemas.notification_schema,
    SEARCH: functools.partial(onvif_schemas.published_recording_schema, "search"),
    REPLAY: functools.partial(onvif_schemas.published_recording_schema, "replay"),
    RECORDING: functools.partial(onvif_schemas.published_recording_schema, "recording"),
}
MASK = (
    "<tr2:Mask><tr2:ConfigurationToken>source-configuration-1</tr2:ConfigurationToken><tr2:Polygon>"
    '<tt:Point x="-0.5" y="0.5"/><tt:Point x="0" y="0.5"/><tt:Point x="0" y="0"/></tr2:Polygon>'
    "<tr2:Type>Color</tr2:Type><tr2:Enabled>true</tr2:Enabled></tr2:Mask>"
)
USER = "<tt:Username>{}</tt:Username><tt:Password>long-enough-1</tt:Password><tt:UserLevel>User</tt:UserLevel>"
ENCODER = (
    '<{0}:Configuration token="encoder-main"><tt:Name>n</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>320</tt:Width><tt:Height>240</tt:Height></tt:Resolution>"
    "{1}</{0}:Configuration>{2}"
)
RATE1 = (
    "<tt:Quality>5</tt:Quality><tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:EncodingInterval>1"
    "</tt:EncodingInterval><tt:BitrateLimit>500</tt:BitrateLimit></tt:RateControl><tt:Multicast><tt:Address>"
    "<tt:Type>IPv4</tt:Type></tt:Address><tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart>"
    "</tt:Multicast><tt:SessionTimeout>PT60S</tt:SessionTimeout>"
)
RATE2 = (
    "<tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:BitrateLimit>500</tt:BitrateLimit></tt:RateControl>"
    "<tt:Quality>5</tt:Quality>"
)
DATE = (
    "<tds:DateTimeType>Manual</tds:DateTimeType><tds:DaylightSavings>false</tds:DaylightSavings><tds:UTCDateTime>"
    "<tt:Time><tt:Hour>{}</tt:Hour><tt:Minute>0</tt:Minute><tt:Second>0</tt:Second></tt:Time>"
    "<tt:Date><tt:Year>2030</tt:Year><tt:Month>1</tt:Month><tt:Day>1</tt:Day></tt:Date></tds:UTCDateTime>"
)
CONTENT: dict[tuple[str, str], str] = {
    (DEVICE, "GetServices"): "<tds:IncludeCapability>true</tds:IncludeCapability>",
    (DEVICE, "SetScopes"): "<tds:Scopes>onvif://www.onvif.org/location/here</tds:Scopes>",
    (DEVICE, "SetDiscoveryMode"): "<tds:DiscoveryMode>NonDiscoverable</tds:DiscoveryMode>",
    (DEVICE, "SetSystemDateAndTime"): DATE.format(12),
    (DEVICE, "SetNTP"): "<tds:FromDHCP>false</tds:FromDHCP><tds:NTPManual><tt:Type>IPv4</tt:Type>"
    "<tt:IPv4Address>127.0.0.1</tt:IPv4Address></tds:NTPManual>",
    (DEVICE, "SetNetworkProtocols"): "<tds:NetworkProtocols><tt:Name>HTTP</tt:Name><tt:Enabled>true</tt:Enabled>"
    "<tt:Port>80</tt:Port></tds:NetworkProtocols>",
    (DEVICE, "CreateUsers"): f"<tds:User>{USER.format('new')}</tds:User>",
    (DEVICE, "SetUser"): f"<tds:User>{USER.format('eye')}</tds:User>",
    (DEVICE, "DeleteUsers"): "<tds:Username>hand</tds:Username>",
    (MEDIA, "GetProfile"): "<trt:ProfileToken>profile-main</trt:ProfileToken>",
    (MEDIA, "GetStreamUri"): "<trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP"
    "</tt:Protocol></tt:Transport></trt:StreamSetup><trt:ProfileToken>profile-main</trt:ProfileToken>",
    (MEDIA, "GetSnapshotUri"): "<trt:ProfileToken>profile-main</trt:ProfileToken>",
    (MEDIA2, "GetSnapshotUri"): "<tr2:ProfileToken>profile-main</tr2:ProfileToken>",
    (MEDIA, "GetVideoEncoderConfiguration"): "<trt:ConfigurationToken>encoder-sub</trt:ConfigurationToken>",
    (MEDIA, "SetVideoEncoderConfiguration"): ENCODER.format(
        "trt", RATE1, "<trt:ForcePersistence>true</trt:ForcePersistence>"
    ),
    (MEDIA2, "GetProfiles"): "<tr2:Type>All</tr2:Type>",
    (MEDIA2, "GetStreamUri"): "<tr2:Protocol>RTSP</tr2:Protocol><tr2:ProfileToken>profile-main</tr2:ProfileToken>",
    (MEDIA2, "SetVideoEncoderConfiguration"): ENCODER.format("tr2", RATE2, ""),
    (MEDIA2, "CreateMask"): MASK,
    (MEDIA2, "SetMask"): MASK.replace("<tr2:Mask>", '<tr2:Mask token="known">'),
    (MEDIA2, "DeleteMask"): "<tr2:Token>known</tr2:Token>",
    (MEDIA2, "GetMaskOptions"): "<tr2:ConfigurationToken>source-configuration-1</tr2:ConfigurationToken>",
    (
        EVENTS,
        "CreatePullPointSubscription",
    ): "<tev:Filter><wsnt:TopicExpression Dialect='http://www.onvif.org/ver10/tev/"
    "topicExpression/ConcreteSet'>tns1:VideoSource/SignalLoss</wsnt:TopicExpression></tev:Filter>",
    (EVENTS, "PullMessages"): "<tev:Timeout>PT1S</tev:Timeout><tev:MessageLimit>9</tev:MessageLimit>",
    (SEARCH, "GetRecordingInformation"): "<tse:RecordingToken>recording-main</tse:RecordingToken>",
    (SEARCH, "FindRecordings"): "<tse:Scope><tt:IncludedRecordings>recording-main</tt:IncludedRecordings></tse:Scope>"
    "<tse:MaxMatches>4</tse:MaxMatches><tse:KeepAliveTime>PT10S</tse:KeepAliveTime>",
    (SEARCH, "GetRecordingSearchResults"): "<tse:SearchToken>known</tse:SearchToken><tse:MaxResults>1</tse:MaxResults>",
    (SEARCH, "EndSearch"): "<tse:SearchToken>known</tse:SearchToken>",
    (REPLAY, "GetReplayUri"): "<trp:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP"
    "</tt:Protocol></tt:Transport></trp:StreamSetup><trp:RecordingToken>recording-main</trp:RecordingToken>",
}
OPERATIONS = [(namespace, name) for namespace, operations in SERVICES.items() for name in operations]


@functools.cache
def clips() -> tuple[Path, Path, Path]:
    """Main, sub-stream and another size of the main stream."""
    folder = Path(tempfile.mkdtemp(prefix="guet-onvif-"))
    made = []
    for width, height in ((320, 240), (160, 120), (640, 480)):
        made.append(folder / f"{width}.mp4")
        encode_clip(made[-1], "libx264", width, height, 20, g="10")
    return made[0], made[1], made[2]


def settings(**changes: object) -> CameraConfig:
    main, sub, other = clips()
    given = {"id": "cam", "address": ADDRESS, "main": main, "sub": sub, "main_variants": (other,), "users": USERS}
    return CameraConfig.model_validate({**given, "factory": False, "masks": 4, "card": True, **changes})


def farm_of(config: CameraConfig) -> Farm:
    return Farm(FarmConfig(cameras=(config,), http_port=0, rtsp_port=0, discovery_port=0, multicast=False))


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with farm_of(settings()) as farm:
        yield farm["cam"]


def envelope(namespace: str, name: str, content: str = "") -> bytes:
    prefix = next(prefix for prefix, uri in PREFIXES.items() if uri == namespace)
    names = " ".join(f'xmlns:{key}="{uri}"' for key, uri in PREFIXES.items())
    body = f"<{prefix}:{name}>{content}</{prefix}:{name}>"
    return f"<env:Envelope {names}><env:Body>{body}</env:Body></env:Envelope>".encode()


async def ask(
    camera: VirtualCamera, namespace: str, name: str, content: str = "", user: tuple[str, str] | None = None
) -> httpx.Response:
    auth = httpx.DigestAuth(*user) if user else None
    async with httpx.AsyncClient(auth=auth, timeout=60) as client:
        url = f"{camera.device_url}?subscription=known"  # only pull points mind
        return await client.post(url, content=envelope(namespace, name, content))


def subcodes(answer: httpx.Response) -> list[str]:
    found = etree.fromstring(answer.content).iterfind(f".//{{{ENVELOPE}}}Subcode/{{{ENVELOPE}}}Value")
    return [str(value.text) for value in found]


def known_mask(camera: VirtualCamera) -> None:
    from tests.fakes.camera.device import Mask

    xml = MASK.replace("tr2:Mask>", "tr2:Masks>").replace("<tr2:Masks>", '<tr2:Masks token="known">')
    camera.device.masks["known"] = Mask("known", xml)


def known_search(camera: VirtualCamera) -> None:
    waiting = ["recording-main", "recording-sub"]
    camera.searches["known"] = SearchSession(waiting, 10.0, time.monotonic() + 10.0)
    topics = ("VideoSource/SignalLoss", "RecordingConfig/JobState")
    camera.pull_points["known"] = Subscription(topics, {}, time.monotonic() + 10.0)


@pytest.mark.parametrize(("namespace", "name"), OPERATIONS)
async def test_request_and_answer_are_what_the_wsdl_says(camera: VirtualCamera, namespace: str, name: str) -> None:
    known_mask(camera)
    known_search(camera)
    content = CONTENT.get((namespace, name), "")
    schema = SCHEMAS[namespace]()
    asked = etree.fromstring(envelope(namespace, name, content))[0][0]
    assert schema.validate(asked), schema.error_log
    answer = await ask(camera, namespace, name, content, ("boss", "boss-secret"))
    if name == "GetSnapshotUri":
        assert subcodes(answer) == ["ter:ActionNotSupported"]
        return
    assert answer.status_code == 200, answer.text
    told = etree.fromstring(answer.content)[0][0]
    assert told.tag == f"{{{namespace}}}{name}Response"
    assert schema.validate(told), schema.error_log


@pytest.mark.parametrize(("namespace", "name"), [one for one in OPERATIONS if one[0] == MEDIA2])
async def test_media2_answers_fit_the_subset_our_client_reads(camera: VirtualCamera, namespace: str, name: str) -> None:
    known_mask(camera)
    answer = await ask(camera, namespace, name, CONTENT.get((namespace, name), ""), ("boss", "boss-secret"))
    told = etree.fromstring(answer.content)[0][0]
    schema = onvif_schemas.our_media2_schema()
    assert name == "GetSnapshotUri" or schema.validate(told), schema.error_log


@pytest.mark.parametrize(("namespace", "name"), OPERATIONS)
@pytest.mark.parametrize("user", USERS, ids=lambda user: user.level)
async def test_the_default_access_policy(camera: VirtualCamera, namespace: str, name: str, user: UserConfig) -> None:
    """O-25: each level may run the operations of its classes and no others."""
    known_mask(camera)
    known_search(camera)
    access = SERVICES[namespace][name].access
    content = CONTENT.get((namespace, name), "")
    answer = await ask(camera, namespace, name, content, (user.name, user.password))
    if access in ALLOWED[user.level]:
        assert answer.status_code == 200 or subcodes(answer) == ["ter:ActionNotSupported"]
    else:
        assert answer.status_code == 400
        assert subcodes(answer) == ["ter:NotAuthorized"]


@pytest.mark.parametrize(("namespace", "name"), OPERATIONS)
async def test_without_credentials_only_what_comes_before_sign_in(
    camera: VirtualCamera, namespace: str, name: str
) -> None:
    answer = await ask(camera, namespace, name, CONTENT.get((namespace, name), ""))
    if SERVICES[namespace][name].access is Access.PRE_AUTH:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Digest ")
        assert answer.content == b""


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_digest_authentication_and_stale_nonces(algorithm: str) -> None:
    async with farm_of(settings(digest=(algorithm,))) as farm:
        camera = farm["cam"]
        async with httpx.AsyncClient(auth=httpx.DigestAuth("eye", "eye-secret")) as client:
            data = envelope(DEVICE, "GetScopes")
            first = await client.post(camera.device_url, content=data)
            assert first.status_code == 200
            assert f"algorithm={algorithm}" in first.request.headers["authorization"]
            camera.door.forget_nonces()
            header = {"Authorization": first.request.headers["authorization"]}
            stale = await httpx.AsyncClient().post(camera.device_url, content=data, headers=header)
            assert stale.status_code == 401
            assert "stale=true" in stale.headers["www-authenticate"]
            assert camera.counts.refused == 0
            assert (await client.post(camera.device_url, content=data)).status_code == 200
        wrong = await ask(camera, DEVICE, "GetScopes", user=("eye", "guess"))
        assert wrong.status_code == 401
        assert "stale" not in wrong.headers["www-authenticate"]
        assert camera.counts.refused == 1


async def test_the_factory_account_sees_no_picture_until_its_password_is_changed() -> None:
    factory = (UserConfig(name="admin", password="admin"),)
    async with farm_of(settings(users=factory, factory=True)) as farm:
        camera = farm["cam"]
        default = ("admin", "admin")
        assert (await ask(camera, DEVICE, "GetDeviceInformation", user=default)).status_code == 200
        refused = await ask(camera, MEDIA2, "GetProfiles", user=default)
        assert subcodes(refused) == ["ter:NotAuthorized"]
        weak = USER.format("admin").replace("long-enough-1", "short").replace("User</", "Administrator</")
        answer = await ask(camera, DEVICE, "SetUser", f"<tds:User>{weak}</tds:User>", default)
        assert subcodes(answer) == ["ter:OperationProhibited", "ter:PasswordTooWeak"]
        strong = weak.replace(">short<", ">long-enough-1<")
        assert (await ask(camera, DEVICE, "SetUser", f"<tds:User>{strong}</tds:User>", default)).status_code == 200
        assert (await ask(camera, MEDIA2, "GetProfiles", user=default)).status_code == 401
        assert (await ask(camera, MEDIA2, "GetProfiles", user=("admin", "long-enough-1"))).status_code == 200


BAD_ACCOUNTS = {
    "clash": ("CreateUsers", "boss", ["ter:OperationProhibited", "ter:UsernameClash"]),
    "unknown": ("SetUser", "nobody", ["ter:InvalidArgVal", "ter:UsernameMissing"]),
    "last administrator": ("SetUser", "boss", ["ter:InvalidArgVal", "ter:FixedUser"]),
    "long name": ("CreateUsers", "x" * 40, ["ter:OperationProhibited", "ter:UsernameTooLong"]),
}


@pytest.mark.parametrize("case", BAD_ACCOUNTS)
async def test_changes_of_accounts_that_are_refused_change_nothing(camera: VirtualCamera, case: str) -> None:
    name, user, codes = BAD_ACCOUNTS[case]
    before = [(account.name, account.password, account.level) for account in camera.accounts.all()]
    content = f"<tds:User>{USER.format('fresh')}</tds:User>" if name == "CreateUsers" else ""
    content += f"<tds:User>{USER.format(user)}</tds:User>"
    answer = await ask(camera, DEVICE, name, content, ("boss", "boss-secret"))
    assert subcodes(answer) == codes
    assert [(account.name, account.password, account.level) for account in camera.accounts.all()] == before


async def test_deleting_the_last_administrator_is_refused(camera: VirtualCamera) -> None:
    answer = await ask(camera, DEVICE, "DeleteUsers", "<tds:Username>boss</tds:Username>", ("boss", "boss-secret"))
    assert subcodes(answer) == ["ter:InvalidArgVal", "ter:FixedUser"]


BAD_REQUESTS = {
    "not xml": (b"\x00\xff<", 400, ["ter:WellFormed"]),
    "not soap": (b"<a/>", 400, ["ter:WellFormed"]),
    "empty body": (f'<e:Envelope xmlns:e="{ENVELOPE}"><e:Body/></e:Envelope>'.encode(), 400, ["ter:WellFormed"]),
    "unknown operation": (envelope(DEVICE, "StartFirmwareUpgrade"), 500, ["ter:ActionNotSupported"]),
    "no such profile": (
        envelope(MEDIA2, "GetStreamUri", "<tr2:Protocol>RTSP</tr2:Protocol><tr2:ProfileToken>x</tr2:ProfileToken>"),
        400,
        ["ter:InvalidArgVal", "ter:NoProfile"],
    ),
    "argument missing": (envelope(MEDIA2, "GetStreamUri"), 400, ["ter:InvalidArgVal"]),
    "no such date": (
        envelope(DEVICE, "SetSystemDateAndTime", DATE.format(77)),
        400,
        ["ter:InvalidArgVal", "ter:InvalidDateTime"],
    ),
    "size nobody has": (
        envelope(MEDIA2, "SetVideoEncoderConfiguration", ENCODER.format("tr2", RATE2, "").replace("320", "321")),
        400,
        ["ter:InvalidArgVal", "ter:ConfigModify"],
    ),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
async def test_bad_requests_are_answered_with_the_specified_fault(camera: VirtualCamera, case: str) -> None:
    data, status, codes = BAD_REQUESTS[case]
    async with httpx.AsyncClient(auth=httpx.DigestAuth("boss", "boss-secret")) as client:
        answer = await client.post(camera.device_url, content=data)
    assert answer.status_code == status
    assert subcodes(answer) == codes


async def test_a_camera_without_masks_or_without_media2_says_so() -> None:
    async with farm_of(settings(masks=0)) as farm:
        capabilities = await ask(farm["cam"], MEDIA2, "GetServiceCapabilities")
        assert b'Mask="false"' in capabilities.content
        answer = await ask(farm["cam"], MEDIA2, "GetMasks", user=("eye", "eye-secret"))
        assert subcodes(answer) == ["ter:ActionNotSupported"]
    async with farm_of(settings(media2=False)) as farm:
        services = await ask(farm["cam"], DEVICE, "GetServices", "<tds:IncludeCapability>false</tds:IncludeCapability>")
        assert MEDIA2.encode() not in re.sub(b"xmlns:[^ >]*", b"", services.content)
        answer = await ask(farm["cam"], MEDIA2, "GetProfiles", user=("eye", "eye-secret"))
        assert "ter:ActionNotSupported" in subcodes(answer)


async def test_another_size_is_told_and_streamed_once_it_is_set(camera: VirtualCamera) -> None:
    content = ENCODER.format("tr2", RATE2, "").replace("320", "640").replace("240", "480")
    answer = await ask(camera, MEDIA2, "SetVideoEncoderConfiguration", content, ("hand", "hand-secret"))
    assert answer.status_code == 200
    assert (camera.streams["main"].clip.width, camera.streams["main"].clip.height) == (640, 480)


async def test_a_camera_may_announce_another_size_than_it_streams() -> None:
    async with farm_of(settings(announced_size=(1920, 1080))) as farm:
        answer = await ask(farm["cam"], MEDIA2, "GetVideoEncoderConfigurations", user=("eye", "eye-secret"))
        assert "<tt:Width>1920</tt:Width><tt:Height>1080</tt:Height>" in answer.text
        assert farm["cam"].streams["main"].clip.width == 320


async def test_the_clock_is_as_wrong_as_it_is_told_to_be(camera: VirtualCamera) -> None:
    async def told_year() -> str:
        answer = await ask(camera, DEVICE, "GetSystemDateAndTime")
        return str(re.findall(r"<tt:Year>(\d+)", answer.text)[0])

    misbehave(camera, "clock-jump", seconds=-40 * 365 * 86400)
    assert int(await told_year()) < 2000
    await ask(camera, DEVICE, "SetSystemDateAndTime", DATE.format(12), ("boss", "boss-secret"))
    assert await told_year() == "2030"


@pytest.mark.parametrize("masks", [0, 2])
async def test_an_independent_client_reads_the_camera(masks: int) -> None:
    """zeep with the WSDLs of the onvif package, which parses strictly what it is answered."""
    async with farm_of(settings(masks=masks)) as farm:
        camera = farm["cam"]
        client = ONVIFCamera(camera.config.address, camera.http_port, "eye", "eye-secret")
        try:
            await client.update_xaddrs()
            device = await client.create_devicemgmt_service()
            assert (await device.GetDeviceInformation()).SerialNumber == camera.config.serial_number
            interfaces = await device.GetNetworkInterfaces()
            assert interfaces[0].Info.HwAddress == camera.config.mac_address
            media = await client.create_media_service()
            profiles = await media.GetProfiles()
            assert [p.VideoEncoderConfiguration.Resolution.Width for p in profiles] == [320, 160]
            setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
            uri = await media.GetStreamUri({"StreamSetup": setup, "ProfileToken": profiles[1].token})
            assert uri.Uri == camera.rtsp_url("sub")
            with pytest.raises(zeep.exceptions.Fault, match="may not do that"):
                await device.GetUsers()
        finally:
            await client.close()
