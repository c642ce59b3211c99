"""SOAP 1.2 envelopes: what a request asks, and answers and faults as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
SEARCH = "http://www.onvif.org/ver10/search/wsdl"
RECORDING = "http://www.onvif.org/ver10/recording/wsdl"
REPLAY = "http://www.onvif.org/ver10/replay/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
NOTIFICATION = "http://docs.oasis-open.org/wsn/b-2"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
TOPICS = "http://www.onvif.org/ver10/topics"
SCHEMA = "http://www.onvif.org/ver10/schema"
ERROR = "http://www.onvif.org/ver10/error"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
CONTENT_TYPE = "application/soap+xml; charset=utf-8"

PREFIXES = {
    "env": ENVELOPE,
    "tds": DEVICE,
    "trt": MEDIA,
    "tr2": MEDIA2,
    "tse": SEARCH,
    "trc": RECORDING,
    "trp": REPLAY,
    "tev": EVENTS,
    "wsnt": NOTIFICATION,
    "wsa": ADDRESSING,
    "tns1": TOPICS,
    "tt": SCHEMA,
    "ter": ERROR,
}
_OPEN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope '
    + " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items())
    + "><env:Body>"
)
_CLOSE = "</env:Body></env:Envelope>"


class Fault(Exception):
    """A SOAP fault: ``code`` is Sender or Receiver, ``subcodes`` go from general to particular."""

    def __init__(self, reason: str, *subcodes: str, code: str = "Sender") -> None:
        super().__init__(reason)
        self.reason = reason
        self.subcodes = subcodes
        self.code = code

    @property
    def status(self) -> str:
        """HTTP status (SOAP 1.2 part 2 §7.5.2)."""
        return "400 Bad Request" if self.code == "Sender" else "500 Internal Server Error"

    def envelope(self) -> bytes:
        """The fault as a message."""
        subcode = ""
        for value in reversed(self.subcodes):
            subcode = f"<env:Subcode><env:Value>{value}</env:Value>{subcode}</env:Subcode>"
        return (
            f"{_OPEN}<env:Fault><env:Code><env:Value>env:{self.code}</env:Value>{subcode}</env:Code>"
            f'<env:Reason><env:Text xml:lang="en">{escape(self.reason)}</env:Text></env:Reason></env:Fault>{_CLOSE}'
        ).encode()


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """WS-Security credentials of a request."""

    name: str
    digest: str
    nonce: str
    created: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the operation's namespace and name, its element, and its credentials if any."""

    namespace: str
    name: str
    element: etree._Element
    token: UsernameToken | None

    def text(self, path: str, default: str | None = None) -> str:
        """Text at ``path`` (local names, slash-separated); a missing one without default is a fault."""
        found = find(self.element, path)
        if found is None:
            if default is None:
                raise Fault(f"{path} is missing", "ter:InvalidArgVal")
            return default
        return (found.text or "").strip()

    def texts(self, path: str) -> list[str]:
        """Texts of all elements at ``path``."""
        return [(element.text or "").strip() for element in find_all(self.element, path)]


def find_all(element: etree._Element, path: str) -> list[etree._Element]:
    """Elements below ``element`` by local names, whatever their namespace."""
    found = [element]
    for name in path.split("/"):
        found = [child for parent in found for child in parent if etree.QName(child).localname == name]
    return found


def find(element: etree._Element, path: str) -> etree._Element | None:
    """The first of ``find_all``."""
    found = find_all(element, path)
    return found[0] if found else None


def parse(data: bytes) -> Call:
    """The call in a SOAP message; raises Fault for anything that is not one."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise Fault("not well-formed", "ter:WellFormed") from error
    body = root.find(f"{{{ENVELOPE}}}Body")
    if root.tag != f"{{{ENVELOPE}}}Envelope" or body is None or len(body) != 1:
        raise Fault("not a SOAP 1.2 request", "ter:WellFormed")
    name = etree.QName(body[0])
    return Call(name.namespace or "", name.localname, body[0], _token(root))


def _token(root: etree._Element) -> UsernameToken | None:
    token = root.find(f"{{{ENVELOPE}}}Header/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
    if token is None:
        return None

    def text(namespace: str, name: str) -> str:
        return token.findtext(f"{{{namespace}}}{name}") or ""

    return UsernameToken(text(WSSE, "Username"), text(WSSE, "Password"), text(WSSE, "Nonce"), text(WSU, "Created"))


def answer(body: str) -> bytes:
    """An envelope around a response element, in which the prefixes of ``PREFIXES`` may be used."""
    return f"{_OPEN}{body}{_CLOSE}".encode()


def element(name: str, *content: str, **attributes: str) -> str:
    """An element as text: ``content`` is XML already; attributes are escaped."""
    extra = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{extra}>{''.join(content)}</{name}>"


def leaf(name: str, value: object) -> str:
    """An element with plain text."""
    return f"<{name}>{escape(str(value))}</{name}>"


def flag(value: bool) -> str:
    """An xs:boolean."""
    return "true" if value else "false"
