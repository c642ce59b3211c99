"""Whether a signed wish is good: this session's key, lately, once, and for exactly what is being asked (decision 0015).

The instant in a wish is the keeper's own, not the page's: ``moment`` is told with the session, dated and authenticated
by the keeper. A workstation's wrong clock harms nothing, and nobody can have a wish signed for a later day.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from vms.clock import MICRO, Clock
from vms.errors import BadInput, Refused, TooManyRequests
from vms.keeper.arguments import Args, parse
from vms.keeper.identity.sessions import Live
from vms.keeper.identity.signed_request import Wish, read_wish, refused

MOMENT_LIFE_US: Final = 2 * 60 * MICRO
# How long a view lasts without another signed wish of its page; the page signs one again well before.
SIGNED_FOR_US: Final = 5 * 60 * MICRO
SPENT_LIMIT: Final = 100_000
INSTANT_BYTES: Final = 8
MAC_BYTES: Final = 16

A = TypeVar("A", bound=Args)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller asks for, which the wish must say word for word."""

    act: str
    cameras: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    view: str = ""
    request: str = ""
    motive: str | None = None


class Wishes:
    """Judges wishes; remembers those it took until they are too old to be taken again."""

    def __init__(self, clock: Clock, secret: bytes) -> None:
        self._clock = clock
        self._key = hmac.digest(secret, b"guet/moment/v1\0", "sha256")
        self._since_us = clock.utc().us  # what was taken before a restart is not remembered
        self._spent: dict[tuple[str, str], int] = {}

    def moment(self, session: str) -> str:
        """The keeper's instant for this session's next wishes."""
        instant = self._clock.utc().us.to_bytes(INSTANT_BYTES, "big")
        return base64.urlsafe_b64encode(instant + self._mac(instant, session)).rstrip(b"=").decode()

    def require(self, live: Live, token: str, asked: Asked) -> Wish:
        """The wish behind ``token``, used up by this; Refused, with its reason, for any other than ``asked``."""
        wish = self._read(live, token)
        said = (wish.from_us, wish.to_us) if wish.from_us is not None and wish.to_us is not None else None
        acting = live.acting
        motive = asked.motive if asked.motive is not None else acting.motive if acting else ""
        for same, what in (
            (wish.act == asked.act, "un autre acte"),
            (wish.cameras == asked.cameras, "d’autres caméras"),
            (said == asked.span, "une autre plage"),
            (wish.view == asked.view, "une autre vue"),
            (wish.request == asked.request, "une autre demande"),
            (wish.commune == (acting.commune if acting else ""), "une autre commune"),
            ((wish.purpose, wish.motive) == (acting.purpose if acting else "", motive), "un autre motif"),
        ):
            if not same:
                raise refused(f"La page a signé pour {what}.")
        self._spend(live, wish)
        return wish

    def require_act(self, live: Live, token: str, name: str, given: A) -> None:
        """Check the wish behind an act and its arguments, and use it up; Refused, with its reason."""
        wish = self._read(live, token)
        if wish.act != name:
            raise refused("La page a signé pour un autre acte.")
        if live.acting is not None and wish.commune != live.acting.commune:
            raise refused("La page a signé pour une autre commune.")
        # What no page can know is the server's word; signed all the same, it must be the same.
        beside = {field: getattr(given, field) for field in given.UNSEEN}
        try:
            same = parse(type(given), beside | wish.args, name) == given
        except BadInput:
            same = False
        if not same:
            raise refused("La page a signé d’autres indications que celles-ci.")
        self._spend(live, wish)

    def require_args(self, live: Live, token: str, name: str, args: dict[str, Any]) -> None:
        """The same for an act of the person's own account, whose arguments are compared as they are."""
        wish = self._read(live, token)
        if wish.act != name or wish.args != args:
            raise refused("La page a signé pour un autre acte.")
        self._spend(live, wish)

    def _read(self, live: Live, token: str) -> Wish:
        if not live.key:
            raise refused("Cette session a été ouverte sans clé de page : elle n’ouvre aucune image.")
        wish, now_us = read_wish(token, live.key), self._clock.utc().us
        if wish.session != live.id:
            raise refused("La page a signé pour une autre session.")
        at_us = self._instant(wish.moment, live.id)
        if at_us < self._since_us or not 0 <= now_us - at_us <= MOMENT_LIFE_US:
            # No rule: the page asks again by itself, with a fresh signature.
            raise Refused("Cette demande signée a plus de deux minutes.", todo="Recommencez.", rule="")
        if (live.id, wish.nonce) in self._spent:
            raise refused("Cette demande signée a déjà servi.")
        return wish

    def _spend(self, live: Live, wish: Wish) -> None:
        now_us = self._clock.utc().us
        if len(self._spent) >= SPENT_LIMIT:
            self._spent = {one: at for one, at in self._spent.items() if now_us - at <= MOMENT_LIFE_US}
        if len(self._spent) >= SPENT_LIMIT:
            raise TooManyRequests(
                "Trop de demandes signées en même temps.", todo="Réessayez dans deux minutes.", retry_after_s=120
            )
        self._spent[live.id, wish.nonce] = now_us

    def _instant(self, moment: str, session: str) -> int:
        try:
            data = base64.urlsafe_b64decode(moment + "=" * (-len(moment) % 4))
        except ValueError as error:
            raise refused("Cette demande signée n’a pas d’instant.") from error
        instant, mac = data[:INSTANT_BYTES], data[INSTANT_BYTES:]
        if not hmac.compare_digest(mac, self._mac(instant, session)):
            raise refused("L’instant de cette demande signée n’est pas du gardien.")
        return int.from_bytes(instant, "big")

    def _mac(self, instant: bytes, session: str) -> bytes:
        return hmac.digest(self._key, instant + session.encode(), "sha256")[:MAC_BYTES]
