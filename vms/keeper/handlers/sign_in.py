"""The door: signing in, confirming a grave act, and what a person sees and changes of their own account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from vms.errors import BadInput, NotFound, Refused, Unauthenticated
from vms.keeper.accounts.invitations import accept, check_invitation, wrong_invitation
from vms.keeper.handlers.access import AccessDesk
from vms.keeper.handlers.provider_sign_in import ProviderDesk
from vms.keeper.handlers.session_view import session_view
from vms.keeper.holders.unlocking import forget_passkey
from vms.keeper.house import House
from vms.keeper.identity.backoff import Place
from vms.keeper.identity.passkey_rows import passkeys_of
from vms.keeper.identity.provider_identities import told_identities
from vms.keeper.identity.second_factor import write_password
from vms.keeper.identity.sessions import Live
from vms.keeper.identity.signed_request import public_of
from vms.keeper.identity.workstations import POST_LIMIT_CHARS, post_hash, workstation_key, workstation_name
from vms.keeper.journal.entry import Author
from vms.keeper.protocol import Use
from vms.networks import customer_network

CODE_LIMIT_CHARS: Final = 400  # every part of a recovery code, as people space them
UNKNOWN: Final = "Identifiant ou mot de passe inconnu."

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class SignInDesk:
    """The operations of the door; part of the web process's desk."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._access = AccessDesk(house)
        self._providers = ProviderDesk(house)

    def ops(self) -> dict[str, Op]:
        """The door's part of the closed list."""
        return {
            "sign_in": self.sign_in,
            "step_up": self.step_up,
            "passkey_options": self.passkey_options,
            "passkey_sign_in": self.passkey_sign_in,
            "passkey_step_up": self.passkey_step_up,
            "passkey_register": self.passkey_register,
            "passkey_remove": self.passkey_remove,
            "second_factor_begin": self.second_factor_begin,
            "second_factor_confirm": self.second_factor_confirm,
            "second_factor_remove": self.second_factor_remove,
            "change_password": self.change_password,
            "end_session": self.end_session,
            "recover": self.recover,
            "stop_recovery": self.stop_recovery,
            "accept_invitation": self.accept_invitation,
            "account": self.account,
            "providers": self.providers,
            "provider_begin": self.provider_begin,
            "provider_sign_in": self.provider_sign_in,
            "provider_link": self.provider_link,
            "identity_remove": self.identity_remove,
        }

    async def sign_in(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """A new session by password, and by its second factor; one sentence for a wrong login and a wrong password."""
        house, login = self._house, _login(args)
        place, workstation = _place(args), self._workstation(args)
        page_key = public_of(str(args.get("key", "")))
        with house.backoff.attempt(login, place, house.clock.utc().us):
            account, turn = house.host.account_by_login(login), house.backoff.turn(login, place)
            password = str(args.get("password", ""))
            same = await house.passwords.matches(account.password if account else None, password, turn)
            if account is None or not same:
                raise Unauthenticated(UNKNOWN, todo="Vérifiez la saisie.")
            means = await house.second_factor.check(account, password, str(args.get("code", ""))[:100])
        await house.known.note(login, place.post, place.network)
        token, live = await house.sessions.create(account, workstation, means, page_key, _post(args))
        return view_of(house, token, live)

    async def step_up(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Check the password again, with the same back-off as a sign-in."""
        live = self._house.sessions.require(args.get("token"))
        await self._check_password(live, args.get("password"))
        self._house.sessions.step_up(live)
        return view_of(self._house, args.get("token"), live)

    async def passkey_options(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """A dated challenge for one use, and what the browser is to be asked."""
        use = _use(args.get("use"))
        if use is Use.SIGN_IN:
            return {"options": self._house.passkeys.sign_in_options(public_of(str(args.get("key", ""))))}
        live = self._house.sessions.require(args.get("token"))
        return {"options": self._house.passkeys.options(live, use)}

    async def passkey_sign_in(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """A new session by passkey; there is nothing to guess, so nothing to lock."""
        key = public_of(str(args.get("key", "")))
        account = await self._house.passkeys.signed_in(_answer(args), key)
        token, live = await self._house.sessions.create(account, self._workstation(args), "passkey", key, _post(args))
        await self._house.known.note(account.login, _place(args).post)
        # A verified user has just touched the key: as good as a password given again.
        self._house.sessions.step_up(live)
        return view_of(self._house, token, live)

    async def passkey_step_up(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Confirm with one's own passkey in place of the password."""
        live = self._house.sessions.require(args.get("token"))
        await self._house.passkeys.confirmed(live, _answer(args))
        return view_of(self._house, args.get("token"), live)

    async def passkey_register(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Keep a new passkey of the signed-in person."""
        live, answer = self._house.sessions.require(args.get("token")), _answer(args)
        signed = {"id": answer.get("rawId")}
        self._house.wishes.require_args(live, str(args.get("statement", "")), "passkey_register", signed)
        await self._house.passkeys.register(live, str(args.get("label", "")), answer)
        return self._account(live)

    async def passkey_remove(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Forget a passkey of the signed-in person."""
        live, passkey = self._house.sessions.require(args.get("token")), str(args.get("id", ""))
        await self._house.passkeys.remove(live, passkey)
        await forget_passkey(self._house, live.account.id, passkey, live.author())
        return self._account(live)

    async def second_factor_begin(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """A secret to enrol."""
        return self._house.second_factor.begin(self._house.sessions.require(args.get("token")))

    async def second_factor_confirm(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Keep the second factor; the recovery codes, told this once."""
        live = self._house.sessions.require(args.get("token"))
        password = await self._check_password(live, args.get("password"))
        codes = await self._house.second_factor.confirm(live, password, str(args.get("code", ""))[:100])
        return {"codes": codes}

    async def second_factor_remove(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Forget the second factor."""
        live = self._house.sessions.require(args.get("token"))
        await self._house.second_factor.remove(live)
        return self._account(live)

    async def change_password(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Put a new password in force; the person's other sessions end."""
        house, live = self._house, self._house.sessions.require(args.get("token"))
        old, new = await self._check_password(live, args.get("password")), str(args.get("new", ""))
        stored = await house.passwords.hash(new)
        sealed = await house.second_factor.sealed_anew(live.account.id, old, new)
        await house.host.store.write(lambda tx: write_password(tx, live.account.id, stored, sealed, live.author()))
        for other in house.sessions.of(live.account.id):
            if other is not live:
                await house.sessions.end(other, "password_changed")
                await house.views.end_session(other.id)
        return self._account(live)

    async def end_session(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """End one of the person's own sessions; NotFound for anybody else's."""
        house, live = self._house, self._house.sessions.require(args.get("token"))
        other = house.sessions.alive(str(args.get("id", "")))
        if other is None or other.account.id != live.account.id:
            raise NotFound("Vous n’avez pas cette session.", todo="Rechargez la page.")
        await house.sessions.end(other, "session_ended", live.author())
        await house.views.end_session(other.id)
        return self._account(live)

    async def recover(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Spend a recovery code: a new password, everything of before ends."""
        login, code = _login(args), str(args.get("code", ""))[:CODE_LIMIT_CHARS]
        password = str(args.get("password", ""))
        await self._access.recovery.redeem(login, code, password, _workstation(args), _place(args))
        return {}

    async def stop_recovery(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The owner, from a session that is still theirs: the recovery of their account opens nothing."""
        live = self._house.sessions.require(args.get("token"))
        await self._access.recovery.stop(live)
        return self._account(live)

    async def accept_invitation(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The owner of a new account chooses its password; anywhere but where the invitation was made."""
        house, login, code = self._house, _login(args), str(args.get("code", ""))[:CODE_LIMIT_CHARS]
        workstation, post, now_us = _workstation(args), _post(args), house.clock.utc().us
        made_at = post_hash(post).hex() if post else workstation
        with house.backoff.attempt(f"{login}/invite", _place(args), now_us):
            account = house.host.account_by_login(login)
            if account is None:
                raise wrong_invitation()
            check_invitation(house.host.store.reader, account.id, code, made_at, now_us)
        stored = await house.passwords.hash(str(args.get("password", "")))
        author = Author(account.id, workstation=workstation)
        await house.host.store.write(lambda tx: accept(tx, account.id, code, stored, author))
        return {}

    async def account(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The signed-in person's own means of signing in; pages read it again by themselves, so it is no activity."""
        return self._account(self._house.sessions.require(args.get("token"), active=False))

    async def providers(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The identity providers whose buttons stand at the door."""
        return {"providers": self._providers.told()}

    async def provider_begin(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Where to go to sign in at a provider, or, signed in and confirmed, to link an identity of there."""
        token = args.get("token")
        live = self._house.sessions.require(token) if token else None
        key = public_of(str(args.get("key", "")))
        return {"address": await self._providers.begin(str(args.get("provider", "")), _browser(args), live, key)}

    async def provider_sign_in(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """A new session by an identity that its person has linked; graver acts still ask for a means of here."""
        key, place = public_of(str(args.get("key", ""))), self._workstation(args)
        token, live = await self._providers.sign_in(_given(args), _browser(args), place, key, _post(args))
        return view_of(self._house, token, live)

    async def provider_link(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Bind the identity that has just been proven to the signed-in person."""
        live = self._house.sessions.require(args.get("token"))
        await self._providers.link(live, _given(args), _browser(args), str(args.get("statement", "")))
        return self._account(live)

    async def identity_remove(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Forget an identity of the signed-in person."""
        live = self._house.sessions.require(args.get("token"))
        await self._providers.unlink(live, str(args.get("id", "")))
        return self._account(live)

    def _workstation(self, args: dict[str, Any]) -> str:
        """Where the caller is, as the journal names it."""
        post, workstation = _post(args), _workstation(args)
        return (workstation_name(self._house.host.store.reader, post) if post else "") or workstation

    def _account(self, live: Live) -> dict[str, Any]:
        passkeys, person = self._house.passkeys, live.account.id
        told = {"passkeys": passkeys.told(person), "passkeys_possible": passkeys.possible}
        told |= {"second_factor": self._house.second_factor.told(person), "workstation": live.workstation}
        told["recovery"], told["recovered"] = self._access.recovery.pending(person), self._house.rest.report(person)
        told["identities"] = told_identities(self._house.host.store.reader, person)
        return told | {"sessions": self._house.sessions.told(person, live.id)}

    async def _check_password(self, live: Live, given: object) -> str:
        """The person's password as given; Refused for another one, with the same back-off as a sign-in."""
        house, password = self._house, str(given or "")
        place = Place("", session=live.workstation)
        with house.backoff.attempt(live.account.login, place, house.clock.utc().us):
            stored = house.host.account(live.account.id).password
            if not await house.passwords.matches(stored, password):
                raise Refused("Ce mot de passe n’est pas le vôtre.", todo="Vérifiez la saisie.", rule="A-05")
        return password


def view_of(house: House, token: object, live: Live) -> dict[str, Any]:
    """The session as a page shows it, at this instant."""
    has_passkey = bool(passkeys_of(house.host.store.reader, live.account.id))
    now_us, moment = house.clock.utc().us, house.wishes.moment(live.id)
    view = session_view(house.communes, str(token), live, now_us, has_passkey=has_passkey, moment=moment)
    return view.model_dump(mode="json")


def _post(args: dict[str, Any]) -> str:
    return str(args.get("post", ""))[:POST_LIMIT_CHARS]


def _login(args: dict[str, Any]) -> str:
    return str(args.get("login", "")).strip().lower()[:64]


def _place(args: dict[str, Any]) -> Place:
    """Where the caller is, as the back-off knows it; whoever tells no address is known by the workstation's name."""
    post = _post(args)
    network = customer_network(str(args.get("address", "")) or _workstation(args))
    return Place(network, workstation_key(post) if post else "")


def _workstation(args: dict[str, Any]) -> str:
    return str(args.get("workstation", ""))[:80] or "?"


def _use(value: object) -> Use:
    try:
        return Use(str(value))
    except ValueError as error:
        raise BadInput("Cet usage d’une clé d’accès n’existe pas.", where="use") from error


def _answer(args: dict[str, Any]) -> dict[str, Any]:
    answer = args.get("answer")
    if not isinstance(answer, dict):
        raise BadInput("Il faut la réponse de la clé d’accès.", where="answer")
    return answer


def _given(args: dict[str, Any]) -> dict[str, Any]:
    answer = args.get("answer")
    if not isinstance(answer, dict):
        raise BadInput("Il faut la réponse du fournisseur d’identité.", where="answer")
    return answer


def _browser(args: dict[str, Any]) -> str:
    return str(args.get("browser", ""))[:200]
