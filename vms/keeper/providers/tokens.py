"""What an identity provider's tokens must prove (OpenID Connect Core §3.1.3.7, §5.3.2); pure, the time is an argument.

joserfc reads and verifies signatures under our list of algorithms; which token answers which request is judged here.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from vms.errors import Refused

ALGORITHMS: Final = ("RS256", "PS256", "ES256")  # never "none", never a shared secret
KEYS_LIMIT: Final = 64
RSA_LEAST_BITS: Final = 2048
LEEWAY_S: Final = 60
SUBJECT_LIMIT_CHARS: Final = 255
LABEL_LIMIT_CHARS: Final = 120
RULE: Final = "A-05"
# What the library raises on purpose, and what malformed JSON or base64 makes it raise.
UNREADABLE: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
REASONS: Final = {
    "aud": "Ce jeton est destiné à un autre service.",
    "azp": "Ce jeton est destiné à un autre service.",
    "iss": "Ce jeton vient d’un autre fournisseur d’identité.",
    "nonce": "Ce jeton répond à une autre demande.",
    "iat": "Ce jeton n’est pas de cette connexion.",
    "acr": "Votre authentification n’était pas assez forte.",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must answer: our request of ``begun_s`` (seconds), to this issuer, by this client."""

    issuer: str
    client_id: str
    nonce: str
    levels: tuple[str, ...]
    begun_s: int


def refused(what: str, todo: str = "Recommencez depuis la page de connexion, ou entrez autrement.") -> Refused:
    """A sign-in that proves nothing, with its reason."""
    return Refused(what, todo=todo, rule=RULE)


def keys_of(document: dict[str, Any]) -> dict[str, Key]:
    """A JWKS's signature keys by their id; those of a kind that we do not take are left out."""
    found: dict[str, Key] = {}
    listed = document.get("keys")
    for one in listed[:KEYS_LIMIT] if isinstance(listed, list) else []:
        try:
            if one.get("use", "sig") != "sig" or "d" in one:
                continue
            key = RSAKey.import_key(one) if one["kty"] == "RSA" else ECKey.import_key(one)
            if isinstance(key, RSAKey) and key.public_key.key_size < RSA_LEAST_BITS:
                continue
        except UNREADABLE:
            continue
        found[str(one.get("kid", ""))] = key
    return found


def key_id(token: str) -> str | None:
    """The id of the key that a token says it is signed with (None: it does not say); Refused when it is unreadable."""
    try:
        headers = jws.extract_compact(token.encode()).headers()
    except UNREADABLE as error:
        raise refused("Le jeton du fournisseur d’identité est illisible.") from error
    if headers.get("alg") not in ALGORITHMS:
        raise refused("Le jeton du fournisseur d’identité n’est pas signé comme il se doit.")
    kid = headers.get("kid")
    return kid if isinstance(kid, str) else None


def id_claims(token: str, key: Key, expected: Expected, now_s: int) -> dict[str, Any]:
    """The claims of an ID token; Refused unless it is signed by ``key``, for us, in time, and answers our request."""
    claims = _signed(token, key)
    registry = jwt.JWTClaimsRegistry(
        now=now_s,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        nonce={"essential": True, "value": expected.nonce},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )
    _validate(registry, claims)
    _only_ours(claims, expected.client_id)
    if not isinstance(claims["nonce"], str):
        raise refused(REASONS["nonce"])
    if claims["iat"] < expected.begun_s - LEEWAY_S:
        raise refused(REASONS["iat"])
    if expected.levels and claims.get("acr") not in expected.levels:
        raise refused(
            REASONS["acr"], "Ajoutez un second facteur chez votre fournisseur d’identité, ou entrez autrement."
        )
    subject_of(claims)
    return claims


def user_claims(
    kind: str, body: bytes, key: Key | None, expected: Expected, subject: str, now_s: int
) -> dict[str, Any]:
    """What the user-info endpoint says, as JSON or as a token (signed by ``key``); Refused when of another person."""
    if key is None:
        try:
            claims = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise refused(f"La réponse du fournisseur d’identité est illisible ({kind[:40]}).") from error
    else:
        claims = _signed(body.decode("ascii", "replace"), key)
        registry = jwt.JWTClaimsRegistry(
            now=now_s,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": expected.issuer},
            aud={"essential": True, "value": expected.client_id},
        )
        _validate(registry, claims)
        _only_ours(claims, expected.client_id)
    if not isinstance(claims, dict) or claims.get("sub") != subject:
        raise refused("Le fournisseur d’identité a répondu pour une autre personne.")
    return claims


def subject_of(claims: dict[str, Any]) -> str:
    """The person as the provider names them to us; Refused when that is no name."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LIMIT_CHARS or not subject.isprintable():
        raise refused("Le fournisseur d’identité ne dit pas qui vous êtes.")
    return subject


def label_of(claims: dict[str, Any]) -> str:
    """By what a person recognises an identity of theirs: the name and the address that the provider knows."""
    given, family = claims.get("given_name"), claims.get("usual_name") or claims.get("family_name")
    parts = [one for one in (given, family) if isinstance(one, str) and one]
    email = claims.get("email") or claims.get("preferred_username")
    parts += [f"({email})"] if isinstance(email, str) and email else []
    return "".join(one for one in " ".join(parts) if one.isprintable())[:LABEL_LIMIT_CHARS].strip()


def check_organisation(claims: dict[str, Any], sirets: Collection[str]) -> None:
    """Refused unless the provider says that the person belongs to one of these organisations; none asked: no check."""
    if sirets and claims.get("siret") not in sirets:
        raise refused(
            "Votre organisation n’est pas de celles qui entrent ici.", "Choisissez la bonne chez le fournisseur."
        )


def _signed(token: str, key: Key) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=ALGORITHMS).claims
    except UNREADABLE as error:
        raise refused("La signature du fournisseur d’identité n’est pas valable.") from error


def _validate(registry: jwt.JWTClaimsRegistry, claims: dict[str, Any]) -> None:
    try:
        registry.validate(claims)
    except ExpiredTokenError as error:
        raise refused("Ce jeton a expiré.") from error
    except ClaimError as error:
        raise refused(REASONS.get(error.claim.split(",")[0], "Ce jeton n’est pas complet.")) from error
    except UNREADABLE as error:
        raise refused("Ce jeton n’est pas complet.") from error


def _only_ours(claims: dict[str, Any], client_id: str) -> None:
    """We trust no other audience, so a token that has one is not for us alone (Core §3.1.3.7, 3 to 5)."""
    audience = claims["aud"]
    if any(one != client_id for one in ([audience] if isinstance(audience, str) else audience)):
        raise refused(REASONS["aud"])
    if claims.get("azp", client_id) != client_id:
        raise refused(REASONS["azp"])
