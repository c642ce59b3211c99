"""Stream addresses: what a person declares, and what a camera means by its control attributes.

RFC 2326 says that a control URL is resolved like a link in a page; cameras do not do that. They append, whether or not
the base ends in a slash and whether or not it holds a query, and that is what the common clients do too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from recorder.rtsp.auth import Credentials
from vms.errors import BadInput

URL_LIMIT_CHARS: Final = 2048
DEFAULT_PORT: Final = {"rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class StreamUrl:
    """Where a stream is. ``request`` is the address as sent to the camera: it never holds an account."""

    scheme: str
    host: str
    port: int
    request: str

    @property
    def secure(self) -> bool:
        """Whether the connection runs over TLS."""
        return self.scheme == "rtsps"

    @property
    def peer(self) -> str:
        """Host and port, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_url(text: str) -> tuple[StreamUrl, Credentials | None]:
    """The address and the account written in it, if any; BadInput when it is not an RTSP address."""
    if len(text) > URL_LIMIT_CHARS:
        raise BadInput(f"Adresse de flux de plus de {URL_LIMIT_CHARS} caractères.")
    if any(ord(char) <= 32 or ord(char) == 127 for char in text):
        raise BadInput("Adresse de flux avec des blancs ou des caractères de commande.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadInput(f"Adresse de flux illisible : {error}.") from error
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORT or not parts.hostname or port == 0:
        raise BadInput("Une adresse de flux s’écrit rtsp://hôte[:port]/chemin.", todo="Corrigez l’adresse.")
    account = None
    if parts.username is not None:
        account = Credentials(unquote(parts.username), unquote(parts.password or ""))
    place = parts.netloc.rpartition("@")[2]
    query = f"?{parts.query}" if parts.query else ""
    request = f"{scheme}://{place}{parts.path or '/'}{query}"
    return StreamUrl(scheme, parts.hostname, port or DEFAULT_PORT[scheme], request), account


def base_url(request: str, content_base: str, content_location: str) -> str:
    """What control attributes are relative to: Content-Base, else Content-Location, else the address asked for."""
    for given in (content_base.strip(), content_location.strip()):
        if given and len(given) <= URL_LIMIT_CHARS and given.isascii() and given.isprintable():
            return given if _is_absolute(given) else resolve_control(request, given)
    return request


def resolve_control(base: str, control: str) -> str:
    """The address that a control attribute names, seen from ``base``."""
    control = control.strip()
    if control in ("", "*"):
        return base
    if _is_absolute(control):
        return control
    if control.startswith("/"):
        scheme, _, rest = base.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{control}"
    return f"{base if base.endswith('/') else base + '/'}{control}"


def _is_absolute(url: str) -> bool:
    return url[:7].lower() == "rtsp://" or url[:8].lower() == "rtsps://"
