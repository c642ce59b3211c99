"""Unlocking: a holder opens the commune's private key, by passphrase, a passkey's own secret or a token (A-12, A-21).

Any one holder suffices. Each keeps a passphrase, and may add passkeys and tokens while giving it. A passkey opens
nothing without its answer to a challenge of ours, its user verified; once removed, it opens nothing any more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from vms.errors import BadInput, Refused
from vms.keeper.communes import Change, Commune
from vms.keeper.files.records import Holder
from vms.keeper.holders.means import device_of, holder_of, open_by_passphrase, open_by_token
from vms.keeper.house import House
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.keys.destruction import destroy_due
from vms.keys.prf import prf_input, unwrap_by_secret, wrap_by_secret

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class UnlockDesk:
    """Part of the web process's desk."""

    def __init__(self, house: House) -> None:
        self._house = house

    def ops(self) -> dict[str, Op]:
        """Its operations."""
        return {"unlock": self.unlock, "unlock_options": self.options}

    async def options(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """A challenge for the holder's passkeys, and what they are to compute over (base64).

        For those that open this commune; with ``adding``, for all of the holder's own.
        """
        live, commune, holder = holder_of(self._house, args)
        only = None if args.get("adding") is True else holder.passkeys.keys()
        options = self._house.passkeys.unlock_options(live, commune.id, only)
        return {"options": options, "input": base64.b64encode(prf_input(commune.id)).decode()}

    async def unlock(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Open the commune's key; held keys that waited are re-wrapped at once.

        With a passphrase *and* a passkey's answer, that passkey opens it too from now on. A token goes by itself.
        """
        house, (live, commune, holder) = self._house, holder_of(self._house, args)
        passphrase, answer, device = str(args.get("passphrase", "")), args.get("answer"), device_of(args)
        passkey, secret, detail = "", b"", {}
        if isinstance(answer, dict):
            secret = _secret(args.get("secret"))
            passkey = await house.passkeys.proved(live, commune.id, answer)
        if device is not None:
            private, detail = await open_by_token(house, live, commune, holder, device), {"token": device.label}
        elif passphrase or not passkey:
            private = await open_by_passphrase(house, live, commune, holder, passphrase)
        else:
            private, detail = _by_passkey(commune, holder, passkey, secret), {"passkey": passkey}
        commune.unlock(private)
        await commune.log(Entry("session", "unlock", live.author(), detail=detail))
        if device is None and passphrase and passkey:
            box = wrap_by_secret(private, secret, _info(commune, holder, passkey))
            await commune.change(lambda change: _keep(change, holder, passkey, box), live.author())
        await destroy_due(commune, house.due_us(commune))
        return {"commune": commune.id, "unlocked": True}


async def forget_passkey(house: House, person: str, passkey: str, author: Author) -> None:
    """A passkey was removed: it opens no commune's key any more."""
    for commune in house.communes:
        holder = commune.holders.get(person)
        if holder is not None and passkey in holder.passkeys:
            kept = {name: box for name, box in holder.passkeys.items() if name != passkey}
            await commune.change(partial(_put, holder=holder, kept=kept, passkey=passkey), author)


def _by_passkey(commune: Commune, holder: Holder, passkey: str, secret: bytes) -> bytes:
    box = holder.passkeys.get(passkey)
    if box is None:
        what = "Cette clé d’accès n’ouvre pas la clé de la commune."
        raise Refused(what, todo="Donnez votre phrase de passe, et ajoutez-la en même temps.", rule="A-12")
    return unwrap_by_secret(dict(box), secret, _info(commune, holder, passkey))


def _keep(change: Change, holder: Holder, passkey: str, box: dict[str, Any]) -> int:
    change.put("holder", holder.person, replace(holder, passkeys={**holder.passkeys, passkey: box}))
    return change.modified("add_unlocking_passkey", passkey=passkey)


def _put(change: Change, holder: Holder, kept: dict[str, Any], passkey: str) -> int:
    change.put("holder", holder.person, replace(holder, passkeys=kept))
    return change.modified("remove_unlocking_passkey", passkey=passkey)


def _info(commune: Commune, holder: Holder, passkey: str) -> str:
    return "\0".join((commune.id, holder.person, passkey))


def _secret(value: object) -> bytes:
    try:
        return base64.b64decode(str(value or ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput("Le secret de la clé d’accès est illisible.", where="secret") from error
