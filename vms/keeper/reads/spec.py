"""What a read is: its arguments' shape and a function of the commune's facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vms.keeper.arguments import Args
from vms.keeper.communes import Commune
from vms.keeper.gate.gate import Denied, Person
from vms.law.lapse import Lapse
from vms.law.rulebook import rulebook


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads what, at which instant; ``labels`` gives people's labels by id."""

    commune: Commune
    person: Person
    role: str
    now_us: int
    labels: Callable[[set[str]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """One read; ``journalled`` reads leave an entry (D-12)."""

    model: type[Args]
    run: Callable[[Reader, Any], dict[str, Any]]
    journalled: bool = False


def own_alone(reader: Reader) -> bool:
    """Whether the reader sees of requests and journal what is theirs alone: an agent of the State (P-73)."""
    return rulebook().role[reader.role].by_service


class Nothing(Args):
    """A read without arguments."""


def told(lapse: Lapse | Denied | None) -> dict[str, str] | None:
    """A lapse as a page shows it: rule, what is missing, what to do."""
    return None if lapse is None else {"rule": lapse.rule, "what": lapse.what, "todo": lapse.todo}
