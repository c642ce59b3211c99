"""The ONVIF device service (Core specification §8) of one camera: what it is, who may use it, what time it has."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from vms.clock import UtcTime
from vms.errors import BadInput
from vms.onvif.discovery import normal_mac, normal_reference, printable, reachable_url
from vms.onvif.safe_xml import text_of
from vms.onvif.soap import DEVICE, SCHEMA, AnswerRefused, Credential, SoapFault, WrongCredential, element, tag
from vms.onvif.soap_client import SoapClient

MAX_LISTED: Final = 64
# User levels of the default access policy (O-25).
ADMINISTRATOR: Final = "Administrator"
OPERATOR: Final = "Operator"
USER: Final = "User"


@dataclass(frozen=True, slots=True)
class Information:
    """GetDeviceInformation (§8.4.1), as the camera states it, made safe to show."""

    manufacturer: str
    model: str
    firmware: str
    serial: str


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """GetSystemDateAndTime (§8.3): the camera's UTC, truncated to its second, and where it takes it from."""

    utc: UtcTime
    from_ntp: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An account as GetUsers lists it; passwords are never listed."""

    username: str
    level: str


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What the device says it can hold (GetServiceCapabilities, Security); None where it says nothing."""

    max_users: int | None
    max_username_chars: int | None
    max_password_chars: int | None


@dataclass(frozen=True, slots=True)
class Protocol:
    """A network protocol of the camera (§8.2.17)."""

    name: str
    enabled: bool
    ports: tuple[int, ...]


class Device:
    """Calls to the device service at ``url``; every error is one of ``SoapClient.call``."""

    def __init__(self, soap: SoapClient, url: str) -> None:
        self._soap = soap
        self.url: Final = url
        self.host: Final = urlsplit(url).hostname or ""

    async def _call(self, name: str, *children: ET.Element, anonymous: bool = False) -> ET.Element:
        answer = await self._soap.call(self.url, element(tag(DEVICE, name), *children), anonymous=anonymous)
        if answer.tag != tag(DEVICE, name + "Response"):
            raise AnswerRefused(f"La caméra a répondu à {name} par autre chose.", where=self.host)
        return answer

    async def system_time(self) -> DeviceTime:
        """The camera's clock; asked without an account first, as every device must allow (PRE_AUTH, O-25, O-26)."""
        try:
            answer = await self._call("GetSystemDateAndTime", anonymous=True)
        except (WrongCredential, SoapFault):  # cameras that guard even their clock
            answer = await self._call("GetSystemDateAndTime")
        base = f"{tag(DEVICE, 'SystemDateAndTime')}/"
        source = text_of(answer.find(base + tag(SCHEMA, "DateTimeType")))
        moment = answer.find(base + tag(SCHEMA, "UTCDateTime"))
        try:
            fields = [
                int(text_of(moment.find(f"{tag(SCHEMA, group)}/{tag(SCHEMA, name)}"), 8)) if moment is not None else 0
                for group, name in (
                    ("Date", "Year"), ("Date", "Month"), ("Date", "Day"),
                    ("Time", "Hour"), ("Time", "Minute"), ("Time", "Second"),
                )
            ]  # fmt: skip
            # A camera may announce a leap second, which POSIX time does not have.
            utc = UtcTime.at(datetime(*fields[:5], min(fields[5], 59), tzinfo=UTC))  # type: ignore[arg-type,misc]
        except (ValueError, BadInput) as error:
            raise AnswerRefused("La caméra ne donne pas d’heure lisible.", where=self.host, rule="A-10") from error
        return DeviceTime(utc, source == "NTP")

    async def set_time(self, utc: UtcTime) -> None:
        """Set the camera's clock by hand, in UTC (§8.3.2; O-26)."""
        moment = utc.datetime()
        await self._call(
            "SetSystemDateAndTime",
            element(tag(DEVICE, "DateTimeType"), text="Manual"),
            element(tag(DEVICE, "DaylightSavings"), text="false"),
            element(
                tag(DEVICE, "UTCDateTime"),
                element(tag(SCHEMA, "Time"), *_numbers(Hour=moment.hour, Minute=moment.minute, Second=moment.second)),
                element(tag(SCHEMA, "Date"), *_numbers(Year=moment.year, Month=moment.month, Day=moment.day)),
            ),
        )

    async def services(self) -> dict[str, str]:
        """Service namespace → URL, each at the host we reached whatever the camera names (O-23).

        No account is needed (PRE_AUTH, O-25), but one that the session has is given to a camera that asks.
        """
        answer = await self._call("GetServices", _flag("IncludeCapability", value=False))
        found: dict[str, str] = {}
        for service in answer.findall(tag(DEVICE, "Service"))[:MAX_LISTED]:
            reached = reachable_url(text_of(service.find(tag(DEVICE, "XAddr")), 1024), self.host)
            if reached is not None:
                found.setdefault(text_of(service.find(tag(DEVICE, "Namespace"))), self._no_weaker(reached.url))
        return found

    def _no_weaker(self, url: str) -> str:
        """A service's address, never in plain when the device itself was reached over HTTPS (A-01, O-23)."""
        if self.url.startswith("https:") and not url.startswith("https:"):
            path = urlsplit(url)
            return urlunsplit(("https", urlsplit(self.url).netloc, path.path, path.query, ""))
        return url

    async def information(self) -> Information:
        """Manufacturer, model, firmware, serial number (READ_SYSTEM)."""
        answer = await self._call("GetDeviceInformation")
        names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber")
        return Information(*(printable(text_of(answer.find(tag(DEVICE, name)))) for name in names))

    async def endpoint_reference(self) -> str:
        """The stable reference of the device (O-21); empty when the camera does not have the operation."""
        try:
            answer = await self._call("GetEndpointReference")
        except (SoapFault, WrongCredential):
            return ""
        return normal_reference(text_of(answer.find(tag(DEVICE, "GUID"))))

    async def mac(self) -> str:
        """The MAC address of the first enabled interface; empty when none is told."""
        try:
            answer = await self._call("GetNetworkInterfaces")
        except SoapFault:
            return ""
        for interface in answer.findall(tag(DEVICE, "NetworkInterfaces"))[:MAX_LISTED]:
            address = normal_mac(text_of(interface.find(f"{tag(SCHEMA, 'Info')}/{tag(SCHEMA, 'HwAddress')}")))
            if address and text_of(interface.find(tag(SCHEMA, "Enabled"))) != "false":
                return address
        return ""

    async def accounts(self) -> list[Account]:
        """Every account (READ_SYSTEM_SECRET: an administrator's call, O-25)."""
        answer = await self._call("GetUsers")
        return [
            Account(text_of(u.find(tag(SCHEMA, "Username"))), text_of(u.find(tag(SCHEMA, "UserLevel"))))
            for u in answer.findall(tag(DEVICE, "User"))[:MAX_LISTED]
        ]

    async def account_limits(self) -> AccountLimits:
        """How many accounts and how long names and passwords may be."""
        try:
            answer = await self._call("GetServiceCapabilities")
        except (SoapFault, AnswerRefused):  # ipycam 1.3 answers GetCapabilitiesResponse
            return AccountLimits(None, None, None)
        security = answer.find(f"{tag(DEVICE, 'Capabilities')}/{tag(DEVICE, 'Security')}")
        given = security.attrib if security is not None else {}
        limits = (_positive(given.get(n, "")) for n in ("MaxUsers", "MaxUserNameLength", "MaxPasswordLength"))
        return AccountLimits(*limits)

    async def create_account(self, credential: Credential, level: str) -> None:
        """Create one account (WRITE_SYSTEM)."""
        await self._call("CreateUsers", _user(credential, level))

    async def set_account(self, credential: Credential, level: str) -> None:
        """Give an existing account this password and level (WRITE_SYSTEM)."""
        await self._call("SetUser", _user(credential, level))

    async def delete_account(self, username: str) -> None:
        """Remove an account; SoapFault with ``FixedUser`` when the camera never lets it go."""
        await self._call("DeleteUsers", element(tag(DEVICE, "Username"), text=username))

    async def discoverable(self) -> bool:
        """Whether the camera announces itself and answers Probes (O-20)."""
        answer = await self._call("GetDiscoveryMode")
        return text_of(answer.find(tag(DEVICE, "DiscoveryMode"))) != "NonDiscoverable"

    async def set_discoverable(self, *, discoverable: bool) -> None:
        """Set the discovery mode (WRITE_SYSTEM; O-20)."""
        mode = "Discoverable" if discoverable else "NonDiscoverable"
        await self._call("SetDiscoveryMode", element(tag(DEVICE, "DiscoveryMode"), text=mode))

    async def protocols(self) -> list[Protocol]:
        """HTTP, HTTPS, RTSP and what else the camera lists (A-04)."""
        answer = await self._call("GetNetworkProtocols")
        return [
            Protocol(
                printable(text_of(p.find(tag(SCHEMA, "Name")))).upper(),
                text_of(p.find(tag(SCHEMA, "Enabled"))) == "true",
                tuple(int(t) for port in p.findall(tag(SCHEMA, "Port")) if (t := text_of(port, 6)).isdecimal()),
            )
            for p in answer.findall(tag(DEVICE, "NetworkProtocols"))[:MAX_LISTED]
        ]

    async def set_protocol(self, protocol: Protocol, *, enabled: bool) -> None:
        """Turn one protocol on or off, its ports unchanged (WRITE_SYSTEM; A-04)."""
        await self._call(
            "SetNetworkProtocols",
            element(
                tag(DEVICE, "NetworkProtocols"),
                element(tag(SCHEMA, "Name"), text=protocol.name),
                element(tag(SCHEMA, "Enabled"), text="true" if enabled else "false"),
                *(element(tag(SCHEMA, "Port"), text=str(port)) for port in protocol.ports),
            ),
        )


def _numbers(**values: int) -> list[ET.Element]:
    return [element(tag(SCHEMA, name), text=str(value)) for name, value in values.items()]


def _flag(name: str, *, value: bool) -> ET.Element:
    return element(tag(DEVICE, name), text="true" if value else "false")


def _user(credential: Credential, level: str) -> ET.Element:
    return element(
        tag(DEVICE, "User"),
        element(tag(SCHEMA, "Username"), text=credential.username),
        element(tag(SCHEMA, "Password"), text=credential.password),
        element(tag(SCHEMA, "UserLevel"), text=level),
    )


def _positive(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 6 and int(text) > 0 else None
