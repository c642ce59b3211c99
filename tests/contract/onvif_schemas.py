"""ONVIF's own schemas, to hold a camera's answers against."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import onvif
from lxml import etree

from vms import onvif as our_onvif

PACKAGE = Path(onvif.__file__).parent / "wsdl"
"""Device and media (version 1) services, as the onvif package ships them."""

PUBLISHED = Path(__file__).parent.parent / "golden" / "onvif"
"""Media2 as ONVIF publishes it."""

OURS = Path(our_onvif.__file__).parent / "wsdl"
"""Media2's subset as written for our client."""

XSD = "http://www.w3.org/2001/XMLSchema"
ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
_TYPES = "".join(
    f'<complexType name="{name}"><sequence><any processContents="lax" maxOccurs="unbounded"/></sequence></complexType>'
    for name in ("Envelope", "Fault")
)
ENVELOPE_STUB = f'<schema xmlns="{XSD}" targetNamespace="{ENVELOPE}">{_TYPES}</schema>'
ELSEWHERE = {
    "https://www.w3.org/2005/05/xmlmime": "xmlmime",
    "http://docs.oasis-open.org/wsn/b-2.xsd": "b-2.xsd",
    "https://www.w3.org/2004/08/xop/include": "include",
}
"""What the published schema imports from the web, and the onvif package ships."""


def _closed(published: Path) -> bytes:
    """A published schema without its wildcards: libxml2 rejects some as ambiguous, and we add nothing of our own."""
    root = etree.parse(str(published)).getroot()
    for wildcard in root.findall(f".//{{{XSD}}}any"):
        parent = wildcard.getparent()
        assert parent is not None
        parent.remove(wildcard)
    return etree.tostring(root)


class _Offline(etree.Resolver):
    """Finds schemas on disk; nothing is fetched."""

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:
        system_url = system_url or ""
        file = Path(url2pathname(urlsplit(system_url).path))
        if file.parent == PUBLISHED:
            return self.resolve_string(_closed(file), context, base_url=system_url)
        if system_url in ELSEWHERE:
            return self.resolve_filename(str(PACKAGE / ELSEWHERE[system_url]), context)
        if system_url == "https://www.w3.org/2003/05/soap-envelope":
            return self.resolve_string(ENVELOPE_STUB, context)
        if file.name == "onvif.xsd" and not file.exists():
            return self.resolve_filename(str(PACKAGE / file.name), context)
        return None


@functools.cache
def schema_of(wsdl: Path, onvif_xsd: Path | None = None) -> etree.XMLSchema:
    """The schema inside a WSDL; ``onvif_xsd`` stands in for the one it imports."""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Offline())
    inner = etree.parse(str(wsdl), parser).find(f".//{{{XSD}}}schema")
    assert inner is not None
    for imported in inner.findall(f"{{{XSD}}}import"):
        location = onvif_xsd or (wsdl.parent / str(imported.get("schemaLocation")))
        imported.set("schemaLocation", location.resolve().as_uri())
    text = etree.tostring(inner)
    return etree.XMLSchema(etree.fromstring(text, parser, base_url=wsdl.resolve().as_uri()))


def device_schema() -> etree.XMLSchema:
    """The device service."""
    return schema_of(PACKAGE / "devicemgmt.wsdl")


def media_schema() -> etree.XMLSchema:
    """The media service, version 1."""
    return schema_of(PACKAGE / "media.wsdl")


def published_media2_schema() -> etree.XMLSchema:
    """Media2 as published."""
    return schema_of(PUBLISHED / "media2.wsdl", PUBLISHED / "onvif.xsd")


def published_recording_schema(service: str) -> etree.XMLSchema:
    """``recording``, ``search`` or ``replay`` as published."""
    return schema_of(PUBLISHED / f"{service}.wsdl", PUBLISHED / "onvif.xsd")


def event_schema() -> etree.XMLSchema:
    """The event service."""
    return schema_of(PACKAGE / "events.wsdl")


def notification_schema() -> etree.XMLSchema:
    """WS-BaseNotification, which events rest on."""
    return etree.XMLSchema(etree.parse(str(PACKAGE / "b-2.xsd")))


def our_media2_schema() -> etree.XMLSchema:
    """Media2's subset as our client knows it."""
    return schema_of(OURS / "media2.wsdl")
