"""What rests after an account came back: its grave rights, until the delay is over and a second factor is back."""

from __future__ import annotations

import json
from typing import Any

from vms.clock_guard import ClockGuard
from vms.errors import Refused
from vms.keeper.accounts.recovery import HOST_LABEL
from vms.keeper.identity.host import Host
from vms.keeper.identity.passkey_rows import passkeys_of
from vms.keeper.identity.second_factor import SecondFactor
from vms.law.lapse import Lapse


class Rest:
    """Whether a person's grave rights rest after their account came back: until the delay is over and a second factor
    or a passkey is there again (P-58, A-05).
    """

    def __init__(self, host: Host, guard: ClockGuard, second_factor: SecondFactor) -> None:
        self._host = host
        self._guard = guard
        self._second_factor = second_factor

    def lapse(self, person: str) -> Lapse | None:
        """Why this person decides, grants and opens no key now; None when nothing rests."""
        row = self._row(person)
        if row is None:
            return None
        if self._guard.now_us() < row[1]:
            what = "Votre accès vient d’être rétabli : vos droits de décider, d’habiliter et d’ouvrir une clé reposent."
            todo = "Ils reviennent un jour après, une fois une clé d’accès ou un second facteur enregistré."
            return Lapse("P-58", what, todo)
        reader = self._host.store.reader
        if passkeys_of(reader, person) or self._second_factor.told(person)["since_us"] is not None:
            return None
        what = "Votre accès a été rétabli, et rien d’autre que le mot de passe ne le garde encore."
        return Lapse("P-58", what, "Enregistrez une clé d’accès ou un second facteur dans « Mon compte ».")

    def report(self, person: str) -> dict[str, Any] | None:
        """What happened while the account was brought back, for its owner: by whom, when, and what fell."""
        row = self._row(person)
        if row is None:
            return None
        found: dict[str, Any] = json.loads(row[2])
        labels = self._host.labels(set(found["by"]))
        named = [labels.get(one, HOST_LABEL) for one in found["by"]]
        lapse = self.lapse(person)
        return found | {"by": named, "rests": lapse.what if lapse else "", "todo": lapse.todo if lapse else ""}

    def check(self, person: str) -> None:
        """Refused while this person's grave rights rest."""
        lapse = self.lapse(person)
        if lapse is not None:
            raise Refused(lapse.what, todo=lapse.todo, rule=lapse.rule)

    def _row(self, person: str) -> tuple[int, int, str] | None:
        row: tuple[int, int, str] | None = self._host.store.reader.execute(
            "SELECT at_us, rests_until_us, report FROM recovered WHERE person = ?", (person,)
        ).fetchone()
        return row
