"""Authentication as cameras ask for it (RFC 7616, RFC 2617): the servers check answers by their own arithmetic."""

from __future__ import annotations

import hashlib
import re

from tests.fakes.zoo.scenario import Answer, Scenario, gap, refused
from tests.fakes.zoo.server import SESSION, Ask

USER, PASSWORD = "viewer", "pass word:é"
ACCOUNT = "viewer:pass%20word%3A%C3%A9"


def digest_of(ask: Ask, given: dict[str, str], realm: str, password: str) -> str:
    """The response that RFC 7616 §3.4.1 expects of what the client chose."""
    algorithm = given.get("algorithm", "MD5").upper()
    name = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[algorithm.removesuffix("-SESS")]

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode("utf-8", "surrogateescape")).hexdigest()

    a1 = hashed(f"{USER}:{realm}:{password}")
    if algorithm.endswith("-SESS"):
        a1 = hashed(f"{a1}:{given['nonce']}:{given.get('cnonce', '')}")
    a2 = f"{ask.method}:{given['uri']}"
    if given.get("qop") == "auth-int":
        a2 += ":" + hashed("")
    if "qop" in given:
        return hashed(f"{a1}:{given['nonce']}:{given.get('nc')}:{given.get('cnonce')}:{given['qop']}:{hashed(a2)}")
    return hashed(f"{a1}:{given['nonce']}:{hashed(a2)}")


def given_by(ask: Ask) -> dict[str, str]:
    """The parameters of the client's Authorization."""
    text = ask.headers.get("authorization", "")
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,\s]+)', text)
    return {key.lower(): re.sub(r"\\(.)", r"\1", value.strip('"')) for key, value in pairs}


def asks(
    *challenges: str, realm: str = "IP Camera", nonces: int = 0, options_too: bool = False, hang_up: bool = False,
    keepalives: bool = True, nonce_text: str = "n0",
) -> dict[str, Answer]:  # fmt: skip
    """Every request must be answered for; ``{nonce}`` changes after ``nonces`` uses when that is not 0."""

    def nonce(ask: Ask) -> str:
        uses = int(str(ask.peer.memory.get("uses", 0)))
        return f"n{uses // nonces}" if nonces else nonce_text

    def guarded(ask: Ask) -> bytes:
        given = given_by(ask)
        peer = ask.peer
        right = given.get("nonce") == nonce(ask) and given.get("uri") == ask.uri and given.get("username") == USER
        if right and given.get("response") == digest_of(ask, given, realm, PASSWORD):
            peer.memory["uses"] = int(str(peer.memory.get("uses", 0))) + 1
            return ask.usual
        lines = [
            f"WWW-Authenticate: {challenge.format(nonce=nonce(ask) if nonces else 'n0')}" for challenge in challenges
        ]
        said = ask.says("401 Unauthorized", *lines)
        if hang_up and not given:
            peer.writer.write(said)
            peer.writer.close()
            return b""
        return said

    methods = ["DESCRIBE", "SETUP", "PLAY", *(["GET_PARAMETER"] if keepalives else [])]
    return dict.fromkeys(methods + (["OPTIONS"] if options_too else []), guarded)


DIGEST = 'Digest realm="IP Camera", nonce="{nonce}"'

SCENARIOS = tuple(
    Scenario(name=f"digest-{name}", what=what, account=ACCOUNT, answers=asks(*challenges, **more))
    for name, what, challenges, more in (
        ("md5", "MD5 without qop", (DIGEST,), {}),
        ("md5-qop", "MD5, qop of two kinds", (DIGEST + ', qop="auth,auth-int", opaque="o\\"p"',), {}),
        ("auth-int", "only qop auth-int", (DIGEST + ', qop="auth-int"',), {}),
        ("sha-256", "SHA-256 beside MD5", (DIGEST + ', algorithm=MD5, qop="auth"', DIGEST + ", algorithm=SHA-256"), {}),
        ("sha-512-256", "SHA-512-256", (DIGEST + ', algorithm=SHA-512-256, qop="auth"',), {}),
        ("md5-sess", "MD5-sess with qop", (DIGEST + ', algorithm=MD5-sess, qop="auth"',), {}),
        ("md5-sess-no-qop", "MD5-sess without qop", (DIGEST + ", algorithm=MD5-sess",), {}),
        ("sha-256-sess", "SHA-256-sess", (DIGEST + ', algorithm=SHA-256-sess, qop="auth"',), {}),
        ("quoted-algorithm", "the algorithm in quotes", (DIGEST + ', algorithm="MD5", stale="FALSE"',), {}),
        ("lower-algorithm", "the algorithm in lower case", (DIGEST + ", algorithm=md5",), {}),
        ("unquoted", "realm and nonce without quotes", ("Digest realm=IPCam, nonce={nonce}",), {"realm": "IPCam"}),
        ("no-commas", "blanks instead of commas", ('Digest realm="IP Camera" nonce="{nonce}" algorithm=MD5',), {}),
        ("odd-realm", "a realm with quotes, commas, accents",
         ('Digest realm="Cam\\"1\\", étage=2", nonce="{nonce}"',), {"realm": 'Cam"1", étage=2'}),
        ("empty-realm", "an empty realm", ('Digest realm="", nonce="{nonce}"',), {"realm": ""}),
        ("basic-first", "Basic before Digest", ('Basic realm="IP Camera"', DIGEST), {}),
        ("both-in-one-line", "Basic and Digest in one header", ('Basic realm="IP Camera", ' + DIGEST,), {}),
        ("negotiate-too", "schemes that nobody knows beside Digest", ("Negotiate", 'X-Tea milk="1"', DIGEST), {}),
        ("at-options", "OPTIONS is guarded too", (DIGEST,), {"options_too": True}),
        ("one-time-nonce", "another nonce for every request", (DIGEST,), {"nonces": 1}),
        ("stale-nonce", "nonces used up, said stale", (DIGEST + ", stale=true",), {"nonces": 2}),
        ("closes-after-401", "the connection is closed after 401 (VStarcam)", (DIGEST,), {"hang_up": True}),
    )
)  # fmt: skip


def once_more(ask: Ask) -> bytes:
    """A keepalive that is asked to sign in again, whatever it says."""
    return ask.says("401 Unauthorized", f"WWW-Authenticate: {DIGEST.format(nonce='n0')}")


SCENARIOS += (
    Scenario(name="nonce-renewed-in-play", what="401 with a new nonce to a keepalive", account=ACCOUNT, timeout_s=2,
             repeats=2, answers=asks(DIGEST, nonces=3)),
    Scenario(name="keepalive-always-401", what="keepalives are refused with 401, the stream goes on", account=ACCOUNT,
             timeout_s=2, repeats=2, answers=asks(DIGEST, keepalives=False) | {"GET_PARAMETER": once_more}),
    Scenario(name="wrong-password", what="the account is refused", account="viewer:wrong", answers=asks(DIGEST),
             expect=refused("wrong-credential", "refuse le compte"), visits=2),
    Scenario(name="no-account", what="an account is asked for and none is declared", answers=asks(DIGEST),
             expect=refused("wrong-credential", "aucun")),
    Scenario(name="basic-only", what="only Basic, in clear", account=ACCOUNT, answers=asks('Basic realm="x"'),
             expect=refused("wrong-credential", "sûre")),
    Scenario(name="unknown-algorithm", what="a digest that nobody knows", account=ACCOUNT,
             answers=asks(DIGEST + ", algorithm=TOKEN"), expect=refused("wrong-credential", "TOKEN")),
    Scenario(name="401-without-challenge", what="401 that says nothing", account=ACCOUNT,
             answers={"DESCRIBE": lambda ask: ask.says("401 Unauthorized")},
             expect=refused("wrong-credential", "aucune")),
    Scenario(name="account-locked", what="403 for a while, then a place", account=ACCOUNT, visits=2,
             expect=gap("stream-refused", "403"),
             answers={"DESCRIBE": lambda ask: ask.usual if ask.peer.number else ask.says("403 Forbidden")}),
)  # fmt: skip
__all__ = ["SCENARIOS", "SESSION"]
