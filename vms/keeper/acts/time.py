"""The machine's time, confirmed by an accountable person while it is in doubt (docs/decisions/0010-clock-guard.md)."""

from __future__ import annotations

from typing import Any, Final

from vms.clock_guard import Doubt
from vms.errors import Conflict
from vms.keeper.acts.spec import ActSpec
from vms.keeper.arguments import Args, Moment, MotiveText
from vms.keeper.communes import Change
from vms.keeper.files.records import COMMUNE_ID, ConfirmedTime


class ConfirmTime(Args):
    """The doubt that the person was shown: ``doubt_us`` is when it began, by the machine's clock."""

    doubt_us: Moment
    motive: MotiveText = ""


def check_doubt(doubt: Doubt | None, asked: ConfirmTime) -> None:
    """Conflict when the machine's time is not in doubt, or moved again since it was shown."""
    if doubt is None or doubt.since_us != asked.doubt_us:
        what = "L’heure de la machine a changé depuis, ou n’est plus en doute."
        raise Conflict(what, where="doubt_us", todo="Relisez l’état de l’horloge.", rule="P-30")


def confirm_time(change: Change, args: ConfirmTime) -> dict[str, Any]:
    """The machine's time is right: what it calls due of this commune is destroyed now (P-30)."""
    confirmed = ConfirmedTime(args.doubt_us, change.author.person, change.now_us)
    change.put("time", COMMUNE_ID, confirmed)
    seq = change.modified("confirm_time", motive=args.motive, doubt_us=args.doubt_us, now_us=change.now_us)
    return {"confirmed_us": change.now_us, "journal": seq}


ACTS: Final = {"confirm_time": ActSpec(ConfirmTime, confirm_time)}
