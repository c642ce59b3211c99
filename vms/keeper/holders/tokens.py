"""A holder's tokens: added while giving the passphrase, removed by their holder (A-12, A-21).

Like a passkey, a token is one means more of a holder: each keeps a passphrase, and the number of holders does not
change (decision 0023).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from vms.errors import BadInput, LimitExceeded, NotFound, StepUpNeeded
from vms.keeper.arguments import Args, Name, parse
from vms.keeper.communes import Change
from vms.keeper.files.records import Holder
from vms.keeper.holders.means import checked, device_of, holder_of, open_by_passphrase, token_info, tries
from vms.keeper.house import House
from vms.keys.token_box import Ephemeral, wrap_for_token

TOKENS_LIMIT: Final = 8
KEY_LABEL: Final = "guet"

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class _KeyLabel(Args):
    key_label: Name = KEY_LABEL


class TokenDesk:
    """Part of the web process's desk."""

    def __init__(self, house: House) -> None:
        self._house = house

    def ops(self) -> dict[str, Op]:
        """Its operations."""
        return {"add_token": self.add, "remove_token": self.remove}

    async def add(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Wrap the commune's key for a token too, journalled; nothing is unlocked. The same label again replaces it."""
        house, (live, commune, holder) = self._house, holder_of(self._house, args)
        device = device_of(args)
        if device is None:
            raise BadInput("Il faut le nom d’un jeton et son code.", where="device")
        label = parse(_KeyLabel, {"key_label": args.get("key_label") or KEY_LABEL}, "key_label").key_label
        if len({*holder.tokens, device.label}) > TOKENS_LIMIT:
            raise LimitExceeded(f"Au plus {TOKENS_LIMIT} jetons par détenteur.", todo="Retirez-en un.")
        passphrase = str(args.get("passphrase", ""))
        private = checked(commune, await open_by_passphrase(house, live, commune, holder, passphrase))
        ephemeral = Ephemeral()
        with tries(house, live, commune):
            key = await house.tokens.enrol(device, label, ephemeral)
        box = wrap_for_token(private, key, ephemeral, token_info(commune, holder, device))

        def keep(change: Change) -> int:
            now = _now(change, holder)
            change.put("holder", now.person, replace(now, tokens={**now.tokens, device.label: box}))
            return change.modified("add_unlocking_token", token=device.label, key=key.fingerprint)

        seq = await commune.change(keep, live.author())
        return {"commune": commune.id, "token": device.label, "key": key.fingerprint, "journal": seq}

    async def remove(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Forget a token of one's own; StepUpNeeded unless the person has just confirmed who they are."""
        house, (live, commune, holder) = self._house, holder_of(self._house, args)
        if not house.sessions.stepped_up(live):
            raise StepUpNeeded
        label = str(args.get("label", ""))

        def forget(change: Change) -> int:
            now = _now(change, holder)
            if label not in now.tokens:
                raise NotFound("Vous n’avez pas de jeton de ce nom.", where=label[:80], todo="vms keys show les donne.")
            kept = {name: box for name, box in now.tokens.items() if name != label}
            change.put("holder", now.person, replace(now, tokens=kept))
            return change.modified("remove_unlocking_token", token=label)

        seq = await commune.change(forget, live.author())
        return {"commune": commune.id, "token": label, "journal": seq}


def _now(change: Change, holder: Holder) -> Holder:
    """The holder as they are now: a token may take its time, and meanwhile something else may have been added."""
    return change.records.get(change.tx.db, "holder", holder.person, Holder)
