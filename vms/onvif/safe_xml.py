"""XML that a camera, or something that says it is one, has sent.

One door for all of it: bounded bytes, no document type (so no entity, internal or external, and no bomb), bounded
depth and number of elements. SOAP 1.2 §5 forbids document types anyway, so nothing honest is lost.
"""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from vms.errors import Damaged

MAX_DEPTH: Final = 32
MAX_ELEMENTS: Final = 20_000
EXCERPT_CHARS: Final = 60


class NotXml(Damaged):
    """What came is not XML that we accept; the error says which bound or rule it broke."""


def parse(data: bytes, *, limit_bytes: int, where: str = "") -> Element:
    """The root element of ``data``; NotXml for anything malformed, too large, too deep, or with a document type."""
    if len(data) > limit_bytes:
        raise NotXml(f"Réponse de plus de {limit_bytes} octets refusée.", where=where)
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise NotXml("Réponse XML avec type de document ou entités : refusée.", where=where) from error
    except (ParseError, ValueError, LookupError) as error:
        raise NotXml(f"Réponse qui n’est pas du XML : {excerpt(data)}", where=where) from error
    _check_shape(root, where)
    return root


def _check_shape(root: Element, where: str) -> None:
    """Walk level by level, without recursion, so that depth costs nothing but is bounded."""
    level, depth, seen = [root], 0, 0
    while level:
        depth += 1
        seen += len(level)
        if depth > MAX_DEPTH or seen > MAX_ELEMENTS:
            raise NotXml("Réponse XML trop profonde ou trop longue : refusée.", where=where)
        level = [child for element in level for child in element]


def excerpt(data: bytes) -> str:
    """The first printable characters of hostile bytes, for an error message."""
    text = data[:EXCERPT_CHARS].decode("ascii", errors="replace")
    return "« " + "".join(c if c.isprintable() and c != "\ufffd" else "·" for c in text) + " »"


def text_of(element: Element | None, limit_chars: int = 256) -> str:
    """The stripped text of an element, cut at ``limit_chars``; empty when there is none."""
    return (element.text or "").strip()[:limit_chars] if element is not None else ""
