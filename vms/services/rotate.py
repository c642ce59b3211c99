"""Give a camera's three accounts new passwords (A-05), so that a crash anywhere loses none of them.

All three new passwords are durable in the vault, as *pending*, before the camera hears of the first; the administrator
is changed last; pending becomes current only once the camera was seen to accept it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vms.errors import Conflict, Refused
from vms.onvif.soap import Credential
from vms.services.accounts import LEVEL_OF, Session, opens
from vms.services.steps import Steps
from vms.vault.entry import ADMINISTRATOR, OPERATOR, ROLES, USER, StoredAccount, VaultEntry
from vms.vault.files import Vault
from vms.vault.passwords import new_password

PLAN: Final = (
    ("prepare", "Préparer les mots de passe au coffre"),
    ("accounts", "Changer les trois comptes"),
    ("handover", "Remettre son compte à l’enregistreur"),
)


async def rotate(session: Session, vault: Vault, camera: str, steps: Steps) -> Credential:
    """Rotate, and return the new *User* account for the recorders; may be run again after a crash at any point.

    Conflict when the camera was never enrolled, Refused (A-05) when it has no accounts or obeys none of ours.
    """
    async with steps.step("prepare") as step:
        entry = _enrolled(vault.read(camera), camera)
        administrator = await _sign_in(session, entry)
        async with session(administrator) as device:
            limits = await device.account_limits()
        for role in ROLES:
            account = entry.account(role)
            if not account.pending:
                entry = entry.with_account(role, replace(account, pending=new_password(limits.max_password_chars)))
        vault.write(entry)
        step["detail"] = "3 mots de passe neufs au coffre."
    async with steps.step("accounts") as step:
        async with session(administrator) as device:
            for role in (USER, OPERATOR, ADMINISTRATOR):
                account = entry.account(role)
                wanted = Credential(account.username, account.pending)
                if not await opens(session, wanted):
                    await device.set_account(wanted, LEVEL_OF[role])
        for role in ROLES:
            account = entry.account(role)
            if not await opens(session, Credential(account.username, account.pending)):
                raise Refused(
                    f"La caméra n’accepte pas le nouveau mot de passe de « {account.username} ».",
                    todo="L’ancien et le nouveau restent au coffre ; redémarrez la caméra, puis recommencez.",
                    rule="A-05",
                )
        for role in ROLES:
            account = entry.account(role)
            entry = entry.with_account(role, StoredAccount(account.username, account.pending))
        vault.write(entry)
        step["detail"] = "La caméra accepte les trois nouveaux mots de passe."
    user = entry.account(USER)
    return Credential(user.username, user.password)


def _enrolled(entry: VaultEntry | None, camera: str) -> VaultEntry:
    if entry is None or not entry.established:
        raise Conflict("Cette caméra n’a pas de comptes au coffre.", where=camera, todo="Enrôlez-la d’abord.")
    if ADMINISTRATOR not in entry.accounts:
        raise Refused(
            "Une source sans ONVIF n’a pas de comptes que l’on puisse changer d’ici.",
            where=camera,
            todo="Changez son mot de passe chez elle, puis déclarez-la de nouveau.",
            rule="A-05",
        )
    return entry


async def _sign_in(session: Session, entry: VaultEntry) -> Credential:
    for credential in entry.account(ADMINISTRATOR).credentials():
        if await opens(session, credential):
            return credential
    raise Refused(
        "Aucun mot de passe du coffre n’ouvre plus cette caméra : quelqu’un l’a changé.",
        where=entry.camera,
        todo="Remettez-la aux réglages d’usine, puis enrôlez-la de nouveau.",
        rule="A-05",
    )
