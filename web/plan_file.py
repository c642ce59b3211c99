"""What an uploaded site plan is: a whole PDF, JPEG or PNG, or why it is none; nothing here decodes it (P-22)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from vms.errors import BadInput
from vms.keeper.acts.siting import PLAN_LIMIT_BYTES
from web.photo_header import JPEG, PNG, photo_size

SUFFIX: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
PDF: Final = re.compile(rb"%PDF-[12]\.\d")
END: Final = b"%%EOF"
END_WITHIN_BYTES: Final = 1024
# Said in the clear at the end of a file or in the dictionary of its cross-reference stream, never compressed.
LOCKED: Final = re.compile(rb"/Encrypt\b")


def plan_media(data: bytes) -> str:
    """The file's media type; BadInput (P-22) for what the préfecture could not open."""
    if not data:
        raise refused("Le fichier est vide.")
    if len(data) > PLAN_LIMIT_BYTES:
        raise refused(f"Le plan dépasse {PLAN_LIMIT_BYTES // 1024 // 1024} Mo.")
    if PDF.match(data):
        return _pdf(data)
    if not data.startswith((JPEG, PNG)):
        raise refused("Ce fichier n’est ni un PDF, ni une image JPEG ou PNG.")
    try:
        photo_size(data)
    except BadInput as error:
        raise refused("Cette image est incomplète, abîmée, trop petite ou trop grande.") from error
    return "image/png" if data.startswith(PNG) else "image/jpeg"


def plan_name(commune: str, plan: Mapping[str, Any]) -> str:
    """What a filed plan is called where it is saved: its commune and the beginning of its digest."""
    return f"plan-masse-{commune}-{plan['sha256'][:12]}.{SUFFIX[plan['media']]}"


def refused(what: str) -> BadInput:
    """The refusal of an upload."""
    return BadInput(what, where="plan", todo="Envoyez le plan-masse en PDF, JPEG ou PNG.", rule="P-22")


def _pdf(data: bytes) -> str:
    if END not in data[-END_WITHIN_BYTES:]:
        raise refused("Ce PDF est incomplet.")
    if LOCKED.search(data):
        raise refused("Ce PDF est protégé par un mot de passe : la préfecture ne pourrait pas l’ouvrir.")
    return "application/pdf"
