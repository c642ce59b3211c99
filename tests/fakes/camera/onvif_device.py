"""The ONVIF device service of a virtual camera (ONVIF Core specification §8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast, get_args
from zoneinfo import ZoneInfo

from lxml import etree

from tests.fakes.camera.accounts import MAX_USERS, Access, AccountError
from tests.fakes.camera.config import Level, UserConfig
from tests.fakes.camera.device import MAX_SCOPES, NetworkProtocol
from tests.fakes.camera.operations import Operation
from tests.fakes.camera.soap import (
    DEVICE,
    EVENTS,
    MEDIA,
    MEDIA2,
    RECORDING,
    REPLAY,
    SEARCH,
    Call,
    Fault,
    element,
    find,
    find_all,
    flag,
    leaf,
)

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera

VERSION = "<tds:Version><tt:Major>19</tt:Major><tt:Minor>12</tt:Minor></tds:Version>"


SERVICE_PATHS = {
    DEVICE: "device_service",
    MEDIA: "media_service",
    MEDIA2: "media2_service",
    SEARCH: "search_service",
    REPLAY: "replay_service",
    RECORDING: "recording_service",
    EVENTS: "event_service",
}


def service_url(camera: VirtualCamera, namespace: str) -> str:
    """The XAddr of a service."""
    return f"{camera.device_url.rsplit('/', 1)[0]}/{SERVICE_PATHS[namespace]}"


def _clock(camera: VirtualCamera, call: Call) -> str:
    now = datetime.fromtimestamp(camera.utc_us() / 1e6, UTC)
    local = now.astimezone(ZoneInfo("Europe/Paris"))
    return element(
        "tds:GetSystemDateAndTimeResponse",
        element(
            "tds:SystemDateAndTime",
            leaf("tt:DateTimeType", camera.device.clock_source),
            leaf("tt:DaylightSavings", flag(bool(local.dst()))),
            element("tt:TimeZone", leaf("tt:TZ", camera.device.time_zone)),
            element("tt:UTCDateTime", _instant(now)),
            element("tt:LocalDateTime", _instant(local)),
        ),
    )


def _instant(when: datetime) -> str:
    time = leaf("tt:Hour", when.hour) + leaf("tt:Minute", when.minute) + leaf("tt:Second", when.second)
    date = leaf("tt:Year", when.year) + leaf("tt:Month", when.month) + leaf("tt:Day", when.day)
    return element("tt:Time", time) + element("tt:Date", date)


def _set_clock(camera: VirtualCamera, call: Call) -> str:
    source = call.text("DateTimeType")
    if source == "NTP":
        if not camera.device.ntp_servers:
            raise Fault("no NTP server is set", "ter:InvalidArgVal", "ter:NtpServerUndefined")
        camera.device.clock_source = "NTP"
        camera.clock_offset_us = 0
    elif source == "Manual":
        camera.device.clock_source = "Manual"
        camera.clock_offset_us += round((_told_time(call) - camera.utc_us() / 1e6) * 1e6)
    else:
        raise Fault("Manual or NTP", "ter:InvalidArgVal", "ter:InvalidDateTime")
    camera.device.time_zone = call.text("TimeZone/TZ", camera.device.time_zone)
    return element("tds:SetSystemDateAndTimeResponse")


def _told_time(call: Call) -> float:
    try:
        date = [int(call.text(f"UTCDateTime/Date/{name}")) for name in ("Year", "Month", "Day")]
        time = [int(call.text(f"UTCDateTime/Time/{name}")) for name in ("Hour", "Minute", "Second")]
        start = datetime(date[0], date[1], date[2], time[0], time[1], tzinfo=UTC)
    except ValueError as error:
        raise Fault("no such date", "ter:InvalidArgVal", "ter:InvalidDateTime") from error
    return (start + timedelta(seconds=time[2])).timestamp()


def _information(camera: VirtualCamera, call: Call) -> str:
    config = camera.config
    return element(
        "tds:GetDeviceInformationResponse",
        leaf("tds:Manufacturer", config.manufacturer),
        leaf("tds:Model", config.model),
        leaf("tds:FirmwareVersion", config.firmware),
        leaf("tds:SerialNumber", config.serial_number),
        leaf("tds:HardwareId", f"{config.model}-hw"),
    )


def _services(camera: VirtualCamera, call: Call) -> str:
    from tests.fakes.camera import onvif_events, onvif_media, onvif_media2, onvif_recordings

    with_capabilities = call.text("IncludeCapability", "false") in ("true", "1")
    capabilities = {
        DEVICE: device_capabilities("tds:Capabilities"),
        MEDIA: onvif_media.media_capabilities("trt:Capabilities"),
        MEDIA2: onvif_media2.media2_capabilities("tr2:Capabilities", camera),
        SEARCH: onvif_recordings.search_capabilities("tse:Capabilities"),
        REPLAY: onvif_recordings.replay_capabilities("trp:Capabilities"),
        RECORDING: onvif_recordings.recording_capabilities("trc:Capabilities"),
        EVENTS: onvif_events.event_capabilities("tev:Capabilities"),
    }
    namespaces = [DEVICE, MEDIA] + ([MEDIA2] if camera.config.media2 else [])
    namespaces += [SEARCH, REPLAY, RECORDING, EVENTS] if camera.config.card else []
    entries = [
        element(
            "tds:Service",
            leaf("tds:Namespace", namespace),
            leaf("tds:XAddr", service_url(camera, namespace)),
            element("tds:Capabilities", capabilities[namespace]) if with_capabilities else "",
            VERSION,
        )
        for namespace in namespaces
    ]
    return element("tds:GetServicesResponse", *entries)


def device_capabilities(name: str) -> str:
    """The device service's capabilities (``DeviceServiceCapabilities``)."""
    security = {
        "TLS1.2": "false",
        "DefaultAccessPolicy": "true",
        "UsernameToken": "true",
        "HttpDigest": "true",
        "MaxUsers": str(MAX_USERS),
    }
    return element(
        name,
        element("tds:Network", IPFilter="false", NTP="1", HostnameFromDHCP="false"),
        element("tds:Security", **security),
        element("tds:System", DiscoveryResolve="true", DiscoveryBye="true", RemoteDiscovery="false"),
    )


def _service_capabilities(camera: VirtualCamera, call: Call) -> str:
    return element("tds:GetServiceCapabilitiesResponse", device_capabilities("tds:Capabilities"))


def _capabilities(camera: VirtualCamera, call: Call) -> str:
    streaming = leaf("tt:RTPMulticast", "false") + leaf("tt:RTP_TCP", "true") + leaf("tt:RTP_RTSP_TCP", "true")
    wanted = set(call.texts("Category")) or {"All"}
    unknown = wanted - {"All", "Device", "Media"}
    if unknown:
        raise Fault(f"no {sorted(unknown)[0]} service", "ter:ActionNotSupported", "ter:NoSuchService", code="Receiver")
    parts = ""
    if wanted & {"All", "Device"}:
        parts += element("tt:Device", leaf("tt:XAddr", service_url(camera, DEVICE)))
    if wanted & {"All", "Media"}:
        parts += element(
            "tt:Media",
            leaf("tt:XAddr", service_url(camera, MEDIA)),
            element("tt:StreamingCapabilities", streaming),
        )
    return element("tds:GetCapabilitiesResponse", element("tds:Capabilities", parts))


def _scopes(camera: VirtualCamera, call: Call) -> str:
    def entry(kind: str, scope: str) -> str:
        return element("tds:Scopes", leaf("tt:ScopeDef", kind), leaf("tt:ScopeItem", scope))

    device = camera.device
    entries = [entry("Fixed", s) for s in device.fixed_scopes] + [
        entry("Configurable", s) for s in device.configured_scopes
    ]
    return element("tds:GetScopesResponse", *entries)


def _set_scopes(camera: VirtualCamera, call: Call) -> str:
    scopes = call.texts("Scopes")
    if len(scopes) > MAX_SCOPES:
        raise Fault("too many scopes", "ter:Action", "ter:TooManyScopes", code="Receiver")
    if any(scope in camera.device.fixed_scopes for scope in scopes):
        raise Fault("a fixed scope stays as it is", "ter:OperationProhibited", "ter:ScopeOverwrite")
    camera.device.configured_scopes = scopes
    camera.device.metadata_version += 1
    return element("tds:SetScopesResponse")


def _discovery_mode(camera: VirtualCamera, call: Call) -> str:
    mode = "Discoverable" if camera.device.discoverable else "NonDiscoverable"
    return element("tds:GetDiscoveryModeResponse", leaf("tds:DiscoveryMode", mode))


def _set_discovery_mode(camera: VirtualCamera, call: Call) -> str:
    mode = call.text("DiscoveryMode")
    if mode not in ("Discoverable", "NonDiscoverable"):
        raise Fault("no such discovery mode", "ter:InvalidArgVal")
    camera.set_discoverable(mode == "Discoverable")
    return element("tds:SetDiscoveryModeResponse")


def _interfaces(camera: VirtualCamera, call: Call) -> str:
    manual = element("tt:Manual", leaf("tt:Address", camera.config.address), leaf("tt:PrefixLength", 24))
    return element(
        "tds:GetNetworkInterfacesResponse",
        element(
            "tds:NetworkInterfaces",
            leaf("tt:Enabled", "true"),
            element(
                "tt:Info",
                leaf("tt:Name", "eth0"),
                leaf("tt:HwAddress", camera.config.mac_address),
                leaf("tt:MTU", 1500),
            ),
            element("tt:IPv4", leaf("tt:Enabled", "true"), element("tt:Config", manual, leaf("tt:DHCP", "false"))),
            token="eth0",
        ),
    )


def network_protocols(camera: VirtualCamera) -> list[NetworkProtocol]:
    """HTTP and RTSP as they are set."""
    if not camera.device.protocols:
        camera.device.protocols = [
            NetworkProtocol("HTTP", True, camera.http_port),
            NetworkProtocol("RTSP", True, camera.rtsp_port),
        ]
    return camera.device.protocols


def _protocols(camera: VirtualCamera, call: Call) -> str:
    return element(
        "tds:GetNetworkProtocolsResponse",
        *(
            element(
                "tds:NetworkProtocols",
                leaf("tt:Name", protocol.name),
                leaf("tt:Enabled", flag(protocol.enabled)),
                leaf("tt:Port", protocol.port),
            )
            for protocol in network_protocols(camera)
        ),
    )


def _set_protocols(camera: VirtualCamera, call: Call) -> str:
    known = {protocol.name: protocol for protocol in network_protocols(camera)}
    for wanted in find_all(call.element, "NetworkProtocols"):
        name, enabled = find(wanted, "Name"), find(wanted, "Enabled")
        protocol = known.get(str(name.text)) if name is not None else None  # type: ignore[call-overload]
        if protocol is None or enabled is None:
            raise Fault("no such protocol", "ter:InvalidArgVal", "ter:ServiceNotSupported")
        protocol.enabled = enabled.text in ("true", "1")
    return element("tds:SetNetworkProtocolsResponse")


def _ntp(camera: VirtualCamera, call: Call) -> str:
    hosts = [
        element("tt:NTPManual", leaf("tt:Type", "IPv4"), leaf("tt:IPv4Address", host))
        for host in camera.device.ntp_servers
    ]
    return element("tds:GetNTPResponse", element("tds:NTPInformation", leaf("tt:FromDHCP", "false"), *hosts))


def _set_ntp(camera: VirtualCamera, call: Call) -> str:
    camera.device.ntp_servers = call.texts("NTPManual/IPv4Address") + call.texts("NTPManual/DNSname")
    return element("tds:SetNTPResponse")


def _hostname(camera: VirtualCamera, call: Call) -> str:
    information = element("tds:HostnameInformation", leaf("tt:FromDHCP", "false"), leaf("tt:Name", camera.config.id))
    return element("tds:GetHostnameResponse", information)


def _endpoint(camera: VirtualCamera, call: Call) -> str:
    return element("tds:GetEndpointReferenceResponse", leaf("tds:GUID", camera.config.endpoint_reference))


def _users(camera: VirtualCamera, call: Call) -> str:
    return element(
        "tds:GetUsersResponse",
        *(
            element("tds:User", leaf("tt:Username", account.name), leaf("tt:UserLevel", account.level))
            for account in camera.accounts.all()
        ),
    )


def _told_users(call: Call) -> tuple[list[UserConfig], frozenset[str]]:
    users, without_password = [], set()
    for told in find_all(call.element, "User"):
        name, password, level = _text(told, "Username"), find(told, "Password"), _level(_text(told, "UserLevel"))
        if password is None:
            without_password.add(name)
        users.append(UserConfig(name=name, password=_password(password), level=level))
    return users, frozenset(without_password)


def _password(element_told: etree._Element | None) -> str:
    return (element_told.text or "") if element_told is not None else ""


def _level(told: str) -> Level:
    for level in get_args(Level):
        if told == level:
            return cast(Level, level)
    raise Fault("no such user level", "ter:InvalidArgVal")


def _text(parent: etree._Element, name: str) -> str:
    child = find(parent, name)
    if child is None or not child.text:
        raise Fault(f"{name} is missing", "ter:InvalidArgVal")
    return child.text


def _create_users(camera: VirtualCamera, call: Call) -> str:
    try:
        camera.accounts.create(_told_users(call)[0])
    except AccountError as error:
        raise Fault(str(error), *error.subcodes) from error
    return element("tds:CreateUsersResponse")


def _set_user(camera: VirtualCamera, call: Call) -> str:
    users, without_password = _told_users(call)
    try:
        camera.accounts.change(users, keep_password=without_password)
    except AccountError as error:
        raise Fault(str(error), *error.subcodes) from error
    return element("tds:SetUserResponse")


def _delete_users(camera: VirtualCamera, call: Call) -> str:
    try:
        camera.accounts.delete(call.texts("Username"))
    except AccountError as error:
        raise Fault(str(error), *error.subcodes) from error
    return element("tds:DeleteUsersResponse")


def _reboot(camera: VirtualCamera, call: Call) -> str:
    camera.device.reboots += 1
    camera.drop()
    return element("tds:SystemRebootResponse", leaf("tds:Message", "Rebooting in 0 seconds"))


OPERATIONS = {
    "GetSystemDateAndTime": Operation(Access.PRE_AUTH, _clock),
    "SetSystemDateAndTime": Operation(Access.WRITE_SYSTEM, _set_clock),
    "GetDeviceInformation": Operation(Access.READ_SYSTEM, _information),
    "GetServices": Operation(Access.PRE_AUTH, _services),
    "GetServiceCapabilities": Operation(Access.PRE_AUTH, _service_capabilities),
    "GetCapabilities": Operation(Access.PRE_AUTH, _capabilities),
    "GetScopes": Operation(Access.READ_SYSTEM, _scopes),
    "SetScopes": Operation(Access.WRITE_SYSTEM, _set_scopes),
    "GetDiscoveryMode": Operation(Access.READ_SYSTEM, _discovery_mode),
    "SetDiscoveryMode": Operation(Access.WRITE_SYSTEM, _set_discovery_mode),
    "GetNetworkInterfaces": Operation(Access.READ_SYSTEM, _interfaces),
    "GetNetworkProtocols": Operation(Access.READ_SYSTEM, _protocols),
    "SetNetworkProtocols": Operation(Access.WRITE_SYSTEM, _set_protocols),
    "GetNTP": Operation(Access.READ_SYSTEM, _ntp),
    "SetNTP": Operation(Access.WRITE_SYSTEM, _set_ntp),
    "GetHostname": Operation(Access.PRE_AUTH, _hostname),
    "GetEndpointReference": Operation(Access.PRE_AUTH, _endpoint),
    "GetUsers": Operation(Access.READ_SYSTEM_SECRET, _users),
    "CreateUsers": Operation(Access.WRITE_SYSTEM, _create_users),
    "SetUser": Operation(Access.WRITE_SYSTEM, _set_user),
    "DeleteUsers": Operation(Access.WRITE_SYSTEM, _delete_users),
    "SystemReboot": Operation(Access.UNRECOVERABLE, _reboot),
}
