"""Lock-outs that a stranger cannot turn against a police station (design §7).

Recommandation mots de passe, CNIL 2022-100 (délibération du 21 juillet 2022, authentification par mot de passe, cas
n° 2, restriction d’accès): a wait that grows exponentially, of more than a minute after five failures, and at most 25
tries in 24 hours. Each pace below keeps these figures by itself.

- Where a login has signed in before (its workstation's secret, or else its network), its failures count for that place
  alone: nobody elsewhere can slow it down. A secret that never signed in is worth nothing: a fresh one at each try
  counts under the address that it came from.
- Everywhere else, failures count per login and network, for all strangers to a login together (so that changing address
  gives no more than 25 tries a day), and for all the logins that a network tries.

A try counts as failed from the instant it begins, before anything is awaited: of any number in parallel, those that are
free pass and no other. One that succeeds, or that judged nothing, is given back. Pure: times in.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from vms.clock import HOUR_US, MICRO
from vms.errors import Refused, SecondFactorNeeded, TooManyRequests, Unauthenticated
from vms.keeper.identity.turns import Turn

ANY: Final = "*"
BUCKETS_LIMIT: Final = 50_000


@dataclass(frozen=True, slots=True)
class Pace:
    """So many failures are free; then one try after ``first_s``, after twice that, and so on up to ``limit_s``."""

    free: int
    first_s: int
    limit_s: int
    forget_us: int = 24 * HOUR_US

    def wait_us(self, failures: int, since_us: int) -> int:
        """How long yet after that many failures, the last one ``since_us`` ago."""
        if failures < self.free or since_us > self.forget_us:
            return 0
        return min(self.limit_s, self.first_s << min(failures - self.free, 20)) * MICRO - since_us


# 5 free, then a little more than a minute, twice that… two hours: 23 tries in any 24 hours at most (CNIL 2022-100: 25).
PLACE: Final = Pace(5, 64, 2 * 3600)
# All strangers to one login together, in any number of places: 24 tries in any 24 hours at most.
STRANGERS: Final = Pace(11, 64, 4 * 3600)
# All logins that one network tries: a town hall behind one address arrives in the morning with new workstations.
NETWORK: Final = Pace(50, 1, 300, HOUR_US)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a try comes from: a network, the workstation that shows a secret (or nothing), or an open session."""

    network: str
    post: str = ""
    session: str = ""  # a signed-in person's own place: nobody else tries from there


@dataclass(slots=True)
class _Bucket:
    failures: int = 0
    last_us: int = 0


@dataclass(slots=True)
class _Taken:
    """A place taken in a bucket, and what the bucket's last instant was before."""

    key: tuple[str, str]
    bucket: _Bucket
    at_us: int
    before_us: int

    def give_back(self) -> None:
        self.bucket.failures = max(0, self.bucket.failures - 1)
        if self.bucket.last_us == self.at_us:
            self.bucket.last_us = self.before_us


class BackOff:
    """Counts tries and says how long to wait; bounded in memory, the stalest bucket goes first.

    ``knows`` says whether a login has signed in at a place (a workstation's key, or a network) before.
    """

    def __init__(self, knows: Callable[[str, str], bool] = lambda login, place: False) -> None:
        self._knows = knows
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    @contextmanager
    def attempt(self, login: str, place: Place, now_us: int) -> Iterator[None]:
        """Around one try: TooManyRequests, saying how long, while it may not be made.

        What is Unauthenticated or Refused inside stays counted as a failure; what ends well wipes this place's
        failures; anything else (a full queue, a second factor not given yet) has judged nothing and is given back.
        """
        taken = self._take(login, place, now_us)
        try:
            yield
        except BaseException as error:
            if isinstance(error, SecondFactorNeeded) or not isinstance(error, Unauthenticated | Refused):
                for one in taken:
                    one.give_back()
            raise
        self._buckets.pop(taken[0].key, None)
        for one in taken[1:]:
            one.give_back()

    def turn(self, login: str, place: Place) -> Turn:
        """How the try waits for its password to be judged: among the known, or among strangers of its network."""
        known = self._own(login, place)
        return Turn(login if known else place.network, known=bool(known))

    def _own(self, login: str, place: Place) -> str:
        """The place's name when the login has been there before; empty for a stranger."""
        if place.session:
            return f"session/{place.session}"
        account = login.partition("/")[0]
        return next((one for one in (place.post, place.network) if one and self._knows(account, one)), "")

    def _take(self, login: str, place: Place, now_us: int) -> list[_Taken]:
        own = self._own(login, place)
        paces = {(login, own): PLACE} if own else {
            (login, place.network): PLACE, (login, ANY): STRANGERS, (ANY, place.network): NETWORK
        }  # fmt: skip
        wait_us = max(self._wait_us(key, pace, now_us) for key, pace in paces.items())
        if wait_us > 0:
            seconds = -(-wait_us // MICRO)
            todo = f"Réessayez dans {seconds} s."
            raise TooManyRequests("Trop d’essais depuis ce poste.", todo=todo, retry_after_s=seconds)
        return [self._count(key, pace, now_us) for key, pace in paces.items()]

    def _wait_us(self, key: tuple[str, str], pace: Pace, now_us: int) -> int:
        bucket = self._buckets.get(key)
        return 0 if bucket is None else pace.wait_us(bucket.failures, now_us - bucket.last_us)

    def _count(self, key: tuple[str, str], pace: Pace, now_us: int) -> _Taken:
        bucket = self._buckets.setdefault(key, _Bucket())
        taken = _Taken(key, bucket, now_us, bucket.last_us)
        stale = now_us - bucket.last_us > pace.forget_us
        bucket.failures, bucket.last_us = (1 if stale else bucket.failures + 1), now_us
        self._buckets.move_to_end(key)
        while len(self._buckets) > BUCKETS_LIMIT:
            self._buckets.popitem(last=False)
        return taken
