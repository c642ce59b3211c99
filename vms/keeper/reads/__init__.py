"""What pages read of the commune acted for, by name; a name that is not here does not exist."""

from __future__ import annotations

from typing import Final

from vms.keeper.reads import (
    cameras,
    documents,
    emergency,
    explain,
    footage,
    journal,
    law,
    people,
    requests,
    two_persons,
)
from vms.keeper.reads.spec import ReadSpec

READS: Final[dict[str, ReadSpec]] = {
    **people.READS,
    **law.READS,
    **explain.READS,
    **cameras.READS,
    **emergency.READS,
    **footage.READS,
    **requests.READS,
    **journal.READS,
    **documents.READS,
    **two_persons.READS,
}
