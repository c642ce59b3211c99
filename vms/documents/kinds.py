"""Every kind of document and the function that makes it; who may have one is the rulebook's ``[document]`` (P-29)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vms.documents.annual import annual
from vms.documents.breach import breach
from vms.documents.conformity import conformity
from vms.documents.document import Document
from vms.documents.habilitations import habilitations
from vms.documents.impact import impact
from vms.documents.old_register import old_register
from vms.documents.processing import processing
from vms.documents.request_file import request_file
from vms.documents.sort_table import sort_table
from vms.documents.sources import Sources

KINDS: Final[dict[str, Callable[[Sources], Document]]] = {
    "habilitations": habilitations,
    "processing-record": processing,
    "old-register": old_register,
    "annual-report": annual,
    "request-file": request_file,
    "conformity": conformity,
    "impact-assessment": impact,
    "sort-table": sort_table,
    "breach": breach,
}
