"""An OpenID Connect provider of ours that lies on command: what a good one never sends must be refused all the same."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

KEY: Final = ECKey.generate_key("P-256", {"kid": "ours", "use": "sig"})
STRANGER: Final = ECKey.generate_key("P-256", {"kid": "theirs", "use": "sig"})
Claims = dict[str, Any]


def signed(claims: Claims, key: ECKey = KEY, **header: Any) -> str:
    """A token signed by a key of ours, or by a stranger's."""
    return jwt.encode({"alg": "ES256", "kid": key.kid, **header}, claims, key)


def unsigned(claims: Claims) -> str:
    """A token under the algorithm "none"."""
    head, body = ({"alg": "none", "kid": "ours"}, claims)
    return f"{_text(json.dumps(head).encode())}.{_text(json.dumps(body).encode())}."


def shared(claims: Claims) -> str:
    """A token "signed" by what everybody knows, our public key."""
    head, body = ({"alg": "HS256", "kid": "ours"}, claims)
    text = f"{_text(json.dumps(head).encode())}.{_text(json.dumps(body).encode())}"
    return f"{text}.{_text(hmac.digest(KEY.as_pem(private=False), text.encode(), 'sha256'))}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Liar:
    """The provider: each part may be replaced; ``asked`` are the paths that it was asked for."""

    issuer: str = ""
    token: Callable[[Claims], str] = signed
    claims: Claims = field(default_factory=dict)
    discovery: Claims = field(default_factory=dict)
    user: Claims | Callable[[Claims], str] = field(default_factory=dict)
    endless: str = ""
    status: dict[str, int] = field(default_factory=dict)
    nonce: str = ""
    asked: list[str] = field(default_factory=list)

    def follow(self, address: str) -> dict[str, str]:
        """What a browser brings back from the address: a code, at once."""
        asked = parse_qs(urlsplit(address).query)
        self.nonce = asked["nonce"][0]
        return {"code": "un-code", "state": asked["state"][0]}

    def good(self) -> Claims:
        """The claims of a good ID token for the last request."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": "guet",
            "sub": "s-1",
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 60,
            "acr": "fort",
        }

    def answer(self, path: str) -> tuple[str, bytes]:
        """(content type, body) for a path."""
        plain = "application/json"
        if path.endswith("/openid-configuration"):
            ends = {name: f"{self.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
            ends |= {"userinfo_endpoint": f"{self.issuer}/userinfo", "jwks_uri": f"{self.issuer}/jwks"}
            return plain, json.dumps({"issuer": self.issuer} | ends | self.discovery).encode()
        if path.endswith("/jwks"):
            return plain, json.dumps({"keys": [KEY.as_dict(private=False), {"kty": "odd"}, 7]}).encode()
        if path.endswith("/token_endpoint"):
            given = {name: value for name, value in (self.good() | self.claims).items() if value is not None}
            return plain, json.dumps({"access_token": "a", "id_token": self.token(given)}).encode()
        if callable(self.user):
            return "application/jwt", self.user({"iss": self.issuer, "aud": "guet", "sub": "s-1"}).encode()
        return plain, json.dumps({"sub": "s-1"} | self.user).encode()


@contextmanager
def lying_provider() -> Iterator[Liar]:
    """Serve one on loopback until the block ends; it starts honest."""
    liar = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            liar.asked.append(path)
            self.send_response(liar.status.get(path.rpartition("/")[2], 200))
            kind, body = liar.answer(path)
            self.send_header("Content-Type", kind)
            self.send_header("Location", f"{liar.issuer}/elsewhere")
            self.end_headers()
            while liar.endless and path.endswith(liar.endless):
                try:
                    self.wfile.write(b" " * 65536)
                except OSError:
                    return
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    liar.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield liar
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
