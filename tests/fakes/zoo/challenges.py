"""Challenges that cameras write oddly (RFC 7616 §3.3, RFC 2617 §3.2.1), and accounts asked for at odd moments."""

from __future__ import annotations

from tests.fakes.zoo.accounts import ACCOUNT, DIGEST, asks, given_by
from tests.fakes.zoo.scenario import Answer, Scenario, refused
from tests.fakes.zoo.server import Ask


def only_at(*methods: str) -> dict[str, Answer]:
    """An account is asked for at these methods only."""
    return {method: answer for method, answer in asks(DIGEST).items() if method in methods}


def with_opaque(opaque: str) -> dict[str, Answer]:
    """The opaque value must come back as it was."""
    usual = asks(DIGEST + f', opaque="{opaque}"')

    def strict(answer: Answer) -> Answer:
        def judged(ask: Ask) -> bytes | None:
            given = given_by(ask)
            return ask.says("403 Forbidden") if given and given.get("opaque") != opaque else answer(ask)

        return judged

    return {method: strict(answer) for method, answer in usual.items()}


def digest_then_basic(ask: Ask) -> bytes:
    """Digest is offered, refused, then only Basic: a camera, or a thief between, that wants the password itself."""
    given = ask.headers.get("authorization", "")
    if given.startswith("Basic "):
        return ask.usual
    return ask.says("401 Unauthorized", "WWW-Authenticate: " + ('Basic realm="x"' if given else DIGEST.format(
        nonce="n")))  # fmt: skip


SCENARIOS = tuple(
    Scenario(name=f"digest-{name}", what=what, account=ACCOUNT, answers=asks(*challenges, **more))
    for name, what, challenges, more in (
        ("qop-unquoted", "qop of two kinds without quotes, before the nonce",
         ('Digest realm="IP Camera", qop=auth,auth-int, nonce="{nonce}"',), {}),
        ("realm-blank-unquoted", "a realm of two words without quotes",
         ('Digest realm=IP Camera, nonce="{nonce}"',), {}),
        ("nonce-odd", "a nonce with commas, equal signs and blanks",
         ('Digest realm="IP Camera", nonce="a, realm=b {nonce}=="',), {"nonce_text": "a, realm=b n0=="}),
        ("nonce-empty", "an empty nonce", ('Digest realm="IP Camera", nonce=""',), {"nonce_text": ""}),
        ("algorithm-list", "two algorithms in one value", (DIGEST + ', algorithm="MD5, SHA-256", qop="auth"',), {}),
        ("qop-empty", "an empty qop", (DIGEST + ', qop=""',), {}),
        ("userhash", "userhash, charset and domain beside the usual",
         (DIGEST + ', userhash=true, charset=UTF-8, domain="/ /cam", qop="auth"',), {}),
        ("scheme-case", "DIGEST and REALM in capitals", ('DIGEST REALM="IP Camera", NONCE="{nonce}"',), {}),
        ("tabs", "tabs and commas too many", ('Digest\trealm="IP Camera",\t,, nonce="{nonce}",',), {}),
    )
)  # fmt: skip

SCENARIOS += (
    Scenario(name="opaque-empty", what="an empty opaque that must come back", account=ACCOUNT, answers=with_opaque("")),
    Scenario(name="opaque-odd", what="an opaque with commas and equal signs", account=ACCOUNT, answers=with_opaque(
        "a=1, b=2")),
    Scenario(name="account-at-setup", what="an account is asked for at SETUP only", account=ACCOUNT,
             answers=only_at("SETUP")),
    Scenario(name="account-at-play", what="an account is asked for at PLAY only", account=ACCOUNT,
             answers=only_at("PLAY")),
    Scenario(name="digest-then-basic", what="Digest is refused, then only Basic is offered", account=ACCOUNT,
             answers=dict.fromkeys(("DESCRIBE", "SETUP", "PLAY"), digest_then_basic),
             expect=refused("wrong-credential", "sûre")),
    Scenario(name="algorithm-not-utf8", what="an algorithm that is no UTF-8", account=ACCOUNT,
             answers=asks(DIGEST + ", algorithm=\udcff\udcfe"), expect=refused("wrong-credential", "sûre")),
    Scenario(name="realm-latin-1", what="a realm that is no UTF-8", account=ACCOUNT,
             answers=asks('Digest realm="cam\udce9ra", nonce="{nonce}"', realm="cam\udce9ra")),
    Scenario(name="wrong-password-stale", what="a wrong account, and the camera says stale each time",
             account="viewer:wrong", answers=asks(DIGEST + ", stale=true"),
             expect=refused("wrong-credential", "sans fin")),
)  # fmt: skip
