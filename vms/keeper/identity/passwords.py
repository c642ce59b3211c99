"""Passwords: Argon2id, off the event loop, never more at once than the machine has to spare (A-21)."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Callable
from typing import Any, Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from vms.errors import BadInput, Damaged
from vms.keeper.identity.turns import HOUSE, Room, Turn, Turns
from vms.keys.passphrase import unwrap_private, wrap_private

LEAST_CHARS: Final = 12
LIMIT_CHARS: Final = 1024
AT_ONCE_LIMIT: Final = 2
# Whoever has signed in there before waits apart from strangers, who are told sooner to come again.
KNOWN_ROOM: Final = Room(in_all=512, of_one=16)
STRANGERS_ROOM: Final = Room(in_all=32, of_one=8)
# RFC 9106 §4, second recommended option: 64 MiB, 3 passes, 4 lanes (argon2-cffi's default, stated so it cannot move).
HASHER: Final = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4, hash_len=32, salt_len=16)


T = TypeVar("T")


class Passwords:
    """Hashes and checks passwords; a flood waits its turn, in bounded room, instead of eating the machine."""

    def __init__(self) -> None:
        self._turns = Turns(AT_ONCE_LIMIT, KNOWN_ROOM, STRANGERS_ROOM)
        # What an unknown login is checked against, so that it takes as long as a known one.
        self._nobody = HASHER.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The hash to store; BadInput for one shorter than 12 characters (A-05)."""
        text = _normal(password)
        if not LEAST_CHARS <= len(text) <= LIMIT_CHARS:
            raise BadInput(f"Un mot de passe compte au moins {LEAST_CHARS} caractères.", todo="Allongez-le.")
        return await self._spend(lambda: HASHER.hash(text))

    async def matches(self, stored: str | None, password: str, turn: Turn = HOUSE) -> bool:
        """Whether the password is the one; ``stored`` None or empty (no such account, or one that its owner has not
        opened yet) costs the same and never matches.

        ``turn`` is how a caller who is not signed in waits (``vms.keeper.identity.turns``).
        """
        text = _normal(password)[: LIMIT_CHARS + 1]
        return await self._spend(lambda: _verify(stored or None, self._nobody, text), turn)

    async def seal(self, secret: bytes, password: str) -> str:
        """A secret that only this password opens again, as JSON text."""
        return json.dumps(await self._spend(lambda: wrap_private(secret, _normal(password))))

    async def open(self, sealed: dict[str, Any], password: str) -> bytes:
        """The secret that this password sealed; Refused for another one."""
        return await self._spend(lambda: unwrap_private(sealed, _normal(password)))

    async def _spend(self, job: Callable[[], T], turn: Turn = HOUSE) -> T:
        async with self._turns.taken(turn):
            return await asyncio.to_thread(job)


def _verify(stored: str | None, nobody: str, text: str) -> bool:
    try:
        HASHER.verify(nobody if stored is None else stored, text)
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError) as error:
        raise Damaged("Le mot de passe enregistré est abîmé.", todo="Recréez ce compte.") from error
    return stored is not None


def _normal(password: str) -> str:
    # NFKC: the same words typed on two keyboards are the same password.
    return unicodedata.normalize("NFKC", password)
