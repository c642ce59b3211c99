"""The key-loss drill: a holder is shown to open the commune's key, and nothing is unlocked by it (A-14).

A key that only one person could open, or that nobody has opened for half a year, may be lost already without anybody
knowing: all that the commune recorded would be lost with it. So each drill is dated, and what is wanting is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from vms.keeper.communes import HOLDERS_LEAST, Change, Commune
from vms.keeper.files.records import Drill, Holder
from vms.keeper.holders.means import checked, device_of, holder_of, open_by_passphrase, open_by_token
from vms.keeper.house import House
from vms.keeper.journal.entry import Entry
from vms.law.dates import add_months
from vms.law.facts import CommuneFacts
from vms.law.habilitation import habilitation_lapse
from vms.law.rulebook import rulebook

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class KeyDrill:
    """Part of the web process's desk."""

    def __init__(self, house: House) -> None:
        self._house = house

    def ops(self) -> dict[str, Op]:
        """Its one operation."""
        return {"drill_key": self.drill}

    async def drill(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Open the key behind the signed-in holder's passphrase or token, compare it, forget it, write the date down.

        Refused for anybody but a holder and for another passphrase or PIN, which counts like a wrong one at an
        unlocking; Damaged when it opens a key that is not the commune's.
        """
        house, (live, commune, holder) = self._house, holder_of(self._house, args)
        device = device_of(args)
        if device is not None:
            checked(commune, await open_by_token(house, live, commune, holder, device))
        else:
            checked(commune, await open_by_passphrase(house, live, commune, holder, str(args.get("passphrase", ""))))
        token = device.label if device else ""

        def work(change: Change) -> int:
            change.put("drill", holder.person, Drill(holder.person, change.now_us, token))
            detail = {"holder": holder.person, "holders": len(_present(commune.holders, change.facts, change.now_us))}
            detail |= {"token": token} if token else {}
            return change.journal(Entry("modification", "drill_key", change.author, detail=detail))

        seq = await commune.change(work, live.author())
        return key_state(commune, house.clock.utc().us) | {"journal": seq}


def key_state(commune: Commune, now_us: int) -> dict[str, Any]:
    """The holders with the date of their last drill, when the next is due, and what is wanting (A-14)."""
    drills = commune.records.all(commune.store.reader, "drill", Drill)
    present = _present(commune.holders, commune.facts, now_us)
    last_us = max((one.at_us for person, one in drills.items() if person in present), default=None)
    months = rulebook().durations.key_drill_months
    due_us = add_months(commune.record.created_us if last_us is None else last_us, months)
    warnings = []
    if len(present) < HOLDERS_LEAST:
        what = "La clé de la commune n’a plus deux détenteurs habilités : que l’un manque, et les images sont perdues."
        warnings.append({"kind": "holders", "what": what, "rule": "A-14"})
    if due_us <= now_us:
        done = (
            "Personne n’a encore montré" if last_us is None else f"Il y a plus de {months} mois que personne n’a montré"
        )
        what = f"{done} ce qui ouvre la clé de la commune : faites l’exercice."
        warnings.append({"kind": "drill", "what": what, "rule": "A-14"})
    return {
        "holders": [
            {
                "person": person,
                "label": holder.label,
                "present": person in present,
                "drilled_us": drills[person].at_us if person in drills else None,
                "drilled_by": drills[person].token if person in drills else "",
                "passkeys": len(holder.passkeys),
                "tokens": sorted(holder.tokens),
            }
            for person, holder in sorted(commune.holders.items(), key=lambda one: one[1].label)
        ],
        "drilled_us": last_us,
        "drill_due_us": due_us,
        "warnings": warnings,
    }


def _present(holders: dict[str, Holder], facts: CommuneFacts, now_us: int) -> set[str]:
    """The holders who are still somebody here: whoever has left will not come with their passphrase."""
    return {
        person
        for person in holders
        if any(habilitation_lapse(one, now_us) is None for one in facts.habilitations_of(person))
    }
