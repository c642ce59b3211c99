"""Digest authentication (RFC 7616, RFC 2617) as RTSP cameras speak it: MD5 and SHA-256, ``qop=auth``, ``stale``.

Basic is answered over TLS only: on a plain connection it would hand the password to whoever listens (O-25, A-04).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from recorder.rtsp.errors import WrongCredential

CHALLENGE_LIMIT_CHARS: Final = 4096
CNONCE_BYTES: Final = 8

_HASHES: Final[dict[str, Callable[[bytes], str]]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}
_STRENGTH: Final = ("SHA-256", "SHA-256-SESS", "MD5", "MD5-SESS")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A camera account; never printed."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One ``WWW-Authenticate`` challenge."""

    scheme: str
    params: dict[str, str]

    @property
    def algorithm(self) -> str:
        """The digest algorithm in upper case; MD5 when the camera names none."""
        return self.params.get("algorithm", "MD5").upper()

    @property
    def stale(self) -> bool:
        """Whether only the nonce was too old: the account itself is right."""
        return self.params.get("stale", "").lower() == "true"


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Every challenge of the ``WWW-Authenticate`` fields; what cannot be read is left out."""
    found: list[Challenge] = []
    for value in values:
        for token in _split(value[:CHALLENGE_LIMIT_CHARS]):
            name, equals, text = token.partition("=")
            scheme, space, first = name.strip().partition(" ")
            if space or not equals:  # "Digest realm" or a bare "Negotiate" opens a new challenge
                found.append(Challenge(scheme.lower(), {}))
                name = first
            if equals and found:
                found[-1].params[name.strip().lower()] = _unquote(text.strip())
    return found


class Authenticator:
    """Answers challenges for one account on one connection; remembers the nonce and counts its uses."""

    def __init__(
        self, credentials: Credentials | None, *, where: str, secure: bool, make_cnonce: Callable[[], str] | None = None
    ) -> None:
        self._credentials = credentials
        self._where = where
        self._secure = secure
        self._challenge: Challenge | None = None
        self._count = 0
        self._cnonce = ""
        self._accepted = False
        self._make_cnonce = make_cnonce or (lambda: secrets.token_hex(CNONCE_BYTES))

    def challenged(self, values: Iterable[str], *, answered: bool) -> None:
        """Take up a 401. ``answered`` says that the refused request already carried an answer.

        Raises WrongCredential when trying again could not help: no account, an account refused with a fresh nonce, or
        no method that keeps the password safe.
        """
        challenges = parse_challenges(values)
        chosen = self._choose(challenges)
        if self._credentials is None:
            raise WrongCredential(
                "La caméra demande un compte et aucun n’est déclaré.",
                where=self._where,
                todo="Déclarez le compte de la caméra.",
            )
        if chosen is None:
            offered = ", ".join(f"{item.scheme} {item.algorithm}" for item in challenges)[:80] or "aucune"
            raise WrongCredential(
                f"Aucune méthode d’authentification sûre (proposées : {offered}).",
                where=self._where,
                todo="Activez l’authentification Digest sur la caméra.",
            )
        # Many cameras let a nonce expire without saying "stale": one that was accepted before may be replaced.
        renewed = self._accepted and self._challenge is not None and chosen.params != self._challenge.params
        self._accepted = False
        if answered and not chosen.stale and not renewed:
            raise WrongCredential(
                "La caméra refuse le compte.", where=self._where, todo="Vérifiez le compte déclaré pour cette caméra."
            )
        self._challenge, self._count, self._cnonce = chosen, 0, self._make_cnonce()

    def accepted(self) -> None:
        """The camera took our answer: the account is right."""
        self._accepted = True

    def header(self, method: str, uri: str) -> str | None:
        """The ``Authorization`` value for a request; None before any challenge."""
        challenge, credentials = self._challenge, self._credentials
        if challenge is None or credentials is None:
            return None
        if challenge.scheme == "basic":
            pair = f"{credentials.username}:{credentials.password}".encode()
            return "Basic " + base64.b64encode(pair).decode("ascii")
        self._count += 1
        return _digest(challenge, credentials, method, uri, self._count, self._cnonce)

    def _choose(self, challenges: list[Challenge]) -> Challenge | None:
        usable = [
            item for item in challenges if item.scheme == "digest" and item.algorithm in _STRENGTH and _can_answer(item)
        ]
        if usable:
            return min(usable, key=lambda item: _STRENGTH.index(item.algorithm))
        basic = [item for item in challenges if item.scheme == "basic"]
        return basic[0] if basic and self._secure else None


def _can_answer(challenge: Challenge) -> bool:
    qop = challenge.params.get("qop")
    if not challenge.params.get("nonce"):
        return False
    return qop is None or "auth" in [item.strip().lower() for item in qop.split(",")]


def _digest(challenge: Challenge, credentials: Credentials, method: str, uri: str, count: int, cnonce: str) -> str:
    params = challenge.params
    algorithm = challenge.algorithm
    hashed = _HASHES[algorithm.removesuffix("-SESS")]
    realm, nonce = params.get("realm", ""), params["nonce"]
    a1 = hashed(f"{credentials.username}:{realm}:{credentials.password}".encode())
    if algorithm.endswith("-SESS"):
        a1 = hashed(f"{a1}:{nonce}:{cnonce}".encode())
    a2 = hashed(f"{method}:{uri}".encode())
    fields = [
        ("username", _quote(credentials.username)),
        ("realm", _quote(realm)),
        ("nonce", _quote(nonce)),
        ("uri", _quote(uri)),
    ]
    if "qop" in params:
        nc = f"{count:08x}"
        fields += [("qop", "auth"), ("nc", nc), ("cnonce", _quote(cnonce))]
        fields.append(("response", _quote(hashed(f"{a1}:{nonce}:{nc}:{cnonce}:auth:{a2}".encode()))))
    else:
        fields.append(("response", _quote(hashed(f"{a1}:{nonce}:{a2}".encode()))))
    if "algorithm" in params:
        fields.append(("algorithm", params["algorithm"]))
    if "opaque" in params:
        fields.append(("opaque", _quote(params["opaque"])))
    return "Digest " + ", ".join(f"{name}={value}" for name, value in fields)


def _split(value: str) -> list[str]:
    """Comma-separated parts; commas inside quotes do not count."""
    parts: list[str] = []
    current: list[str] = []
    quoted = escaped = False
    for char in value:
        if char == "," and not quoted:
            parts.append("".join(current).strip())
            current = []
            continue
        if char == '"' and not escaped:
            quoted = not quoted
        escaped = char == "\\" and quoted and not escaped
        current.append(char)
    parts.append("".join(current).strip())
    return [part for part in parts if part]


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return text


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
