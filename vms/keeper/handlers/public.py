"""What anyone may ask without an account: a filmed person's request, and what became of it (P-82…P-85).

Everything is bounded: per address, per commune, and by the backlog of a commune. An address is counted in memory and
never written. A code that is wrong and a code of another commune are answered alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from vms.clock import HOUR_US
from vms.errors import NotFound
from vms.keeper.applicants import by_code, digest_of, new_code
from vms.keeper.arguments import parse
from vms.keeper.communes import Commune
from vms.keeper.filing import FileAccess, file_access
from vms.keeper.house import House
from vms.keeper.journal.entry import Author
from vms.keeper.rates import Rate
from vms.law import access
from vms.law.dates import DAY_US
from vms.law.facts import Request
from vms.law.rulebook import rulebook
from vms.networks import customer_network

TOO_MANY: Final = "Trop de demandes pour aujourd’hui."
COUNTER: Final = "Présentez-vous à la mairie : la demande s’y fait aussi."
UNKNOWN: Final = "Aucune demande n’a ce code."

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class PublicDesk:
    """The operations of the public page's form; part of the web process's desk."""

    def __init__(self, house: House) -> None:
        form = rulebook().access_form
        self._house = house
        self._by_address = Rate(form.per_address_day, DAY_US)
        self._by_commune = Rate(form.per_commune_day, DAY_US)
        self._follows = Rate(form.follow_per_hour, HOUR_US)

    def ops(self) -> dict[str, Op]:
        """Its part of the closed list."""
        return {"file_access": self.file, "follow_access": self.follow}

    async def file(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Register a filmed person's request; the follow-up code is told here and never again."""
        commune, now_us = self._house.communes.get(str(args.get("commune", ""))), self._house.clock.utc().us
        asked, address = parse(FileAccess, args.get("asked") or {}, "file_access"), _address(args)
        self._by_address.check(address, now_us, TOO_MANY, COUNTER)
        self._by_commune.check(commune.id, now_us, TOO_MANY, COUNTER)
        # Counted before it is tried: what is refused for its range costs a transaction, too.
        self._by_address.count(address, now_us)
        code = new_code()
        told = await commune.change(lambda change: file_access(change, asked, code), Author())
        self._by_commune.count(commune.id, now_us)
        return told

    async def follow(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The state of the request that a code belongs to; NotFound for any other code."""
        commune, now_us = self._house.communes.get(str(args.get("commune", ""))), self._house.clock.utc().us
        address = _address(args)
        self._follows.check(address, now_us, "Trop d’essais.", "Réessayez dans une heure.")
        self._follows.count(address, now_us)
        digest = digest_of(str(args.get("code", ""))[:100])
        found = by_code(commune.records, commune.store.reader, digest) if digest else None
        request = commune.facts.requests.get(found.request) if found else None
        if request is None:
            raise NotFound(UNKNOWN, where="code", todo="Vérifiez la saisie ; un code s’efface après la réponse.")
        return _state(commune, request, now_us)


def _state(commune: Commune, request: Request, now_us: int) -> dict[str, Any]:
    hold = next((one for one in commune.facts.holds if one.id == request.hold), None)
    return {
        "number": request.number,
        "right": access.right_of(request),
        # The wait for a decision, the copy's way to the counter: steps of ours that tell the person nothing.
        "state": {"packaged": "approved", "purged": "received"}.get(request.state, request.state),
        "filed_us": request.registered_us,
        "identity_by_us": access.identity_due(request.registered_us),
        "answer_by_us": request.answer_by_us,
        "extension": str(request.fields.get("extension", "")),
        "held": hold is not None and hold.active(now_us),
        "outcome": request.outcome,
        "decided_us": request.decided_us if request.decision in ("execute", "refuse") else None,
    }


def _address(args: dict[str, Any]) -> str:
    """Who is counted: an address, or for IPv6 the network that a single customer has."""
    return customer_network(str(args.get("address", "")))
