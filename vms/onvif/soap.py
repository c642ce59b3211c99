"""SOAP 1.2 envelopes (W3C, 27 April 2007), as much as ONVIF needs: elements in, bytes out, and back."""

from __future__ import annotations

import base64
import hashlib
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Final

from vms.clock import UtcTime
from vms.errors import BadInput, Damaged, Refused, Unauthenticated
from vms.onvif import safe_xml

MAX_ANSWER_BYTES: Final = 1024 * 1024

ENVELOPE: Final = "http://www.w3.org/2003/05/soap-envelope"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DEVICE: Final = "http://www.onvif.org/ver10/device/wsdl"
MEDIA2: Final = "http://www.onvif.org/ver20/media/wsdl"
SEARCH: Final = "http://www.onvif.org/ver10/search/wsdl"
RECORDING: Final = "http://www.onvif.org/ver10/recording/wsdl"
REPLAY: Final = "http://www.onvif.org/ver10/replay/wsdl"
EVENTS: Final = "http://www.onvif.org/ver10/events/wsdl"
NOTIFICATION: Final = "http://docs.oasis-open.org/wsn/b-2"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
TOPICS: Final = "http://www.onvif.org/ver10/topics"
SCHEMA: Final = "http://www.onvif.org/ver10/schema"
# Subcodes by which cameras say "not here" and "not you" (ONVIF Core §5.11.2, WSS §12).
UNSUPPORTED: Final = frozenset({"ActionNotSupported", "NotSupported", "UnknownAction", "OptionalActionNotImplemented"})
UNAUTHORISED: Final = frozenset({"NotAuthorized", "FailedAuthentication"})
_USERNAME_PROFILE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
_BASE64: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"

# The prefixes that every camera knows: some parse by prefix instead of by namespace.
_PREFIXES: Final = {
    "s": ENVELOPE, "wsse": WSSE, "wsu": WSU, "tds": DEVICE, "tr2": MEDIA2, "tse": SEARCH, "trc": RECORDING,
    "trp": REPLAY, "tev": EVENTS, "wsnt": NOTIFICATION, "wsa": ADDRESSING, "tns1": TOPICS, "tt": SCHEMA,
}  # fmt: skip
for _prefix, _uri in _PREFIXES.items():
    ET.register_namespace(_prefix, _uri)


@dataclass(frozen=True, slots=True)
class Credential:
    """A camera account; the password never shows in a repr, so in no log and no traceback."""

    username: str
    password: str = field(repr=False)


class AnswerRefused(Damaged):
    """The host answered something that is not a SOAP answer within our bounds."""


class WrongCredential(Unauthenticated):
    """The camera did not accept the account."""


class NotPermitted(Refused):
    """The account is known, but the camera's access policy forbids the call (O-25)."""


class SoapFault(BadInput):
    """The camera understood and said no; ``codes`` are the local names of code and subcodes (ONVIF Core §5.11.2)."""

    def __init__(self, reason: str, codes: tuple[str, ...], where: str) -> None:
        super().__init__(f"La caméra a refusé : {reason or ', '.join(codes) or 'sans motif'}", where=where)
        self.codes = codes
        self.reason = reason

    @property
    def unsupported(self) -> bool:
        """Whether the camera does not have the operation at all; some say so in words only (ipycam 1.3)."""
        return not UNSUPPORTED.isdisjoint(self.codes) or "not supported" in self.reason.lower()

    @property
    def unauthorised(self) -> bool:
        """Whether the camera wants an account, or another one."""
        return not UNAUTHORISED.isdisjoint(self.codes)


def element(tag: str, *children: ET.Element, text: str | None = None, **attributes: str) -> ET.Element:
    """An element ``{namespace}name`` with children or text."""
    made = ET.Element(tag, attributes)
    made.text = text
    made.extend(children)
    return made


def tag(namespace: str, name: str) -> str:
    """The qualified name in ElementTree's form."""
    return f"{{{namespace}}}{name}"


def envelope(body: ET.Element, header: ET.Element | None = None) -> bytes:
    """The bytes of one request."""
    children = [element(tag(ENVELOPE, "Header"), header)] if header is not None else []
    root = element(tag(ENVELOPE, "Envelope"), *children, element(tag(ENVELOPE, "Body"), body))
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def username_token(credential: Credential, created: UtcTime, nonce: bytes) -> ET.Element:
    """A WS-UsernameToken header with password digest (legacy, O-10, O-24); ``created`` is on the camera's own clock."""
    stamp = created.datetime().strftime("%Y-%m-%dT%H:%M:%SZ")
    # SHA-1 is what the 2004 profile defines; a camera that offers HTTP digest never sees this header.
    digest = hashlib.sha1(nonce + stamp.encode() + credential.password.encode(), usedforsecurity=False).digest()
    token = element(
        tag(WSSE, "UsernameToken"),
        element(tag(WSSE, "Username"), text=credential.username),
        element(tag(WSSE, "Password"), text=_b64(digest), Type=f"{_USERNAME_PROFILE}#PasswordDigest"),
        element(tag(WSSE, "Nonce"), text=_b64(nonce), EncodingType=_BASE64),
        element(tag(WSU, "Created"), text=stamp),
    )
    return element(tag(WSSE, "Security"), token)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def open_envelope(data: bytes, where: str) -> ET.Element:
    """The first element of the body; SoapFault when it is a fault, AnswerRefused or NotXml when it is no envelope."""
    root = safe_xml.parse(data, limit_bytes=MAX_ANSWER_BYTES, where=where)
    body = root.find(tag(ENVELOPE, "Body"))
    if root.tag != tag(ENVELOPE, "Envelope") or body is None or len(body) != 1:
        raise AnswerRefused(
            f"Réponse qui n’est pas une enveloppe SOAP 1.2 : {safe_xml.excerpt(data)}",
            where=where,
            todo="Vérifiez que l’équipement à cette adresse est une caméra ONVIF.",
        )
    if body[0].tag == tag(ENVELOPE, "Fault"):
        raise _fault(body[0], where)
    return body[0]


def _fault(fault: ET.Element, where: str) -> SoapFault:
    codes = []
    code = fault.find(tag(ENVELOPE, "Code"))
    while code is not None:
        codes.append(safe_xml.text_of(code.find(tag(ENVELOPE, "Value")), 64).rpartition(":")[2])
        code = code.find(tag(ENVELOPE, "Subcode"))
    reason = safe_xml.text_of(fault.find(f"{tag(ENVELOPE, 'Reason')}/{tag(ENVELOPE, 'Text')}"), 120)
    return SoapFault("".join(c for c in reason if c.isprintable()), tuple(codes), where)
