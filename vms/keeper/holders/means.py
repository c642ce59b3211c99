"""A holder opens the commune's key behind a means of theirs: passphrase or token, each wrong try slowed down (A-12)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vms.errors import Damaged, Refused
from vms.keeper.arguments import parse
from vms.keeper.communes import Commune, open_private
from vms.keeper.files.records import Holder
from vms.keeper.house import House
from vms.keeper.identity.backoff import Place
from vms.keeper.identity.sessions import Live
from vms.keeper.keys.token_reader import Device
from vms.keys.token_box import question_of, unwrap_by_token
from vms.keys.wrapping import commune_public_key


def holder_of(house: House, args: dict[str, Any]) -> tuple[Live, Commune, Holder]:
    """The signed-in person, the commune they ask about and what they hold of its key; Refused for anybody else,
    and while the person's grave rights rest after a recovery (P-58).
    """
    live = house.sessions.require(args.get("token"))
    commune = house.communes.get(str(args.get("commune", "")))
    holder = commune.holders.get(live.account.id)
    if holder is None:
        names = ", ".join(sorted(one.label for one in commune.holders.values()))
        raise Refused("Vous n’êtes pas détenteur de cette clé.", todo=f"Détenteurs : {names}.", rule="A-12")
    house.rest.check(live.account.id)
    return live, commune, holder


def device_of(args: dict[str, Any]) -> Device | None:
    """The token that a request names, with its PIN; None when it names none."""
    given = args.get("device")
    return None if given is None else parse(Device, given, "device")


async def open_by_passphrase(house: House, live: Live, commune: Commune, holder: Holder, passphrase: str) -> bytes:
    """The private key behind a holder's passphrase; Refused for another one, TooManyRequests after too many."""
    with tries(house, live, commune):
        return await open_private(holder, passphrase)


async def open_by_token(house: House, live: Live, commune: Commune, holder: Holder, device: Device) -> bytes:
    """The private key behind a holder's token; a token that was not added is not even asked."""
    box = holder.tokens.get(device.label)
    if box is None:
        what, todo = (
            "Ce jeton n’ouvre pas la clé de la commune.",
            "Donnez votre phrase de passe, ou ajoutez-le : vms keys.",
        )
        raise Refused(what, where=device.label, todo=todo, rule="A-12")
    key_id, point = question_of(dict(box))
    with tries(house, live, commune):
        shared = await house.tokens.shared(device, key_id, point)
        return unwrap_by_token(dict(box), shared, token_info(commune, holder, device))


def token_info(commune: Commune, holder: Holder, device: Device) -> str:
    """Whose box it is."""
    return "\0".join((commune.id, holder.person, device.label))


def checked(commune: Commune, private: bytes) -> bytes:
    """The same key; Damaged when it is not the commune's, whatever opened it."""
    if commune_public_key(private) != commune.public_key:
        what = "Ce qui s’ouvre ainsi est une autre clé que celle de la commune."
        raise Damaged(what, where=commune.id, todo="Restaurez une sauvegarde du gardien, ou refaites les détenteurs.")
    return private


@contextmanager
def tries(house: House, live: Live, commune: Commune) -> Iterator[None]:
    """Around one try: too many wrong ones from here must wait, and what is Refused counts as one."""
    key, now_us = f"{live.account.login}/{commune.id}", house.clock.utc().us
    with house.backoff.attempt(key, Place("", session=live.workstation), now_us):
        yield
