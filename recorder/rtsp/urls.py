"""Stream addresses: what a person declares, and what a camera means by its control attributes.

RFC 2326 says that a control URL is resolved like a link in a page; cameras do not do that. They append, whether or not
the base ends in a slash and whether or not it holds a query, and that is what the common clients do too.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from recorder.rtsp.auth import Credentials
from vms.errors import BadInput

URL_LIMIT_CHARS: Final = 2048
DEFAULT_PORT: Final = {"rtsp": 554, "rtsps": 322, "rtsph": 80, "rtsphs": 443}
TUNNELS: Final = ("rtsph", "rtsphs")
_ZONE: Final = re.compile(r"%[^\]]*(?=\])")
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class StreamUrl:
    """Where a stream is. ``request`` is the address as sent to the camera: it never holds an account.

    ``tunnel`` says that RTSP goes through two HTTP connections, for cameras behind what lets only HTTP pass; ``secure``
    ones run over TLS.
    """

    scheme: str
    host: str
    port: int
    request: str
    tunnel: bool = False

    @property
    def secure(self) -> bool:
        """Whether the connection runs over TLS."""
        return self.scheme in ("rtsps", "rtsphs")

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
    # RFC 6874: the zone of a link-local address means something on this machine only, and stays here.
    host = unquote(parts.hostname) if ":" in parts.hostname else parts.hostname
    place = _ZONE.sub("", parts.netloc.rpartition("@")[2])
    query = f"?{parts.query}" if parts.query else ""
    request = f"{'rtsp' if scheme in TUNNELS else scheme}://{place}{parts.path or '/'}{query}"
    return StreamUrl(scheme, host, port or DEFAULT_PORT[scheme], request, scheme in TUNNELS), account


def base_url(request: str, content_base: str, content_location: str) -> str:
    """What control attributes are relative to: Content-Base, else Content-Location, else the address asked for.

    One without its scheme is completed when it names the host that was asked, and ignored when it is no address.
    """
    scheme, _, rest = request.partition("://")
    place = rest.partition("/")[0]
    for given in (content_base.strip(), content_location.strip()):
        if not given or len(given) > URL_LIMIT_CHARS or given != _escaped(given):
            continue
        if _is_absolute(given):
            return given
        if given.startswith(place):
            return f"{scheme}://{given}"
        if given.startswith("/"):
            return f"{scheme}://{place}{given}"
    return request


def resolve_control(base: str, control: str) -> str:
    """The address that a control attribute names, seen from ``base``; one that no request line can carry is escaped."""
    control = _escaped(control.strip()[:URL_LIMIT_CHARS])
    if control in ("", "*"):
        return base
    if _is_absolute(control):
        return control
    if control.startswith("/"):
        scheme, _, rest = base.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{control}"
    return f"{base if base.endswith('/') else base + '/'}{control}"


def track_addresses(request: str, base: str, control: str) -> list[str]:
    """Every address that cameras have meant by a control attribute, the likeliest first, none twice.

    After appending to the base: to the address asked for; the same on the host that was asked, for cameras that give
    the address they have behind a router; before the query; and resolved like a link, as RFC 2326 §C.1.1 has it.
    """
    likely = resolve_control(base, control)
    found = [likely, resolve_control(request, control), _on_host_of(request, likely)]
    plain, mark, query = request.partition("?")
    if mark and not _is_absolute(control):
        found.append(f"{resolve_control(plain, control)}?{query}")
    if control.strip() not in ("", "*") and not _is_absolute(control):
        for against in (base, request):
            scheme, _, rest = against.partition("://")
            with contextlib.suppress(ValueError):  # what no address can be made of is none
                joined = urljoin(f"http://{rest}", _escaped(control.strip()[:URL_LIMIT_CHARS]))
                found.append(f"{scheme}://{joined.partition('://')[2]}")
    return list(dict.fromkeys(url for url in found if len(url) <= 2 * URL_LIMIT_CHARS))


def redirected(url: StreamUrl, location: str) -> StreamUrl | None:
    """Where a camera sends us to, when that is itself and no less safe; None otherwise. A path alone is its own.

    Cameras are hostile: one that could send us to another host could make us knock anywhere, with its account.
    """
    location = location.strip()
    if location.startswith("/") and not location.startswith("//"):
        location = resolve_control(url.request, location)
    try:
        target, _ = parse_url(location)
    except BadInput:
        return None
    if target.host == url.host and url.tunnel and url.secure:
        return replace(url, request=target.request)  # it names its stream as it knows it; the way there stays
    if target.host != url.host or target.secure != url.secure:
        return None
    return replace(target, tunnel=url.tunnel)


def _on_host_of(request: str, url: str) -> str:
    scheme, _, rest = request.partition("://")
    path = url.partition("://")[2].partition("/")[2]
    return f"{scheme}://{rest.partition('/')[0]}/{path}"


def _escaped(url: str) -> str:
    if url.isascii() and url.isprintable() and " " not in url:
        return url
    return quote(url, safe=_PRINTABLE, errors="surrogateescape")


def _is_absolute(url: str) -> bool:
    return url[:7].lower() == "rtsp://" or url[:8].lower() == "rtsps://"
