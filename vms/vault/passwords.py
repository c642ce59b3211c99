"""Passwords for camera accounts: random, robust, and typed by nobody (A-05)."""

from __future__ import annotations

import math
import secrets
import string
from typing import Final

from vms.errors import Refused

# Without quotes, ampersands, colons or signs that careless firmware puts unescaped into XML, URLs or shell scripts.
SIGNS: Final = "-_.+"
ALPHABET: Final = string.ascii_letters + string.digits + SIGNS
PASSWORD_CHARS: Final = 24
PASSWORD_MIN_CHARS: Final = 12  # 72 bits: what a camera that takes no more may still hold
ENTROPY_BITS_PER_CHAR: Final = math.log2(len(ALPHABET))


def new_password(max_chars: int | None = None) -> str:
    """A random password of PASSWORD_CHARS, or of what the camera takes; Refused (A-05) when it takes too few.

    It holds a small letter, a capital, a digit and a sign, as cameras that check complexity ask.
    """
    length = min(PASSWORD_CHARS, max_chars or PASSWORD_CHARS)
    if length < PASSWORD_MIN_CHARS:
        raise Refused(
            f"La caméra n’accepte que des mots de passe de {length} caractères.",
            todo="Mettez à jour son micrologiciel, ou remplacez-la.",
            rule="A-05",
        )
    groups = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SIGNS)
    while True:
        candidate = "".join(secrets.choice(ALPHABET) for _ in range(length))
        if candidate[0].isalpha() and all(any(c in group for c in candidate) for group in groups):
            return candidate
