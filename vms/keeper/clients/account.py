"""How the web process asks the keeper's door: passkeys, and a person's own account."""

from __future__ import annotations

from typing import Any, Final

from vms.keeper.protocol import Session, Use
from vms.wire import WireClient

PASSWORD_WAIT_S: Final = 60.0  # every known workstation of a town may sign in at once
TOKEN_WAIT_S: Final = 45.0  # longer than a token may take to answer, and the passphrase before it
PROVIDER_WAIT_S: Final = 60.0  # the keeper asks an identity provider several times, each within a limit of its own


class KeeperForAccounts:
    """Each method one operation; raises what the keeper answers, Unavailable when it is away."""

    def __init__(self, wire: WireClient) -> None:
        self._wire = wire

    async def passkey_options(self, use: Use, token: str = "", key: str = "") -> dict[str, Any]:
        """The public-key options that the browser is to be asked; ``token`` for all but signing in, for which ``key``
        is the public key of the page: its hash ends the challenge.
        """
        return dict((await self._call("passkey_options", use=use.value, token=token, key=key))["options"])

    async def passkey_sign_in(self, answer: dict[str, Any], workstation: str, post: str = "", key: str = "") -> Session:
        """A new session; Refused, with its reason, for an answer that proves nothing or not for this page's key."""
        made = await self._call("passkey_sign_in", answer=answer, workstation=workstation, post=post, key=key)
        return Session.model_validate(made)

    async def unlock_options(self, token: str, commune: str, *, adding: bool = False) -> dict[str, Any]:
        """``{"options", "input"}``: what a holder's browser is asked, and what the passkey computes over (base64)."""
        return await self._call("unlock_options", token=token, commune=commune, adding=adding)

    async def unlock_by_token(self, token: str, commune: str, device: dict[str, str]) -> dict[str, Any]:
        """A holder opens the commune's private key with a token of theirs: ``device`` is its ``label`` and ``pin``."""
        args = {"token": token, "commune": commune, "device": device}
        return (await self._wire.call("unlock", args, timeout_s=TOKEN_WAIT_S))[0]

    async def drill_token(self, token: str, commune: str, device: dict[str, str]) -> dict[str, Any]:
        """A holder shows that their token opens the commune's key; nothing is unlocked (A-14)."""
        args = {"token": token, "commune": commune, "device": device}
        return (await self._wire.call("drill_key", args, timeout_s=TOKEN_WAIT_S))[0]

    async def add_token(
        self, token: str, commune: str, passphrase: str, device: dict[str, str], key_label: str = ""
    ) -> dict[str, Any]:
        """A holder, by the passphrase, has the commune's key wrapped for a token too; the token's ``key`` is told."""
        args = {"token": token, "commune": commune, "passphrase": passphrase, "device": device, "key_label": key_label}
        return (await self._wire.call("add_token", args, timeout_s=TOKEN_WAIT_S))[0]

    async def remove_token(self, token: str, commune: str, label: str) -> dict[str, Any]:
        """Forget a token of one's own. StepUpNeeded before the person has confirmed."""
        return await self._call("remove_token", token=token, commune=commune, label=label)

    async def passkey_step_up(self, token: str, answer: dict[str, Any]) -> Session:
        """Confirm by passkey: decisions, extractions and validations are possible for five minutes."""
        return Session.model_validate(await self._call("passkey_step_up", token=token, answer=answer))

    async def passkey_register(
        self, token: str, label: str, answer: dict[str, Any], statement: str = ""
    ) -> dict[str, Any]:
        """Keep a new passkey, whose id the page signed; the account as it is then. StepUpNeeded before the person has
        confirmed.
        """
        return await self._call("passkey_register", token=token, label=label, answer=answer, statement=statement)

    async def passkey_remove(self, token: str, passkey: str) -> dict[str, Any]:
        """Forget a passkey; the account as it is then. StepUpNeeded before the person has confirmed."""
        return await self._call("passkey_remove", token=token, id=passkey)

    async def second_factor_begin(self, token: str) -> dict[str, Any]:
        """A secret to enrol: ``{"secret", "address", "drawing"}``. StepUpNeeded before the person has confirmed."""
        return await self._call("second_factor_begin", token=token)

    async def second_factor_confirm(self, token: str, password: str, code: str) -> list[str]:
        """Keep it; the recovery codes, told this once."""
        made = await self._call("second_factor_confirm", token=token, password=password, code=code)
        return list(made["codes"])

    async def second_factor_remove(self, token: str) -> dict[str, Any]:
        """Forget it; the account as it is then. StepUpNeeded before the person has confirmed."""
        return await self._call("second_factor_remove", token=token)

    async def change_password(self, token: str, password: str, new: str) -> dict[str, Any]:
        """Put a new password in force; the person's other sessions end."""
        return await self._call("change_password", token=token, password=password, new=new)

    async def end_session(self, token: str, session: str) -> dict[str, Any]:
        """End one of the person's own sessions; the account as it is then."""
        return await self._call("end_session", token=token, id=session)

    async def recover(self, login: str, code: str, password: str, workstation: str, address: str = "") -> None:
        """Spend a recovery code: the password that is in force from now on."""
        args = {"login": login, "code": code, "password": password, "workstation": workstation, "address": address}
        await self._wire.call("recover", args, timeout_s=PASSWORD_WAIT_S)

    async def stop_recovery(self, token: str) -> dict[str, Any]:
        """Stop a recovery of one's own account; the account as it is then."""
        return await self._call("stop_recovery", token=token)

    async def accept_invitation(
        self, login: str, code: str, password: str, workstation: str, post: str = "", address: str = ""
    ) -> None:
        """Open one's new account: the password that is in force from now on."""
        args = {"login": login, "code": code, "password": password}
        args |= {"workstation": workstation, "post": post, "address": address}
        await self._wire.call("accept_invitation", args, timeout_s=PASSWORD_WAIT_S)

    async def providers(self) -> list[dict[str, Any]]:
        """The identity providers of the host: ``{"id", "kind", "label"}`` each."""
        return list((await self._call("providers"))["providers"])

    async def provider_begin(self, provider: str, browser: str, token: str = "", key: str = "") -> str:
        """Where the browser is to go, to sign in for the page's ``key``, or with ``token`` to link an identity;
        ``browser`` is its secret.
        """
        args = {"provider": provider, "browser": browser, "token": token, "key": key}
        answer, _ = await self._wire.call("provider_begin", args, timeout_s=PROVIDER_WAIT_S)
        return str(answer["address"])

    async def provider_sign_in(
        self, answer: dict[str, Any], browser: str, workstation: str, post: str = "", key: str = ""
    ) -> Session:
        """A new session; Refused, with its reason, for an answer that proves nothing, or nobody of here."""
        args = {"answer": answer, "browser": browser, "workstation": workstation, "post": post, "key": key}
        made, _ = await self._wire.call("provider_sign_in", args, timeout_s=PROVIDER_WAIT_S)
        return Session.model_validate(made)

    async def provider_link(
        self, token: str, answer: dict[str, Any], browser: str, statement: str = ""
    ) -> dict[str, Any]:
        """Bind the identity that the answer, signed by the page, proves to the signed-in person; the account then."""
        args = {"token": token, "answer": answer, "browser": browser, "statement": statement}
        return (await self._wire.call("provider_link", args, timeout_s=PROVIDER_WAIT_S))[0]

    async def identity_remove(self, token: str, identity: str) -> dict[str, Any]:
        """Forget an identity; the account as it is then. StepUpNeeded before the person has confirmed."""
        return await self._call("identity_remove", token=token, id=identity)

    async def account(self, token: str) -> dict[str, Any]:
        """The person's own means of signing in."""
        return await self._call("account", token=token)

    async def _call(self, op: str, **args: Any) -> dict[str, Any]:
        answer, _ = await self._wire.call(op, args)
        return answer
