"""What the commune tells everyone: who answers for the cameras and how to reach them (P-28, P-81)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from vms.keeper.acts.spec import ActSpec
from vms.keeper.arguments import Args, Text
from vms.keeper.communes import Change
from vms.keeper.files.records import COMMUNE_ID, CommuneRecord


class InformPublic(Args):
    """The controller's address, the data protection officer's, and where and when rights are exercised."""

    controller: Text
    officer: Text
    rights: Text


def inform_public(change: Change, args: InformPublic) -> dict[str, Any]:
    """Set what the public page says of the commune; the rest of the page follows from the orders in force."""
    commune = change.records.get(change.tx.db, "commune", COMMUNE_ID, CommuneRecord)
    told = replace(commune, controller=args.controller, officer=args.officer, rights=args.rights)
    change.put("commune", COMMUNE_ID, told)
    seq = change.modified("inform_public", controller=args.controller, officer=args.officer, rights=args.rights)
    return {"journal": seq}


ACTS: Final = {"inform_public": ActSpec(InformPublic, inform_public)}
