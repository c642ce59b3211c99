"""Digest authentication (RFC 7616, RFC 2617) as RTSP cameras speak it: MD5 and SHA-256, ``qop=auth``, ``stale``.

Basic is answered over TLS only: on a plain connection it would hand the password to whoever listens (O-25, A-04).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from recorder.rtsp.errors import WrongCredential

CHALLENGE_LIMIT_CHARS: Final = 2048
CNONCE_BYTES: Final = 8

_HASHES: Final[dict[str, Callable[[bytes], str]]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data).hexdigest(),
}
_STRENGTH: Final = ("SHA-512-256", "SHA-512-256-SESS", "SHA-256", "SHA-256-SESS", "MD5", "MD5-SESS")
# Either a parameter with its value (quoted, or up to a comma or the next parameter), or a word alone.
_PART: Final = re.compile(r'([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^,"]*?(?=\s*(?:,|$)|\s+[\w-]+\s*=))|([A-Za-z][\w-]*)')
_QOPS: Final = frozenset({"AUTH", "AUTH-INT"})


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
        """The digest algorithm in upper case, the strongest of several; MD5 when the camera names none."""
        named = self.params.get("algorithm", "MD5").upper()
        known = [name for name in _STRENGTH if name in re.split(r"[\s,]+", named)]
        return known[0] if known else named

    @property
    def stale(self) -> bool:
        """Whether only the nonce was too old: the account itself is right."""
        return self.params.get("stale", "").lower() == "true"


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Every challenge of the ``WWW-Authenticate`` fields; what cannot be read is left out.

    A word alone opens a challenge unless it is one more value of a list without quotes; ``name=value`` belongs to the
    challenge before it, and commas may be missing.
    """
    found: list[Challenge] = []
    for value in values:
        for name, given, word in _PART.findall(value[:CHALLENGE_LIMIT_CHARS]):
            listed = "qop" if word.upper() in _QOPS else "algorithm" if word.upper() in _STRENGTH else ""
            if listed and found:
                found[-1].params[listed] = f"{found[-1].params.get(listed, '')},{word}"
            elif word:
                found.append(Challenge(word.lower(), {}))
            elif found:
                found[-1].params[name.lower()] = _unquote(given)
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
            named = ", ".join(f"{item.scheme} {item.algorithm}" for item in challenges)
            offered = "".join(filter(str.isprintable, named))[:80] or "aucune"
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
    return "nonce" in challenge.params and bool(_qops(challenge) & {"", "auth", "auth-int"})


def _qops(challenge: Challenge) -> set[str]:
    return {item.strip().lower() for item in challenge.params.get("qop", "").split(",")}


def _digest(challenge: Challenge, credentials: Credentials, method: str, uri: str, count: int, cnonce: str) -> str:
    params = challenge.params
    algorithm = challenge.algorithm
    realm, nonce = params.get("realm", ""), params["nonce"]

    def hashed(text: str) -> str:
        return _HASHES[algorithm.removesuffix("-SESS")](text.encode("utf-8", "surrogateescape"))

    session = algorithm.endswith("-SESS")
    a1 = hashed(f"{credentials.username}:{realm}:{credentials.password}")
    if session:
        a1 = hashed(f"{a1}:{nonce}:{cnonce}")
    # "auth" whenever it is offered; our requests have no body, so that "auth-int" hashes an empty one.
    qops = _qops(challenge)
    qop = "auth" if "auth" in qops else "auth-int" if "auth-int" in qops else ""
    a2 = hashed(f"{method}:{uri}:{hashed('')}" if qop == "auth-int" else f"{method}:{uri}")
    fields = [
        ("username", _quote(credentials.username)),
        ("realm", _quote(realm)),
        ("nonce", _quote(nonce)),
        ("uri", _quote(uri)),
    ]
    if qop:
        nc = f"{count:08x}"
        fields += [("qop", qop), ("nc", nc), ("cnonce", _quote(cnonce))]
        fields.append(("response", _quote(hashed(f"{a1}:{nonce}:{nc}:{cnonce}:{qop}:{a2}"))))
    else:
        if session:
            fields.append(("cnonce", _quote(cnonce)))
        fields.append(("response", _quote(hashed(f"{a1}:{nonce}:{a2}"))))
    if "algorithm" in params:
        named = params["algorithm"]  # as the camera wrote it, when it names one
        fields.append(("algorithm", named if named.upper() == algorithm else algorithm))
    if "opaque" in params:
        fields.append(("opaque", _quote(params["opaque"])))
    return "Digest " + ", ".join(f"{name}={value}" for name, value in fields)


def _unquote(text: str) -> str:
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:].removesuffix('"'))
    return text


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
