"""PDF/A pages by typst: what is shown is passed as data, so that no name of a person or place is read as markup.

PDF/A-2a and PDF/UA-1, fonts embedded, nothing of the machine's fonts, no network, the date given by the caller.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import typst

from vms.errors import Damaged

STANDARDS: Final[list[typst.PDFStandard]] = ["a-2a", "ua-1"]
# Latin with its accents, and the punctuation of French.
_UNSHOWN: Final = re.compile("[^ -~\u00a0-\u00ac\u00ae-\u017f\u2013\u2014\u2018-\u201d\u2026\u20ac]")


def typeset(template: bytes, data: Any, created_s: int, failed: str) -> bytes:
    """The PDF that ``template`` makes of ``data`` (its ``sys.inputs.data``), dated ``created_s`` (seconds since 1970).

    Damaged, saying ``failed``, when it cannot be set.
    """
    try:
        made = typst.compile(
            template,
            format="pdf",
            pdf_standards=STANDARDS,
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(_shown(data))},
            timestamp=created_s,
        )
    except typst.TypstError as error:
        raise Damaged(failed, where=error.message) from error
    if not isinstance(made, bytes):
        raise Damaged(failed)
    return made


def _shown(value: Any) -> Any:
    """The same with ``?`` for each character that the page's font lacks: PDF/A takes no text that cannot be shown."""
    if isinstance(value, str):
        return _UNSHOWN.sub("?", value)
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(one) for one in value]
    return value
