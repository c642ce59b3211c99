"""Declare a source without ONVIF: plain RTSP, not hardened, on a prefix *maîtrisé* only (A-01), without a picture.

What is known of the stream is what its description says of it (codec, and the picture's size in the parameter sets that
the description carries). Who asks is given from outside: the recorder's RTSP code, which nothing here may import.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from vms.errors import BadInput, Conflict, Refused
from vms.law.profiles import profile_lapses
from vms.onvif.soap import Credential
from vms.onvif.territory import Territory
from vms.services.profile_choice import ANY_FRAMING, Framing
from vms.services.steps import Steps
from vms.services.stream_certificate import pin

PLAN: Final = (
    ("address", "Vérifier l’adresse"),
    ("describe", "Interroger la source"),
    ("inventory", "Inscrire la source, non durcie"),
)
MAX_URL_CHARS: Final = 400


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """A stream as its own description tells it; zero or None where it says nothing."""

    codec: str
    width: int = 0
    height: int = 0
    fps: float | None = None
    sound: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a person declared; an account written in an address is taken out of it by ``split_account``."""

    camera: str
    url: str
    sub_url: str = ""
    account: Credential | None = None
    framing: Framing = ANY_FRAMING


@dataclass(slots=True)
class Declared:
    """The source as the inventory holds it."""

    address: str
    main_url: str
    sub_url: str
    main_profile: dict[str, Any] = field(default_factory=dict)
    sub_profile: dict[str, Any] = field(default_factory=dict)


Describe = Callable[[str, Credential | None], Awaitable[SourceDescription]]
StreamOwner = Callable[[str], Awaitable[str | None]]


def split_account(url: str) -> tuple[str, Credential | None]:
    """An RTSP address without its account, and the account; BadInput when it is no RTSP address."""
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise BadInput("Cette adresse de flux est trop longue, ou contient des signes interdits.", todo="Corrigez-la.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadInput("Cette adresse de flux est illisible.", todo="Écrivez rtsp://10.42.16.90:554/chemin.") from error
    if parts.scheme not in ("rtsp", "rtsps", "rtsph", "rtsphs") or not parts.hostname or port == 0:
        raise BadInput("Cette adresse n’est pas celle d’un flux RTSP.", todo="Écrivez rtsp://10.42.16.90:554/chemin.")
    account = Credential(parts.username, parts.password or "") if parts.username else None
    bare = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, bare, parts.path or "/", parts.query, "")), account


async def declare(
    declaration: Declaration,
    *,
    territory: Territory,
    steps: Steps,
    describe: Describe,
    owner: StreamOwner,
    inscribe: Callable[[Declared], Awaitable[str]],
) -> Declared:
    """Check, ask, inscribe; Refused names the rule (O-22, A-01, T-01, T-04…T-06). May be run again after a crash."""
    async with steps.step("address") as step:
        declared = Declared(_address(declaration.url), declaration.url, declaration.sub_url)
        for url in filter(None, (declaration.url, declaration.sub_url)):
            _require_mastered(territory, _address(url))
            camera = await owner(url)
            if camera not in (None, declaration.camera):
                raise Conflict(f"Ce flux est déjà celui de {camera}.", todo="Ouvrez la fiche de cette caméra.")
        step["detail"] = f"{declared.address}, sur un préfixe maîtrisé."
    async with steps.step("describe") as step:
        main = await describe(declaration.url, declaration.account)
        sub = await describe(declaration.sub_url, declaration.account) if declaration.sub_url else None
        unknown_rate = _require_lawful(main, declaration.framing)
        if main.codec == "h265" and (sub is None or sub.codec != "h264"):
            raise Refused(
                "Un flux H.265 sans flux secondaire H.264 : peu de navigateurs sauraient le montrer.",
                todo="Déclarez aussi l’adresse d’un flux H.264 de la même caméra.",
                rule="T-01",
            )
        if sub is not None:
            _require_lawful(sub, ANY_FRAMING)
            declared.sub_profile = _plain(sub)
        declared.main_profile = _plain(main)
        await pin(declared.main_profile, declared.main_url)
        await pin(declared.sub_profile, declared.sub_url)
        step["detail"] = f"{main.codec.upper()}, {main.width} × {main.height}. Le son ne sera jamais demandé."
        if unknown_rate:
            step.update(rule="T-06", todo="La cadence n’est pas annoncée : elle sera mesurée à la réception.")
    async with steps.step("inventory") as step:
        step["detail"] = await inscribe(declared)
        step.update(rule="A-04", todo="Source non durcie : masques logiciels, comptes et horloge hors de notre main.")
    return declared


def _address(url: str) -> str:
    host = urlsplit(url).hostname or ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError as error:
        raise Refused(
            f"« {host[:50]} » est un nom : il peut mener hors des préfixes déclarés.",
            todo="Donnez l’adresse IP de la source.",
            rule="O-22",
        ) from error


def _require_mastered(territory: Territory, address: str) -> None:
    prefix = territory.require(address)
    if not prefix.trusted:
        raise Refused(
            f"Le préfixe {prefix} n’est pas maîtrisé : une source sans ONVIF n’y est pas admise.",
            where=address,
            todo="Faites déclarer le préfixe maîtrisé, ou remplacez la source par une caméra ONVIF chiffrée.",
            rule="A-01",
        )


def _require_lawful(source: SourceDescription, framing: Framing) -> bool:
    """Refused when the stream falls short; True when only its rate is unknown, to be measured at commissioning."""
    if not source.width or not source.height:
        raise Refused(
            "La description du flux ne dit pas la taille de l’image.",
            todo="Faites annoncer les jeux de paramètres (sprop) par la source : aucune image n’est demandée d’ici.",
            rule="T-04" if framing.narrow else "T-05",
        )
    lapses = profile_lapses(source.width, source.height, source.fps, framing.narrow, framing.fast_flows)
    hard = [lapse for lapse in lapses if lapse.rule != "T-06" or source.fps is not None]
    if hard:
        raise Refused(hard[0].what, todo=hard[0].todo, rule=hard[0].rule)
    return bool(lapses)


def _plain(source: SourceDescription) -> dict[str, Any]:
    size = {"width": source.width, "height": source.height}
    return {"token": "", "codec": source.codec, **size, "fps": source.fps or 0.0}
