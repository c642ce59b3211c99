"""The server's side of HTTP and RTSP digest authentication (RFC 7616; RFC 2617 without qop for old clients)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time

from tests.fakes.camera.accounts import Account, Accounts
from tests.fakes.camera.config import DigestAlgorithm

REALM = "virtual camera"
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class DigestDoor:
    """Challenges and checks. Nonces carry their time, signed; after ``lifetime_s`` they are stale."""

    def __init__(self, accounts: Accounts, algorithms: tuple[DigestAlgorithm, ...], lifetime_s: float) -> None:
        self._accounts = accounts
        self.algorithms = algorithms
        self.lifetime_s = lifetime_s
        self.refuse_everybody = False
        self._key = secrets.token_bytes(32)

    def forget_nonces(self) -> None:
        """Every nonce given so far is stale from now on."""
        self._key = secrets.token_bytes(32)

    def challenges(self, *, stale: bool, qop: bool = True) -> list[str]:
        """One ``WWW-Authenticate`` value per algorithm; the last is the one every client knows."""
        extra = ', qop="auth"' if qop else ""
        extra += ", stale=true" if stale else ""
        return [
            f'Digest realm="{REALM}", nonce="{self._nonce()}", algorithm={algorithm}{extra}'
            for algorithm in self.algorithms
        ]

    def check(self, header: str, method: str) -> tuple[Account | None, bool]:
        """The account that an ``Authorization`` header proves, and whether only its nonce was stale."""
        if not header.lower().startswith("digest ") or self.refuse_everybody:
            return None, False
        fields = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(header[7:])}
        algorithm = fields.get("algorithm", "MD5").upper()
        account = self._accounts.get(fields.get("username", ""))
        if account is None or algorithm not in self.algorithms:
            return None, False
        if not hmac.compare_digest(_response(fields, account, algorithm, method), fields.get("response", "")):
            return None, False
        if not self._fresh(fields.get("nonce", "")):
            return None, True
        return account, False

    def _nonce(self) -> str:
        stamp = f"{time.monotonic_ns():x}"
        return f"{stamp}.{self._tag(stamp)}"

    def _tag(self, stamp: str) -> str:
        return hmac.new(self._key, stamp.encode(), "sha256").hexdigest()[:32]

    def _fresh(self, nonce: str) -> bool:
        stamp, _, tag = nonce.partition(".")
        if not hmac.compare_digest(self._tag(stamp), tag):
            return False
        return time.monotonic_ns() - int(stamp, 16) <= self.lifetime_s * 1e9


def _response(fields: dict[str, str], account: Account, algorithm: str, method: str) -> str:
    def digest(text: str) -> str:
        return _HASHES[algorithm](text.encode()).hexdigest()

    secret = digest(f"{account.name}:{REALM}:{account.password}")
    request = digest(f"{method}:{fields.get('uri', '')}")
    if "qop" in fields:
        middle = f"{fields.get('nc', '')}:{fields.get('cnonce', '')}:{fields['qop']}"
        return digest(f"{secret}:{fields.get('nonce', '')}:{middle}:{request}")
    return digest(f"{secret}:{fields.get('nonce', '')}:{request}")
