"""What the demonstration's story is about: a camera of one of its communes, and a range of what it records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deploy.demo.town import CAMERAS, COMMUNES
from vms.errors import BadInput

RANGE_LIMIT_S: Final = 3600.0
RANGE: Final = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Plot:
    """What the story is about: a camera of a commune, and the seconds wanted, counted from its first picture."""

    commune: str = "valclair"
    number: int | None = None
    from_s: float = 11.0
    to_s: float = 23.0

    @staticmethod
    def of(commune: str, number: int | None, span: str) -> Plot:
        """The plot that the command line gives; BadInput for what the demonstration has not, or no range."""
        if commune not in {one.id for one in COMMUNES}:
            known = ", ".join(one.id for one in COMMUNES)
            raise BadInput("Cette commune n’est pas de la démonstration.", where="--commune", todo=f"Prenez : {known}.")
        if number is not None and not any(one.commune == commune and one.number == number for one in CAMERAS):
            raise BadInput("Cette caméra n’est pas de la démonstration.", where="--number")
        found = RANGE.fullmatch(span.strip())
        from_s, to_s = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
        if not from_s < to_s <= RANGE_LIMIT_S:
            raise BadInput(
                "La plage n’est pas de la forme DE-À, en secondes depuis la première image.",
                where="--range",
                todo=f"Par exemple 11-23 ; {RANGE_LIMIT_S:.0f} s au plus.",
            )
        return Plot(commune, number, from_s, to_s)

    @property
    def camera(self) -> str:
        """The camera asked for; the commune's first that needs no mask when none was given."""
        here = [one for one in CAMERAS if one.commune == self.commune]
        number = self.number or next((one.number for one in here if not one.masked), here[0].number)
        return f"{self.commune}-c{number:02d}"
