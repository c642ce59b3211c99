"""What devices answer, read one operation at a time: honest, sloppy and hostile (O-20…O-26, P-06)."""

from __future__ import annotations

from typing import Any

import pytest

from vms.clock import UtcTime
from vms.onvif.device import Account, AccountLimits, Device, Protocol
from vms.onvif.media2 import Media2
from vms.onvif.soap import MEDIA2, AnswerRefused, SoapFault, WrongCredential, open_envelope

URL = "http://10.42.16.48:8080/onvif/device_service"
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:d="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:t="http://www.onvif.org/ver10/schema" xmlns:m="http://www.onvif.org/ver20/media/wsdl"><s:Body>{}</s:Body>'
    "</s:Envelope>"
)


class Said:
    """A SoapClient whose camera always says the same, or refuses until an account is given."""

    def __init__(self, body: str, *, guarded: bool = False) -> None:
        self._body = body
        self._guarded = guarded
        self.sent: list[Any] = []

    async def call(self, url: str, body: Any, *, anonymous: bool = False) -> Any:
        self.sent.append(body)
        if self._guarded and anonymous:
            raise WrongCredential("guarded")
        return open_envelope(ENVELOPE.format(self._body).encode(), "10.42.16.48")


def device(body: str, url: str = URL, *, guarded: bool = False) -> Device:
    soap: Any = Said(body, guarded=guarded)
    return Device(soap, url)


def media(body: str) -> Media2:
    soap: Any = Said(body)
    return Media2(soap, URL)


def moment(date: str = "2026,11,24", time: str = "14,12,36", source: str = "NTP") -> str:
    year, month, day = date.split(",")
    hour, minute, second = time.split(",")
    return (
        f"<d:GetSystemDateAndTimeResponse><d:SystemDateAndTime><t:DateTimeType>{source}</t:DateTimeType><t:UTCDateTime>"
        f"<t:Time><t:Hour>{hour}</t:Hour><t:Minute>{minute}</t:Minute><t:Second>{second}</t:Second></t:Time>"
        f"<t:Date><t:Year>{year}</t:Year><t:Month>{month}</t:Month><t:Day>{day}</t:Day></t:Date>"
        "</t:UTCDateTime></d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>"
    )


async def test_the_clock_is_read_also_in_a_leap_second_and_behind_a_guard() -> None:
    told = await device(moment()).system_time()
    assert (told.utc, told.from_ntp) == (UtcTime.parse("2026-11-24T14:12:36Z"), True)
    leap = await device(moment("2016,12,31", "23,59,60", "Manual")).system_time()
    assert (leap.utc, leap.from_ntp) == (UtcTime.parse("2016-12-31T23:59:59Z"), False)
    assert (await device(moment(), guarded=True).system_time()).utc == told.utc


@pytest.mark.parametrize(
    "said",
    [
        moment("2026,13,24"),
        moment("2026,2,30"),
        moment(time="25,0,0"),
        moment(time="a,0,0"),
        moment("1969,1,1"),
        moment("99999,1,1"),
        "<d:GetSystemDateAndTimeResponse/>",
        "<d:GetSystemDateAndTimeResponse><d:SystemDateAndTime/></d:GetSystemDateAndTimeResponse>",
    ],
)
async def test_a_time_that_is_none_names_its_rule(said: str) -> None:
    with pytest.raises(AnswerRefused) as caught:
        await device(said).system_time()
    assert caught.value.rule == "A-10"


def service(namespace: str, xaddr: str) -> str:
    return f"<d:Service><d:Namespace>{namespace}</d:Namespace><d:XAddr>{xaddr}</d:XAddr></d:Service>"


async def test_services_are_at_the_host_we_reached() -> None:
    """O-23: whatever the device names; of two services of one namespace the first counts; file: is no service."""
    said = service(MEDIA2, "http://192.168.1.9:81/m2") + service(MEDIA2, "http://10.42.16.48/second")
    said += service("urn:x", "file:///etc/passwd")
    found = await device(f"<d:GetServicesResponse>{said}</d:GetServicesResponse>").services()
    assert found == {MEDIA2: "http://10.42.16.48:81/m2"}


async def test_a_device_reached_over_https_never_leads_back_to_plain_http() -> None:
    """A-01."""
    said = f"<d:GetServicesResponse>{service(MEDIA2, 'http://10.42.16.48:80/m2?x=1')}</d:GetServicesResponse>"
    found = await device(said, "https://10.42.16.48:8443/onvif/device_service").services()
    assert found == {MEDIA2: "https://10.42.16.48:8443/m2?x=1"}


async def test_an_answer_to_another_question_is_refused() -> None:
    with pytest.raises(AnswerRefused, match="GetUsers"):
        await device("<d:GetServicesResponse/>").accounts()
    with pytest.raises(AnswerRefused, match="GetProfiles"):
        await media("<d:GetProfilesResponse/>").profiles()


async def test_accounts_limits_and_protocols_are_read() -> None:
    users = "<d:User><t:Username>a</t:Username><t:UserLevel>Operator</t:UserLevel></d:User><d:User/>"
    assert await device(f"<d:GetUsersResponse>{users}</d:GetUsersResponse>").accounts() == [
        Account("a", "Operator"),
        Account("", ""),
    ]
    limits = '<d:Capabilities><d:Security MaxUsers="8" MaxPasswordLength="16" MaxUserNameLength="-1"/></d:Capabilities>'
    answer = f"<d:GetServiceCapabilitiesResponse>{limits}</d:GetServiceCapabilitiesResponse>"
    assert await device(answer).account_limits() == AccountLimits(8, None, 16)
    ports = "<d:NetworkProtocols><t:Name>ftp</t:Name><t:Enabled>true</t:Enabled><t:Port>21</t:Port><t:Port>x</t:Port>"
    answer = f"<d:GetNetworkProtocolsResponse>{ports}</d:NetworkProtocols></d:GetNetworkProtocolsResponse>"
    assert await device(answer).protocols() == [Protocol("FTP", True, (21,))]


async def test_what_a_stranger_wrote_is_made_safe_to_show() -> None:
    said = "<d:Manufacturer>Ac\u202eme\n</d:Manufacturer><d:Model>" + "x" * 500 + "</d:Model>"
    told = await device(f"<d:GetDeviceInformationResponse>{said}</d:GetDeviceInformationResponse>").information()
    assert (told.manufacturer, len(told.model), told.firmware) == ("Acme", 64, "")


async def test_the_mac_of_the_first_enabled_interface() -> None:
    def interface(mac: str, enabled: str) -> str:
        info = f"<t:Info><t:HwAddress>{mac}</t:HwAddress></t:Info>"
        return f"<d:NetworkInterfaces><t:Enabled>{enabled}</t:Enabled>{info}</d:NetworkInterfaces>"

    said = interface("02:00:00:00:00:01", "false") + interface("junk", "true") + interface("02-00-00-00-00-02", "true")
    answer = f"<d:GetNetworkInterfacesResponse>{said}</d:GetNetworkInterfacesResponse>"
    assert await device(answer).mac() == "02:00:00:00:00:02"


def profiles(parts: str) -> str:
    return (
        f'<m:GetProfilesResponse><m:Profiles token="p"><m:Name>n</m:Name>{parts}</m:Profiles></m:GetProfilesResponse>'
    )


async def test_profiles_with_parts_missing_are_read_and_sound_is_seen() -> None:
    [bare] = await media(profiles("")).profiles()
    assert (bare.token, bare.encoder, bare.audio, bare.source) == ("p", None, (), "")
    noisy = '<m:AudioSource token="a"/><m:VideoEncoder token="e"><t:Encoding>JPEG</t:Encoding></m:VideoEncoder>'
    [heard] = await media(profiles(f"<m:Configurations>{noisy}</m:Configurations>")).profiles()
    assert heard.audio == ("AudioSource",)
    assert heard.encoder is not None
    assert (heard.encoder.codec, heard.encoder.width, heard.encoder.fps) == ("JPEG", 0, 0)


@pytest.mark.parametrize("number", ["-1", "nan", "inf", "1e12", "ten", "0x10"])
async def test_an_impossible_number_is_refused(number: str) -> None:
    size = f"<t:Resolution><t:Width>{number}</t:Width><t:Height>1</t:Height></t:Resolution>"
    with pytest.raises(AnswerRefused):
        await media(
            profiles(f"<m:Configurations><m:VideoEncoder>{size}</m:VideoEncoder></m:Configurations>")
        ).profiles()


@pytest.mark.parametrize("uri", ["", "http://10.42.16.48/x", "rtsps://10.42.16.48/x"])
async def test_a_stream_address_of_another_kind_is_refused(uri: str) -> None:
    with pytest.raises(AnswerRefused):
        await media(f"<m:GetStreamUriResponse><m:Uri>{uri}</m:Uri></m:GetStreamUriResponse>").stream_url(
            "p", encrypted=False
        )


async def test_setting_an_encoder_keeps_what_we_do_not_know() -> None:
    known = (
        '<m:Configurations><m:VideoEncoder token="e" GovLength="50" Profile="High" v:odd="1" xmlns:v="urn:v"><t:Name>n'
        "</t:Name><t:Encoding>H264</t:Encoding><t:Resolution><t:Width>640</t:Width><t:Height>360</t:Height></t:Resolution>"
        "<t:RateControl><t:FrameRateLimit>5</t:FrameRateLimit><t:BitrateLimit>1</t:BitrateLimit></t:RateControl>"
        "<t:Quality>3</t:Quality><v:Extra>kept</v:Extra></m:VideoEncoder></m:Configurations>"
    )
    [profile] = await media(profiles(known)).profiles()
    assert profile.encoder is not None
    soap: Any = Said("<m:SetVideoEncoderConfigurationResponse/>")
    await Media2(soap, URL).set_encoder(profile.encoder, codec="h265", width=1280, height=720, fps=12.5)
    [sent] = soap.sent
    [told] = sent
    values = {child.tag.rpartition("}")[2]: child for child in told.iter()}
    assert told.get("GovLength") == "50"
    assert told.get("{urn:v}odd") == "1"
    assert values["Extra"].text == "kept"
    assert [values[n].text for n in ("Encoding", "Width", "Height", "FrameRateLimit")] == [
        "H265",
        "1280",
        "720",
        "12.5",
    ]
    assert profile.encoder.raw.find(".//{*}Width").text == "640"  # type: ignore[union-attr]


async def test_a_camera_without_an_endpoint_reference_has_none() -> None:
    fault = "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code></s:Fault>"
    assert await device(fault).endpoint_reference() == ""
    assert await device(fault).mac() == ""
    with pytest.raises(SoapFault):
        await device(fault).accounts()
