"""Sessions: opaque 256-bit tokens kept as hashes, an idle and an absolute end, one commune acted for at a time
(P-62), each held to the workstation that it was opened on (P-41, decision 0027).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from vms.clock import MICRO, Clock
from vms.errors import BadInput, Unauthenticated
from vms.keeper.files.store import Tx
from vms.keeper.identity.host import Account, Host
from vms.keeper.identity.workstations import POST_MARK, post_hash
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.protocol import Acting

TOKEN_BYTES: Final = 32
IDLE_LIMIT_US: Final = 60 * 60 * MICRO
ABSOLUTE_LIMIT_US: Final = 12 * 60 * 60 * MICRO
STEP_UP_US: Final = 5 * 60 * MICRO
SEEN_FLUSH_US: Final = 60 * MICRO
SESSIONS_LIMIT: Final = 10_000
WORKSTATION_LIMIT_CHARS: Final = 80
PRESENTED_LIMIT_CHARS: Final = 400
# What a thief tries over and over is one line of the journal a minute.
ELSEWHERE_EVERY_US: Final = 60 * MICRO


@dataclass(slots=True)
class Live:
    """A session in memory; ``id`` is public (it stands in permits), the token is not kept."""

    id: str
    hash: bytes
    account: Account
    workstation: str
    created_us: int
    seen_us: int
    flushed_us: int
    means: str = ""
    key: bytes = b""  # what its page signs with; empty for a session that opens nothing
    acting: Acting | None = None
    step_up_until_us: int = 0
    post: bytes = b""  # the hash of its workstation's secret; empty for the command line, which has none
    elsewhere_us: int | None = None  # when its token was last shown from another workstation
    id_token: str = ""  # of the identity provider that opened it, to sign out there; not kept over a restart

    def ends_us(self) -> int:
        """The absolute end."""
        return self.created_us + ABSOLUTE_LIMIT_US

    def idle_ends_us(self) -> int:
        """When it ends if nothing is done any more."""
        return min(self.seen_us + IDLE_LIMIT_US, self.ends_us())

    def author(self, role: str = "", habilitation: str = "") -> Author:
        """This person as the author of a journal entry (P-40)."""
        return Author(self.account.id, role, habilitation, self.workstation)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A session's token was shown from another workstation, or from none: refused, and to be journalled."""

    live: Live
    post: bytes  # the hash of the secret that came with it, empty when none did


class Sessions:
    """All sessions; they outlive a restart of the keeper, the step-up does not."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._live: dict[bytes, Live] = {}
        self._by_id: dict[str, Live] = {}
        self._elsewhere: dict[str, Elsewhere] = {}  # by session: not journalled yet

    def load(self) -> None:
        """Read the sessions that a restart left; ended ones are dropped."""
        rows = self._host.store.reader.execute(
            "SELECT hash, person, workstation, created_us, seen_us, means, public, acting, post FROM session "
            "LEFT JOIN session_key USING (hash) LEFT JOIN session_post USING (hash) "
            "WHERE person IN (SELECT id FROM account)"
        ).fetchall()
        for digest, person, workstation, created_us, seen_us, means, key, acting, post in rows:
            account = self._host.account(person)
            live = Live(_public(digest), digest, account, workstation, created_us, seen_us, seen_us, means, key or b"")
            live.acting = Acting.model_validate_json(acting) if acting else None
            live.post = post or b""
            if self._clock.utc().us < live.idle_ends_us():
                self._keep(live)

    async def create(
        self, account: Account, workstation: str, means: str, key: bytes = b"", post: str = ""
    ) -> tuple[str, Live]:
        """A new session, by which means it was opened and what its page signs with: (token, session), journalled in
        the host's log. ``post`` is the secret of the workstation that it is held to from now on.
        """
        self.sweep()
        if len(self._live) >= SESSIONS_LIMIT:
            raise Unauthenticated("Trop de sessions sont ouvertes.", todo="Réessayez plus tard.")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        digest, now = sha256(token.encode()).digest(), self._clock.utc().us
        live = Live(_public(digest), digest, account, workstation[:WORKSTATION_LIMIT_CHARS], now, now, now, means, key)
        live.post = post_hash(post) if post else b""

        def work(tx: Tx) -> None:
            tx.db.execute(
                "INSERT INTO session (hash, person, workstation, created_us, seen_us, means) VALUES (?, ?, ?, ?, ?, ?)",
                (digest, account.id, live.workstation, now, now, means),
            )
            if key:
                tx.db.execute("INSERT INTO session_key (hash, public) VALUES (?, ?)", (digest, key))
            if live.post:
                tx.db.execute("INSERT INTO session_post (hash, post) VALUES (?, ?)", (digest, live.post))
            tx.journal(Entry("session", "sign_in", live.author(), detail={"means": means}))

        await self._host.store.write(work)
        self._keep(live)
        return token, live

    def require(self, token: object, *, active: bool = True) -> Live:
        """The session behind a token, shown with its workstation's secret (``presented``) when it has one.

        Unauthenticated when there is none any more, or when it was opened on another workstation, which is journalled.
        ``active`` counts as activity.
        """
        if not isinstance(token, str) or not 0 < len(token) < PRESENTED_LIMIT_CHARS:
            raise _ended()
        own, _, post = token.partition(POST_MARK)
        live = self._live.get(sha256(own.encode("utf-8", "surrogatepass")).digest())
        if live is None or not self.alive(live.id):
            raise _ended()
        shown = post_hash(post) if post else b""
        if live.post and not hmac.compare_digest(shown, live.post):
            self._note_elsewhere(live, shown)
            raise Unauthenticated(
                "Cette session a été ouverte sur un autre poste : elle ne sert pas ici.",
                todo="Connectez-vous sur ce poste.",
            )
        if active:
            live.seen_us = self._clock.utc().us
        return live

    def _note_elsewhere(self, live: Live, shown: bytes) -> None:
        now = self._clock.utc().us
        if live.elsewhere_us is None or now - live.elsewhere_us >= ELSEWHERE_EVERY_US:
            live.elsewhere_us = now
            self._elsewhere[live.id] = Elsewhere(live, shown)

    def take_elsewhere(self) -> list[Elsewhere]:
        """What was refused for its workstation since the last call, each session once: to be journalled."""
        found, self._elsewhere = list(self._elsewhere.values()), {}
        return found

    def alive(self, session_id: str) -> Live | None:
        """The session with this public id while it has neither ended nor been signed out."""
        live = self._by_id.get(session_id)
        if live is None or self._clock.utc().us >= live.idle_ends_us():
            return None
        return live

    def of(self, person: str) -> list[Live]:
        """A person's sessions that have not ended, newest first."""
        mine = [one for one in self._live.values() if one.account.id == person and self.alive(one.id)]
        return sorted(mine, key=lambda one: -one.created_us)

    def told(self, person: str, current: str = "") -> list[dict[str, Any]]:
        """A person's sessions as pages show them; ``current`` is the id of the one that asks."""
        return [
            {
                "id": one.id,
                "workstation": one.workstation,
                "means": one.means,
                "since_us": one.created_us,
                "seen_us": one.seen_us,
                "commune": one.acting.name if one.acting else "",
                "current": one.id == current,
                "held": bool(one.post),
                "elsewhere_us": one.elsewhere_us,
            }
            for one in self.of(person)
        ]

    async def end(self, live: Live, act: str = "sign_out", author: Author | None = None) -> None:
        """End a session, journalled as ``act`` by ``author`` (its own person by default): its token opens nothing."""
        self._forget(live)

        def work(tx: Tx) -> None:
            tx.db.execute("DELETE FROM session WHERE hash = ?", (live.hash,))
            tx.db.execute("DELETE FROM session_key WHERE hash = ?", (live.hash,))
            tx.db.execute("DELETE FROM session_post WHERE hash = ?", (live.hash,))
            detail = {} if act == "sign_out" else {"session": live.id, "person": live.account.id}
            tx.journal(Entry("session", act, author or live.author(), detail=detail))

        await self._host.store.write(work)

    async def act_for(self, live: Live, acting: Acting) -> None:
        """Remember the commune acted for."""
        live.acting = acting
        text = acting.model_dump_json()
        await self._host.store.write(
            lambda tx: tx.db.execute("UPDATE session SET acting = ? WHERE hash = ?", (text, live.hash))
        )

    def step_up(self, live: Live) -> None:
        """The person confirmed who they are, by password or passkey: valid five minutes."""
        live.step_up_until_us = self._clock.utc().us + STEP_UP_US

    def stepped_up(self, live: Live) -> bool:
        """Whether the person confirmed lately who they are."""
        return self._clock.utc().us < live.step_up_until_us

    async def flush(self) -> None:
        """Write when sessions were last used (at most once a minute each) and drop ended ones."""
        self.sweep()
        stale = [live for live in self._live.values() if live.seen_us - live.flushed_us >= SEEN_FLUSH_US]
        limit = self._clock.utc().us - ABSOLUTE_LIMIT_US

        def work(tx: Tx) -> None:
            rows = [(live.seen_us, live.hash) for live in stale]
            tx.db.executemany("UPDATE session SET seen_us = ? WHERE hash = ?", rows)
            tx.db.execute("DELETE FROM session WHERE created_us < ?", (limit,))
            tx.db.execute("DELETE FROM session_key WHERE hash NOT IN (SELECT hash FROM session)")
            tx.db.execute("DELETE FROM session_post WHERE hash NOT IN (SELECT hash FROM session)")

        if stale:
            await self._host.store.write(work)
            for live in stale:
                live.flushed_us = live.seen_us

    def sweep(self) -> None:
        """Forget sessions that ended by themselves."""
        now = self._clock.utc().us
        for live in [one for one in self._live.values() if now >= one.idle_ends_us()]:
            self._forget(live)

    def _keep(self, live: Live) -> None:
        self._live[live.hash] = live
        self._by_id[live.id] = live

    def _forget(self, live: Live) -> None:
        self._live.pop(live.hash, None)
        self._by_id.pop(live.id, None)


def acting_of(live: Live) -> Acting:
    """The commune acted for; BadInput when none was chosen yet (P-62)."""
    if live.acting is None:
        raise BadInput(
            "Aucune commune n’est choisie.", todo="Dites d’abord pour quelle commune vous agissez.", where="P-62"
        )
    return live.acting


def _public(digest: bytes) -> str:
    return digest[:16].hex()


def _ended() -> Unauthenticated:
    return Unauthenticated("Votre session est terminée.", todo="Connectez-vous de nouveau.")
