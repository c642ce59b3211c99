"""What the web process may ask: sign-in, the commune acted for, unlocking, views, keys, acts and reads.

Each method is one operation of the protocol: arguments in, a plain answer out, GuetErrors for everything else.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any, Final

from pydantic import Field, ValidationError

from vms.clock import MICRO
from vms.errors import BadInput, Refused
from vms.keeper.accounts.invitations import NO_PASSWORD, Invitation, invite
from vms.keeper.act_classes import ADD_PERSON, check_classes, is_signed
from vms.keeper.acts import ACTS
from vms.keeper.acts.people import Grant as GrantArgs
from vms.keeper.acts.spec import ActSpec
from vms.keeper.acts.time import ConfirmTime, check_doubt
from vms.keeper.acts.two_persons import propose
from vms.keeper.arguments import Args, Email, Login, MotiveText, Name, Slug, motive, parse
from vms.keeper.communes import Change, Commune
from vms.keeper.files.store import Tx
from vms.keeper.gate.gate import Denied, Grant, Person, may
from vms.keeper.handlers.access import ACCESS_ACTS, AccessDesk, place_of
from vms.keeper.handlers.provider_sign_in import leave_of
from vms.keeper.handlers.sign_in import SignInDesk, view_of
from vms.keeper.holders.drill import KeyDrill
from vms.keeper.holders.tokens import TokenDesk
from vms.keeper.holders.unlocking import UnlockDesk
from vms.keeper.house import House
from vms.keeper.identity.host import insert_account
from vms.keeper.identity.sessions import Live, acting_of
from vms.keeper.journal.entry import Entry
from vms.keeper.keys.destruction import destroy_due
from vms.keeper.keys.package_keys import destroy_due_packages
from vms.keeper.keys.windows import Window, asked_segments
from vms.keeper.protocol import Act, Acting
from vms.keeper.public_page import public_page
from vms.keeper.reads import READS
from vms.keeper.reads.spec import Reader
from vms.law.authorisation import order_lapse
from vms.law.facts import CommuneFacts
from vms.law.rulebook import rulebook

# What signs or records a package: only while an extraction that the agent's page signed for goes on.
EXTRACTION_ACTS: Final = frozenset({"sign_manifest", "certify_export", "record_package"})
READ_REPEAT_US: Final = 600 * MICRO

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class AddPerson(Args):
    """A nominative account, whose owner alone will choose the password (P-58)."""

    login: Login
    label: Name
    email: Email = ""
    motive: MotiveText = ""


class _ActFor(Args):
    commune: Slug
    purpose: str = Field(default="", max_length=8)


class Office:
    """The web process's desk."""

    def __init__(self, house: House) -> None:
        check_classes()
        self._house = house
        self._journal_reads: dict[tuple[str, str], int] = {}
        self._door = SignInDesk(house)
        self._unlocking = UnlockDesk(house)
        self._access = AccessDesk(house)
        self._key_drill = KeyDrill(house)
        self._tokens = TokenDesk(house)

    def ops(self) -> dict[str, Op]:
        """The closed list of operations."""
        return {
            **self._door.ops(),
            **self._unlocking.ops(),
            "sign_out": self.sign_out,
            "session": self.session,
            "act_for": self.act_for,
            "extend": self.extend,
            **self._key_drill.ops(),
            **self._tokens.ops(),
            "admit": self.admit,
            "prolong": self.prolong,
            "renew": self.renew,
            "end": self.end,
            "key_window": self.key_window,
            "put_package_key": self.put_package_key,
            "open_package": self.open_package,
            "permit_key": self.permit_key,
            "public_page": self.public_page,
            "act": self.act,
            "read": self.read,
        }

    async def sign_out(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """End the session and its views; where to sign out of the identity provider that opened it, if one did."""
        live = self._house.sessions.require(args.get("token"))
        await self._house.sessions.end(live)
        await self._house.views.end_session(live.id)
        return {"leave": await leave_of(self._house, live)}

    async def session(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The session as it stands; asking is no activity."""
        return self._view(args.get("token"), self._house.sessions.require(args.get("token"), active=False))

    async def extend(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Count as activity."""
        return self._view(args.get("token"), self._house.sessions.require(args.get("token")))

    async def act_for(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Act for one commune, under a purpose of its orders, with a motive (P-02, P-40, P-62)."""
        live = self._house.sessions.require(args.get("token"))
        asked = parse(_ActFor, {k: v for k, v in args.items() if k in ("commune", "purpose")}, "act_for")
        text, purpose = motive(args.get("motive")), asked.purpose.removesuffix("°")
        commune, now_us = self._house.communes.get(asked.commune), self._house.clock.utc().us
        grant = may(commune.facts, _person(live), frozenset(), "P-58", now_us)
        if isinstance(grant, Denied):
            raise grant.error()
        _check_purpose(commune.facts, purpose, now_us)
        author = live.author(grant.role.value, grant.habilitation)
        await commune.log(Entry("session", "act_for", author, purpose=purpose, motive=text))
        acting = Acting(
            commune=commune.id,
            name=commune.facts.name,
            role=grant.role.value,
            purpose=purpose,
            motive=text,
            since_us=now_us,
        )
        await self._house.sessions.act_for(live, acting)
        return self._view(args.get("token"), live)

    async def admit(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Open a view."""
        live = self._house.sessions.require(args.get("token"))
        act, cameras = _act(args.get("act")), args.get("cameras")
        if not isinstance(cameras, list) or not all(isinstance(one, str) and len(one) <= 80 for one in cameras):
            raise BadInput("Il faut une liste de caméras.", where="cameras")
        request = args.get("request")
        text = motive(args.get("motive"))
        span = _span(args.get("from_us"), args.get("to_us"))
        wanted, statement = str(request) if request else None, str(args.get("statement", ""))
        admitted = await self._house.views.admit(live, act, cameras, span, text, wanted, statement)
        return admitted.model_dump(mode="json")

    async def prolong(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Let a view last some minutes more, on a fresh signed wish."""
        await self._house.views.prolong(str(args.get("permit", "")), str(args.get("statement", "")))
        return {}

    async def renew(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Renew views in one batch."""
        return {"permits": await self._house.views.renew(_ids(args))}

    async def end(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Close views."""
        await self._house.views.end(_ids(args))
        return {}

    async def key_window(self, args: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Hand out a window's group keys, sealed to the page's key in ``body``."""
        try:
            segments = asked_segments(args.get("segments") or [])
        except ValidationError as error:
            raise BadInput("Ces segments sont mal demandés.", where="segments") from error
        span = _span(args.get("from_us"), args.get("to_us"))
        if span is None:
            raise BadInput("Une fenêtre a deux bornes.", where="from_us")
        permit, camera, statement = (str(args.get(name, "")) for name in ("permit", "camera", "statement"))
        return {}, await self._house.windows.open(Window(permit, camera, segments, *span, body, statement))

    async def put_package_key(self, args: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Keep the wrapped key (``body``) of the package that an export view made."""
        await self._house.packages.put(str(args.get("permit", "")), str(args.get("package", "")), body)
        return {}

    async def open_package(self, args: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Hand out a package's key, sealed to the page's key in ``body``."""
        package, sealed = await self._house.packages.open(str(args.get("permit", "")), body)
        return {"package": package}, sealed

    async def permit_key(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The public key that permits are signed with, and a commune's own when one is named: what is public anyway."""
        keys = {"key": base64.b64encode(self._house.host.keys.permit_public).decode()}
        if "commune" in args:
            commune = self._house.communes.get(str(args["commune"]))
            keys["commune_key"] = base64.b64encode(commune.public_key).decode()
        return keys

    async def public_page(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """What a commune tells everyone; NotFound for one that is not here. Nobody need be signed in (P-28, P-81)."""
        commune = self._house.communes.get(str(args.get("commune", "")))
        return public_page(commune.facts, commune.record, self._house.clock.utc().us)

    async def act(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Change a fact: role, then step-up, then the act with its entry in one transaction."""
        live = self._house.sessions.require(args.get("token"))
        name, given, statement = str(args.get("name", "")), args.get("args") or {}, str(args.get("statement", ""))
        if name in ACCESS_ACTS:
            return await self._access.act(live, name, given, statement)
        if name == ADD_PERSON:
            return await self._add_person(live, given, statement)
        spec = ACTS.get(name)
        if spec is None:
            raise BadInput(f"Acte inconnu : « {name[:40]} ».", where="act")
        acting = acting_of(live)
        commune, asked = self._house.communes.get(acting.commune), parse(spec.model, given, name)
        if isinstance(asked, GrantArgs) and self._house.host.account(asked.person).host_admin:
            what = "Un administrateur de l’hébergeur ne reçoit aucune habilitation."
            raise Refused(what, todo="Choisissez un autre compte.", rule="P-57")
        if isinstance(asked, ConfirmTime):
            check_doubt(self._house.guard.look(), asked)
        if is_signed(name):
            self._house.wishes.require_act(live, statement, name, asked)
        work = self._work(live, name, spec, asked)
        result = await commune.change(work, live.author(), acting.purpose, acting.motive)
        if name in ("place_hold", "release_hold", "receive_package", "confirm_time"):
            await destroy_due(commune, self._house.due_us(commune))
        if name == "purge_package":
            await destroy_due_packages(commune, self._house.due_us(commune))
        return result

    async def read(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Read the commune acted for."""
        live = self._house.sessions.require(args.get("token"))
        name, given = str(args.get("name", "")), args.get("args") or {}
        if name == "communes":
            view = self._view(args.get("token"), live)
            return {"communes": view["communes"]}
        if name == "person_access":
            return self._access.read(live, given)
        spec = READS.get(name)
        if spec is None:
            raise BadInput(f"Lecture inconnue : « {name[:40]} ».", where="read")
        acting, now_us = acting_of(live), self._house.clock.utc().us
        commune = self._house.communes.get(acting.commune)
        grant = may(commune.facts, _person(live), rulebook().read[name], "D-12" if spec.journalled else "P-58", now_us)
        if isinstance(grant, Denied):
            raise grant.error()
        reader = Reader(commune, _person(live), grant.role.value, now_us, self._house.host.labels)
        result = spec.run(reader, parse(spec.model, given, name))
        if spec.journalled:
            await self._log_read(live, commune, grant, name, now_us)
        return result

    def _work(self, live: Live, name: str, spec: ActSpec, given: Args) -> Callable[[Change], dict[str, Any]]:
        rule, house = rulebook().act[name], self._house

        def work(change: Change) -> dict[str, Any]:
            grant = may(change.facts, _person(live), rule.roles, rule.rule, change.now_us)
            if isinstance(grant, Denied):
                raise grant.error()
            if rule.step_up:
                house.require_confirmed(live)
            acting = change.under(grant.role.value, grant.habilitation)
            if spec.second is not None and spec.second(acting, given):
                return propose(acting, name, given)
            result = spec.run(acting, given)
            if name in EXTRACTION_ACTS:  # nothing of a refused act stays: the transaction ends here
                house.views.require_extraction(live, str(getattr(given, "request", "")))
            return result

        return work

    async def _add_person(self, live: Live, given: dict[str, Any], statement: str) -> dict[str, Any]:
        """An account is the host's; that it was made for this commune is the commune's to journal."""
        house, acting, rule = self._house, acting_of(live), rulebook().act["add_person"]
        commune = house.communes.get(acting.commune)
        grant = may(commune.facts, _person(live), rule.roles, rule.rule, house.clock.utc().us)
        if isinstance(grant, Denied):
            raise grant.error()
        if rule.step_up:
            house.require_confirmed(live)
        asked = parse(AddPerson, given, "add_person")
        house.wishes.require_act(live, statement, "add_person", asked)
        author = live.author(grant.role.value, grant.habilitation)

        def work(tx: Tx) -> Invitation:
            account = (asked.login, asked.label, asked.email, NO_PASSWORD)
            person = insert_account(tx, *account, host_admin=False, author=author)
            return invite(tx, person, place_of(live), author)

        made = await house.host.store.write(work)
        seq = await commune.log(
            Entry("modification", "add_person", author, motive=asked.motive, detail={"person": made.person})
        )
        return {"person": made.person, "invitation": made.code, "until_us": made.until_us, "journal": seq}

    async def _log_read(self, live: Live, commune: Commune, grant: Grant, name: str, now_us: int) -> None:
        key = (live.id, f"{commune.id}/{name}")
        if now_us - self._journal_reads.get(key, -READ_REPEAT_US) < READ_REPEAT_US:
            return
        self._journal_reads = {k: at for k, at in self._journal_reads.items() if now_us - at < READ_REPEAT_US}
        self._journal_reads[key] = now_us
        await commune.log(Entry("consultation", f"read_{name}", live.author(grant.role.value, grant.habilitation)))

    def _view(self, token: object, live: Live) -> dict[str, Any]:
        return view_of(self._house, token, live)


def _person(live: Live) -> Person:
    return Person(live.account.id, live.account.host_admin)


def _check_purpose(facts: CommuneFacts, purpose: str, now_us: int) -> None:
    if not purpose:
        return
    if rulebook().purpose(purpose) is None:
        raise BadInput("Cette finalité n’est pas dans la liste de l’article L251-2.", where="P-01")
    if not any(order_lapse(o, now_us) is None and purpose in o.purposes for o in facts.orders.values()):
        what = "Aucune autorisation en vigueur ici ne prévoit cette finalité."
        raise Refused(what, todo="Choisissez une autre finalité.", rule="P-02")


def _act(value: object) -> Act:
    try:
        return Act(str(value))
    except ValueError as error:
        raise BadInput("Cet acte n’existe pas.", where="act") from error


def _span(from_us: object, to_us: object) -> tuple[int, int] | None:
    if from_us is None and to_us is None:
        return None
    if isinstance(from_us, int) and isinstance(to_us, int) and not isinstance(from_us, bool) and from_us >= 0:
        return from_us, to_us
    raise BadInput("Une plage a deux bornes, en microsecondes.", where="from_us")


def _ids(args: dict[str, Any]) -> list[str]:
    ids = args.get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) and len(one) <= 64 for one in ids):
        raise BadInput("Il faut une liste d’identifiants de permis.", where="ids")
    return ids
