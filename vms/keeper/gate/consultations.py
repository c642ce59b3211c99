"""Views while they last: admitted through the gate, journalled first, renewed in one batch, closed after (P-40, P-41).

A view is renewed only while every element of its admission still holds: session, commune acted for, purpose,
habilitation, conventions, order, camera, request. What is not renewed is closed with its cause.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from vms.clock import MICRO, Clock
from vms.errors import (
    BadInput,
    GuetError,
    LimitExceeded,
    NotFound,
    Refused,
    StepUpNeeded,
    TooManyRequests,
    Unauthenticated,
)
from vms.keeper.accounts.dormant_rights import Rest
from vms.keeper.communes import Commune, Communes
from vms.keeper.files.store import Tx
from vms.keeper.gate.gate import CAMERAS_LIMIT, Denied, Grant, Motive, Person, Span, admit
from vms.keeper.gate.permit import LIFETIME_US, PermitPayload, sign_permit
from vms.keeper.identity.request_checker import SIGNED_FOR_US, Asked, Wishes
from vms.keeper.identity.sessions import Live, Sessions, acting_of
from vms.keeper.identity.signed_request import Wish
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.protocol import Act, Admitted
from vms.law.rulebook import rulebook

# A view whose permit ran out this long ago was abandoned by its page or its server.
ABANDONED_AFTER_US: Final = 4 * MICRO
VIEWS_PER_SESSION_LIMIT: Final = 256
RENEW_LIMIT_VIEWS: Final = 4096
REFUSAL_REPEAT_US: Final = 60 * MICRO
REFUSALS_REMEMBERED_LIMIT: Final = 1000


@dataclass(slots=True)
class View:
    """One open consultation; ``span`` is the footage range that was admitted."""

    id: str
    session: str
    act: Act
    commune: str
    cameras: tuple[str, ...]
    span: Span
    motive: Motive
    author: Author
    seq: int
    expires_us: int
    signed_until_us: int  # no renewal from then on without another signed wish of its page
    signed_public: str = ""  # what the opening wish named as the page's X25519 key, base64
    page_public: bytes | None = None
    refused: dict[str, str] | None = field(default=None)


class Consultations:
    """Opens, renews and closes views."""

    def __init__(
        self,
        sessions: Sessions,
        communes: Communes,
        wishes: Wishes,
        rest: Rest,
        clock: Clock,
        permit_private: bytes,
    ) -> None:
        self._sessions = sessions
        self._rest = rest
        self._communes = communes
        self._wishes = wishes
        self._clock = clock
        self._private = permit_private
        self._views: dict[str, View] = {}
        self._refusals: dict[tuple[str, ...], int] = {}

    async def admit(
        self, live: Live, act: Act, cameras: Sequence[str], span: Span, text: str, request: str | None, statement: str
    ) -> Admitted:
        """Open a view: signed wish, then gate, then journal, then permit; Refused names the rule and is journalled."""
        acting, now_us = acting_of(live), self._clock.utc().us
        commune = self._communes.get(acting.commune)
        self._check_question(live, act, cameras, span, now_us)
        motive = Motive(acting.purpose, text or acting.motive, request)
        try:
            wish = self._wish_to_open(live, act, tuple(cameras), span, motive, statement)
        except Refused as error:
            unsigned = Denied(error.rule, error.what)
            await self._log_refusal(commune, live, act, cameras, motive, unsigned, now_us)
            raise
        asked = commune.facts.requests.get(request or "")
        if act is Act.EXPORT and span is None and asked is not None:
            span = (asked.from_us, asked.to_us)
        verdict = admit(commune.facts, _person(live), act, cameras, span, motive, now_us)
        if isinstance(verdict, Denied):
            await self._log_refusal(commune, live, act, cameras, motive, verdict, now_us)
            raise verdict.error()
        if rulebook().image_act[act].step_up:
            if not self._sessions.stepped_up(live):
                raise StepUpNeeded
            self._rest.check(live.account.id)
        view = _view(live, acting.commune, act, tuple(cameras), span or verdict.span, motive, verdict)
        # An extraction goes on without its page; nothing beyond the decided request is in it (P-74).
        view.signed_until_us = live.ends_us() if act is Act.EXPORT else now_us + SIGNED_FOR_US
        view.signed_public = wish.public
        await self._open(commune, view)
        view.expires_us = self._clock.utc().us + LIFETIME_US
        self._views[view.id] = view
        return Admitted(permit=self._sign(view), id=view.id, journal=view.seq)

    def _wish_to_open(
        self, live: Live, act: Act, cameras: tuple[str, ...], span: Span, motive: Motive, statement: str
    ) -> Wish:
        """An extraction is signed by its request, whose cameras and range were decided; all else by what is opened."""
        what = (
            Asked(act.value, request=motive.request or "", motive=motive.text)
            if act is Act.EXPORT
            else Asked(act.value, cameras, span, request=motive.request or "", motive=motive.text)
        )
        return self._wishes.require(live, statement, what)

    async def prolong(self, view_id: str, statement: str) -> None:
        """Let a view last some minutes more, on a fresh wish of its page; Refused or NotFound otherwise."""
        view = self.current(view_id)
        if view.act is Act.EXPORT:
            raise BadInput("Une extraction ne se prolonge pas.", where="prolong")
        self.require_signed(view, statement, Asked("prolong", view.cameras, view=view.id))
        view.signed_until_us = self._clock.utc().us + SIGNED_FOR_US

    def require_signed(self, view: View, statement: str, asked: Asked) -> Wish:
        """The wish of the view's own session; Refused, with its reason, for any other than ``asked``."""
        live = self._sessions.alive(view.session)
        if live is None:
            raise Unauthenticated("Votre session est terminée.", todo="Connectez-vous de nouveau.")
        return self._wishes.require(live, statement, asked)

    def require_extraction(self, live: Live, request: str) -> None:
        """Refused unless this session has an extraction of the request open, which its page signed for (P-74)."""
        if not any(
            view.act is Act.EXPORT and view.session == live.id and view.motive.request == request
            for view in self._views.values()
        ):
            raise Refused("Aucune extraction signée n’est en cours.", todo="Relancez l’extraction.", rule="P-74")

    async def renew(self, ids: Sequence[str]) -> dict[str, str | dict[str, Any]]:
        """A fresh token for each view that still holds; the refusal for each that does not, which closes it."""
        if len(ids) > RENEW_LIMIT_VIEWS:
            raise LimitExceeded(f"Au plus {RENEW_LIMIT_VIEWS} permis à la fois.", where="renew")
        now_us = self._clock.utc().us
        answers: dict[str, str | dict[str, Any]] = {}
        ended: list[tuple[View, str]] = []
        for view_id in dict.fromkeys(ids):
            view = self._views.get(view_id)
            refusal = _unknown(view_id) if view is None else self._lapsed(view, now_us)
            if refusal is not None:
                answers[view_id] = {"refused": refusal.to_dict()}
                if view is not None:
                    ended.append((view, refusal.rule or refusal.kind))
            elif view is not None:
                view.expires_us = now_us + LIFETIME_US
                answers[view_id] = self._sign(view)
        await self._close(ended)
        return answers

    async def end(self, ids: Sequence[str], cause: str = "ended") -> None:
        """Close views that their pages ended; unknown ids are passed over."""
        await self._close([(self._views[one], cause) for one in dict.fromkeys(ids) if one in self._views])

    async def end_session(self, session_id: str) -> None:
        """Close every view of a session that was signed out."""
        await self._close([(view, "sign_out") for view in self._views.values() if view.session == session_id])

    async def sweep(self) -> None:
        """Close views that nobody renewed."""
        limit = self._clock.utc().us - ABANDONED_AFTER_US
        await self._close([(view, "not-renewed") for view in self._views.values() if view.expires_us < limit])

    def current(self, view_id: str) -> View:
        """A view whose permit has not run out and still holds; NotFound, Refused or Unauthenticated otherwise."""
        view, now_us = self._views.get(view_id), self._clock.utc().us
        if view is None:
            raise _unknown(view_id)
        refusal = self._lapsed(view, now_us)
        if refusal is None and now_us >= view.expires_us:
            refusal = Refused("Ce permis a expiré.", todo="Redemandez l’accès.", rule="P-58")
        if refusal is not None:
            raise refusal
        return view

    async def close_left_open(self, commune: Commune) -> int:
        """Close in the journal what a stopped keeper had left open; how many."""
        rows = commune.store.reader.execute("SELECT id, seq FROM open_view").fetchall()

        def work(tx: Tx) -> None:
            for view_id, seq in rows:
                detail = {"view": view_id, "opened": seq, "cause": "keeper-restarted"}
                tx.journal(Entry("consultation", "view_end", detail=detail))
            tx.db.execute("DELETE FROM open_view")

        if rows:
            await commune.store.write(work)
        return len(rows)

    def _check_question(self, live: Live, act: Act, cameras: Sequence[str], span: Span, now_us: int) -> None:
        if not 1 <= len(cameras) <= CAMERAS_LIMIT or len(set(cameras)) != len(cameras):
            raise BadInput(f"Il faut de 1 à {CAMERAS_LIMIT} caméras, chacune une fois.", where="cameras")
        if span is not None:
            if act in (Act.LIVE, Act.FRAMING):
                raise BadInput("Le direct n’a pas de plage.", where="from_us")
            if not span[0] < span[1]:
                raise BadInput("La plage finit avant d’avoir commencé.", where="from_us", todo="Vérifiez les instants.")
            if span[1] > now_us:
                raise BadInput("La plage est dans l’avenir.", where="to_us", todo="Choisissez une plage passée.")
        if sum(view.session == live.id for view in self._views.values()) >= VIEWS_PER_SESSION_LIMIT:
            raise TooManyRequests("Trop de vues sont ouvertes dans cette session.", todo="Fermez-en.", retry_after_s=5)

    def _lapsed(self, view: View, now_us: int) -> GuetError | None:
        live = self._sessions.alive(view.session)
        if live is None:
            return Unauthenticated("Votre session est terminée.", todo="Connectez-vous de nouveau.")
        acting = live.acting
        if acting is None or acting.commune != view.commune:
            return Refused("Vous agissez désormais pour une autre commune.", todo="Revenez à sa commune.", rule="P-62")
        if view.act in (Act.LIVE, Act.REPLAY, Act.SNAPSHOT) and acting.purpose != view.motive.purpose:
            return Refused("Le motif a changé.", todo="Rouvrez la vue sous le nouveau motif.", rule="P-40")
        try:
            facts = self._communes.get(view.commune).facts
        except GuetError as error:
            return error
        verdict = admit(facts, _person(live), view.act, view.cameras, view.span, view.motive, now_us)
        if isinstance(verdict, Denied):
            return verdict.error()
        if now_us >= view.signed_until_us:
            # No rule: a page that is still there opens it again by itself.
            return Refused("La page n’a pas signé de nouveau pour cette vue.", todo="Rouvrez la vue.", rule="")
        return None

    async def _open(self, commune: Commune, view: View) -> None:
        span = view.span or (None, None)
        entry = Entry(
            rulebook().image_act[view.act].journal,
            view.act.value,
            view.author,
            cameras=view.cameras,
            from_us=span[0],
            to_us=span[1],
            purpose=view.motive.purpose,
            motive=view.motive.text,
            reference=view.motive.request or "",
            detail={"view": view.id},
        )

        def work(tx: Tx) -> int:
            seq = tx.journal(entry)
            tx.db.execute("INSERT INTO open_view (id, seq) VALUES (?, ?)", (view.id, seq))
            return seq

        view.seq = await commune.store.write(work)

    async def _close(self, ended: Sequence[tuple[View, str]]) -> None:
        closing = []
        for view, cause in ended:
            if self._views.pop(view.id, None) is not None:
                store = self._communes.get(view.commune).store
                closing.append(store.write(partial(_write_end, view=view, cause=cause)))
        await asyncio.gather(*closing)

    async def _log_refusal(
        self, commune: Commune, live: Live, act: Act, cameras: Sequence[str], motive: Motive, no: Denied, now_us: int
    ) -> None:
        """Journal a refusal, once a minute for the same one: a page that asks again must not fill the log."""
        key = (live.account.id, commune.id, act.value, no.rule, *cameras)
        if now_us - self._refusals.get(key, -REFUSAL_REPEAT_US) < REFUSAL_REPEAT_US:
            return
        if len(self._refusals) >= REFUSALS_REMEMBERED_LIMIT:
            self._refusals.clear()
        self._refusals[key] = now_us
        known = tuple(camera for camera in cameras if self._communes.of_camera(camera) is not None)
        detail = {"rule": no.rule}
        await commune.log(
            Entry("refus", act.value, live.author(), cameras=known, purpose=motive.purpose, detail=detail)
        )

    def _sign(self, view: View) -> str:
        span = view.span or (None, None)
        payload = PermitPayload(
            id=view.id,
            session=view.session,
            person=view.author.person,
            act=view.act,
            commune=view.commune,
            cameras=view.cameras,
            from_us=span[0],
            to_us=span[1],
            purpose=view.motive.purpose,
            motive=view.motive.text,
            issued_us=view.expires_us - LIFETIME_US,
            expires_us=view.expires_us,
        )
        return sign_permit(payload, self._private)


def _write_end(tx: Tx, view: View, cause: str) -> None:
    entry = Entry(
        rulebook().image_act[view.act].journal,
        f"{view.act.value}_end",
        view.author,
        cameras=view.cameras,
        detail={"view": view.id, "opened": view.seq, "cause": cause},
    )
    tx.journal(entry)
    tx.db.execute("DELETE FROM open_view WHERE id = ?", (view.id,))


def _person(live: Live) -> Person:
    return Person(live.account.id, live.account.host_admin)


def _view(
    live: Live, commune: str, act: Act, cameras: tuple[str, ...], span: Span, motive: Motive, grant: Grant
) -> View:
    author = live.author(grant.role.value, grant.habilitation)
    return View(secrets.token_hex(16), live.id, act, commune, cameras, span, motive, author, 0, 0, 0)


def _unknown(view_id: str) -> NotFound:
    return NotFound("Cette vue n’est plus ouverte.", where=str(view_id)[:40], todo="Redemandez l’accès.")
