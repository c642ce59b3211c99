"""Replace a camera's factory account by three vaulted ones, and prove that the recorder's cannot write (O-25, A-05).

The order never changes: vault, then camera, then proof, and only then does the factory account go. So a failure or a
crash at any point leaves either the factory password as it was, or ours in the vault; never a camera that nobody opens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Final

from vms import logs
from vms.errors import Refused, Unauthenticated
from vms.onvif import device as levels
from vms.onvif.device import Device
from vms.onvif.soap import AnswerRefused, Credential, NotPermitted, SoapFault, WrongCredential
from vms.vault.entry import ADMINISTRATOR, OPERATOR, ROLES, USER, StoredAccount, VaultEntry
from vms.vault.files import Vault
from vms.vault.passwords import new_password

LEVEL_OF: Final = {ADMINISTRATOR: levels.ADMINISTRATOR, OPERATOR: levels.OPERATOR, USER: levels.USER}
NAME_OF: Final = {ADMINISTRATOR: "guet-admin", OPERATOR: "guet-operateur", USER: "guet-lecture"}
# Tried when nobody gave an account; few, because cameras lock out who guesses.
FACTORY_ACCOUNTS: Final = (Credential("admin", "admin"), Credential("admin", ""), Credential("root", "pass"))

Session = Callable[[Credential | None], AbstractAsyncContextManager[Device]]
log = logs.get("vms.services.accounts")


class AccountSetup:
    """The accounts of one camera, from the factory's to ours; every method may be run again after a crash."""

    def __init__(
        self, session: Session, vault: Vault, camera: str, endpoint_reference: str, certificate: str = ""
    ) -> None:
        self._session = session
        self._vault = vault
        self._camera = camera
        self._reference = endpoint_reference
        self._certificate = certificate

    async def sign_in(self, factory: Sequence[Credential]) -> Credential:
        """An account that opens the camera as administrator: ours if it has it already, else one of ``factory``.

        Refused (O-25) when the camera manages no accounts or asks for none; WrongCredential when none opens it.
        """
        await self._refuse_open_house()
        entry = self._vault.read(self._camera)
        ours = entry.account(ADMINISTRATOR).credentials() if entry is not None else []
        rights: NotPermitted | None = None
        for credential in (*ours, *factory):
            try:
                async with self._session(credential) as device:
                    await device.accounts()
                return credential
            except NotPermitted as error:
                rights = error
            except WrongCredential:
                continue
            except SoapFault as fault:
                raise _no_accounts(self._camera) if fault.unsupported else fault from None
        if rights is not None:
            raise Refused(
                "Ce compte n’est pas administrateur de la caméra.",
                todo="Donnez son compte d’administrateur.",
                rule="O-25",
            )
        raise WrongCredential(
            "Aucun compte connu n’ouvre cette caméra.",
            todo="Donnez son compte d’administrateur, ou remettez-la aux réglages d’usine.",
            rule="A-05",
        )

    async def _refuse_open_house(self) -> None:
        """A camera that shows its accounts to anybody cannot keep anybody out (O-25)."""
        async with self._session(None) as device:
            try:
                await device.accounts()
            except WrongCredential:
                return
            except NotPermitted:
                return
            except SoapFault as fault:
                if fault.unauthorised:
                    return
                raise _no_accounts(self._camera) from fault
            except AnswerRefused as error:
                raise _no_accounts(self._camera) from error
        raise Refused(
            "La caméra montre ses comptes sans demander de mot de passe.",
            todo="Activez l’authentification ONVIF dans la caméra, ou remplacez-la.",
            rule="O-25",
        )

    async def establish(self, administrator: Credential) -> VaultEntry:
        """Vault three accounts, create them, prove each; the factory account still stands afterwards."""
        async with self._session(administrator) as device:
            limits = await device.account_limits()
            entry = self._prepare(limits.max_password_chars, limits.max_username_chars)
            present = {account.username for account in await device.accounts()}
            for role in ROLES:
                account = entry.account(role)
                credential = Credential(account.username, account.pending or account.password)
                if account.username not in present:
                    await device.create_account(credential, LEVEL_OF[role])
                elif not await opens(self._session, credential):
                    await device.set_account(credential, LEVEL_OF[role])
        for role in ROLES:
            account = entry.account(role)
            credential = Credential(account.username, account.pending or account.password)
            if not await opens(self._session, credential):
                raise Refused(
                    f"La caméra n’accepte pas le compte « {account.username} » qu’elle vient de créer.",
                    todo="Redémarrez la caméra, puis recommencez.",
                    rule="O-25",
                )
            entry = entry.with_account(role, StoredAccount(credential.username, credential.password))
        entry = replace(entry, established=True)
        self._vault.write(entry)
        return entry

    def _prepare(self, max_password: int | None, max_username: int | None) -> VaultEntry:
        """The entry to establish: as an earlier run vaulted it, else new; durable before the camera is told."""
        entry = self._vault.read(self._camera)
        if entry is None:
            short = max_username is not None and max_username < max(map(len, NAME_OF.values()))
            names = {role: f"{role[0]}guet" if short else NAME_OF[role] for role in ROLES}
            entry = VaultEntry(
                self._camera,
                self._reference,
                {role: StoredAccount(names[role], new_password(max_password)) for role in ROLES},
                certificate=self._certificate,
            )
            self._vault.write(entry)
        if entry.endpoint_reference != self._reference:
            raise Refused(
                "Le coffre a déjà des comptes sous ce nom, pour un autre équipement.",
                where=self._camera,
                todo="Enrôlez cet équipement sous un autre numéro.",
                rule="O-21",
            )
        if self._certificate not in ("", entry.certificate):  # a person has confirmed it, or it is the first
            entry = replace(entry, certificate=self._certificate)
            self._vault.write(entry)
        return entry

    async def retire_others(self, entry: VaultEntry) -> list[str]:
        """Remove every account but ours; those that the camera keeps get a vaulted password. Their names.

        Refused (A-05) when an account can neither go nor change.
        """
        ours = {account.username for account in entry.accounts.values()}
        kept = []
        async with self._session(_current(entry, ADMINISTRATOR)) as device:
            limits = await device.account_limits()
            for account in await device.accounts():
                if account.username in ours:
                    continue
                try:
                    await device.delete_account(account.username)
                except SoapFault:
                    locked = entry.locked.get(account.username) or StoredAccount(
                        account.username, new_password(limits.max_password_chars)
                    )
                    entry = entry.with_locked(locked)
                    self._vault.write(entry)
                    await self._lock(device, locked, account.level)
                    kept.append(account.username)
        return kept

    async def _lock(self, device: Device, account: StoredAccount, level: str) -> None:
        try:
            await device.set_account(Credential(account.username, account.password), level)
        except SoapFault as fault:
            raise Refused(
                f"Le compte d’usine « {account.username} » ne se laisse ni retirer ni changer.",
                todo="Changez-le dans la caméra, ou remplacez-la.",
                rule="A-05",
            ) from fault

    async def prove_least_rights(self, entry: VaultEntry) -> None:
        """Refused (O-25) unless the User and Operator accounts are denied a write of the system.

        The write tried is the one we want anyway (non-discoverable, O-20): harmless if it were allowed.
        """
        for role in (USER, OPERATOR):
            async with self._session(_current(entry, role)) as device:
                try:
                    await device.set_discoverable(discoverable=False)
                except (NotPermitted, WrongCredential):
                    continue
                except SoapFault as fault:
                    if fault.unauthorised or fault.unsupported:
                        continue
                    raise
            raise Refused(
                f"La caméra laisse son compte « {entry.account(role).username} » changer ses réglages.",
                todo="Activez la politique d’accès par défaut d’ONVIF dans la caméra, ou remplacez-la.",
                rule="O-25",
            )


async def opens(session: Session, credential: Credential) -> bool:
    """Whether the camera accepts an account (asked with a read that every level may do, O-25)."""
    try:
        async with session(credential) as device:
            await device.information()
    except (Unauthenticated, NotPermitted):
        return False
    return True


def _current(entry: VaultEntry, role: str) -> Credential:
    account = entry.account(role)
    return Credential(account.username, account.password)


def _no_accounts(camera: str) -> Refused:
    return Refused(
        "La caméra ne gère pas de comptes par ONVIF : elle ne peut être protégée.",
        where=camera,
        todo="Remplacez-la par une caméra de profil T, ou déclarez son flux RTSP sur un préfixe maîtrisé.",
        rule="O-25",
    )
