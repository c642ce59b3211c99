"""What the host's own start-up may ask: a new commune, a host administrator, the e-mail outbox; never a picture."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from pydantic import Field

from vms.clock import MICRO
from vms.errors import BadInput, Conflict, NotFound, Refused
from vms.keeper.arguments import Args, Email, Login, Name, Slug, parse
from vms.keeper.communes import HOLDERS_LEAST, Change, new_id
from vms.keeper.files.store import Tx
from vms.keeper.handlers.access import AccessDesk
from vms.keeper.house import House
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.outbox import notify_auditors
from vms.keys.passphrase import PASSPHRASE_LEAST_CHARS
from vms.law.facts import Habilitation
from vms.law.rulebook import rulebook

FIRST_GRANT_US: Final = 6 * 366 * 24 * 3600 * MICRO
OUTBOX_LIMIT: Final = 200
CONTRADICTED: Final = "journal-contradicted"
FIRST_ROLES: Final = frozenset({"mayor", "deputy", "chief"})

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class FirstPerson(Args):
    """A person of a new commune: an account (or one that exists, by its login) and a first habilitation."""

    login: Login
    label: Name
    password: str = ""
    email: Email = ""
    role: str = "mayor"
    decision_ref: str = "installation"
    signed_by: str = "installation"
    basis_ref: str = ""
    passphrase: str = ""


class InitCommune(Args):
    """A new commune: at least two holders, each with a passphrase, and whoever starts without holding the key."""

    commune: Slug
    name: Name
    holders: tuple[FirstPerson, ...] = Field(min_length=2, max_length=8)
    account: FirstPerson | None = None


class AddHostAdmin(Args):
    """A host administrator's account."""

    login: Login
    label: Name
    password: str


class MandateRecovery(Args):
    """Whose account comes back, for which commune, on which written mandate (its reference)."""

    commune: Slug
    login: Login
    mandate: Name


class TellAuditors(Args):
    """Whose auditors."""

    commune: Slug


class HostDesk:
    """The host's desk."""

    def __init__(self, house: House) -> None:
        self._house = house

    def ops(self) -> dict[str, Op]:
        """The closed list of operations."""
        return {
            "init_commune": self.init_commune,
            "add_host_admin": self.add_host_admin,
            "mandate_recovery": self.mandate_recovery,
            "outbox": self.outbox,
            "outbox_sent": self.outbox_sent,
            "tell_auditors": self.tell_auditors,
        }

    async def init_commune(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Create a commune, its key for its holders, its first people; all journalled."""
        asked = parse(InitCommune, args, "init_commune")
        if asked.commune in self._house.host.communes():
            raise Conflict("Cette commune existe déjà.", where=asked.commune)
        everyone = [*asked.holders, *([asked.account] if asked.account else [])]
        for one in everyone:
            _check_first(one)
        for one in asked.holders:
            if len(one.passphrase) < PASSPHRASE_LEAST_CHARS:
                raise BadInput(
                    f"Une phrase de passe compte au moins {PASSPHRASE_LEAST_CHARS} caractères.", where=one.login
                )
        if len({one.login for one in asked.holders}) < HOLDERS_LEAST:
            raise BadInput("La clé d’une commune a au moins deux détenteurs.", where="holders", todo="Ajoutez-en un.")
        people = [await self._account(one) for one in everyone]
        boxes = [(people[at], one.label, one.passphrase) for at, one in enumerate(asked.holders)]
        first = partial(_first_grants, people=dict(zip(people, everyone, strict=True)))
        commune = await self._house.communes.create(asked.commune, asked.name, boxes, first)
        await self._house.host.register_commune(asked.commune)
        logins = {one.login: person for one, person in zip(everyone, people, strict=True)}
        return {"commune": commune.id, "public_key": commune.record.public_key, "people": logins}

    async def add_host_admin(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Create a host administrator: no right on images, and none can be given (P-57)."""
        asked = parse(AddHostAdmin, args, "add_host_admin")
        stored = await self._house.passwords.hash(asked.password)
        person = await self._house.host.add_account(
            asked.login, asked.label, "", stored, host_admin=True, author=Author()
        )
        return {"person": person}

    async def mandate_recovery(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Bring back the one elected person of a small commune; refused where its own people could (P-58)."""
        asked = parse(MandateRecovery, args, "mandate_recovery")
        account = self._house.host.account_by_login(asked.login)
        commune = self._house.communes.get(asked.commune)
        if account is None or not commune.facts.habilitations_of(account.id):
            raise NotFound("Personne n’a cet identifiant dans cette commune.", where=asked.login)
        return await AccessDesk(self._house).recovery.mandate(account.id, commune, asked.mandate)

    async def outbox(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """E-mails to send, oldest first, with the address and nothing else that is personal."""
        limit = args.get("limit")
        if not isinstance(limit, int) or not 0 < limit <= OUTBOX_LIMIT:
            raise BadInput(f"Il faut de 1 à {OUTBOX_LIMIT} courriels.", where="limit")
        entries: list[dict[str, Any]] = []
        for commune in self._house.communes:
            rows = commune.store.reader.execute(
                "SELECT id, kind, request, person, created_us FROM outbox "
                "WHERE sent_us IS NULL ORDER BY created_us, id LIMIT ?",
                (limit - len(entries),),
            ).fetchall()
            for mail_id, kind, request, person, created_us in rows:
                if not self._email(person):
                    await commune.store.write(partial(_mark_sent, mail_id=mail_id))  # nobody to write to: it lapses
                    continue
                entry = {
                    "id": f"{commune.id}/{mail_id}",
                    "commune": commune.id,
                    "name": commune.facts.name,
                    "kind": kind,
                }
                asked = commune.facts.requests.get(request)
                entry |= {"request": request, "number": asked.number if asked else ""}
                entries.append(entry | {"email": self._email(person), "created_us": created_us})
        return {"entries": entries}

    async def tell_auditors(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """A witness contradicts a journal that concerns the commune: its auditors are written to, once a day (E-04)."""
        asked = parse(TellAuditors, args, "tell_auditors")

        def work(change: Change) -> int:
            told = notify_auditors(change, CONTRADICTED)
            if told:
                change.modified("tell_auditors", told=told)
            return told

        return {"told": await self._house.communes.get(asked.commune).change(work, Author())}

    async def outbox_sent(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Mark e-mails as handed to the mail server; again changes nothing."""
        ids = args.get("ids")
        if not isinstance(ids, list) or len(ids) > OUTBOX_LIMIT:
            raise BadInput("Il faut une liste d’identifiants.", where="ids")
        for one in ids:
            commune_id, _slash, mail_id = str(one).partition("/")
            await self._house.communes.get(commune_id).store.write(partial(_mark_sent, mail_id=mail_id))
        return {}

    def _email(self, person: str) -> str:
        try:
            return self._house.host.account(person).email
        except NotFound:
            return ""

    async def _account(self, one: FirstPerson) -> str:
        known = self._house.host.account_by_login(one.login)
        if known is not None:
            if known.host_admin:
                raise Refused("Un administrateur de l’hébergeur n’agit pour aucune commune.", rule="P-57")
            return known.id
        stored = await self._house.passwords.hash(one.password)
        return await self._house.host.add_account(
            one.login, one.label, one.email, stored, host_admin=False, author=Author()
        )


def _first_grants(change: Change, people: dict[str, FirstPerson]) -> None:
    for person, one in people.items():
        made = _first_habilitation(one, person, change.now_us)
        change.put("habilitation", made.id, made)
        detail = {"habilitation": made.id, "person": person, "role": made.role, "decision": made.decision_ref}
        change.journal(Entry("modification", "grant", change.author, detail=detail))


def _mark_sent(tx: Tx, mail_id: str) -> None:
    tx.db.execute("UPDATE outbox SET sent_us = ? WHERE id = ? AND sent_us IS NULL", (tx.now.us, mail_id))


def _check_first(one: FirstPerson) -> None:
    if one.role not in FIRST_ROLES:
        roles = ", ".join(sorted(FIRST_ROLES))
        raise BadInput(f"Les premières qualités sont : {roles}.", where=one.login, todo="Donnez les autres ensuite.")
    if one.role == "deputy" and not one.basis_ref:
        raise BadInput("Il manque la référence de la délégation.", where=one.login, todo="Citez l’arrêté (P-51).")


def _first_habilitation(one: FirstPerson, person: str, now_us: int) -> Habilitation:
    role = rulebook().role[one.role]
    return Habilitation(
        id=new_id("h"),
        person=person,
        role=one.role,
        category=role.categories[0],
        decision_ref=one.decision_ref,
        signed_by=one.signed_by,
        acts=role.image,
        from_us=now_us,
        until_us=now_us + FIRST_GRANT_US,
        basis_ref=one.basis_ref,
    )
