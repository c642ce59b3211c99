"""Every document that a person may have, as one archive for a control: PDF and data of each, made one after the other
(P-29). Each is its own entry of the journal, as if asked for alone.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import timedelta
from typing import Any, Final

from vms.clock import UtcTime, paris_date
from vms.documents.render import file_name, render
from vms.keeper.clients.audiences import KeeperForWeb
from web.kept_files import KeptFiles
from web.plan_file import plan_name

REGISTER_DAYS: Final = 7
README_NAME: Final = "LISEZ-MOI.txt"
README: Final = """\
Documents de vidéoprotection de la commune, tirés de l’état du système à la date de chacun (CSI L253-3).

Chaque document est là deux fois : en PDF/A-2a, et en JSON, dont l’empreinte SHA-256 est imprimée dans le PDF et
inscrite au journal de la commune. Ce qui n’est pas enregistré est écrit « Manque : … » ; ce qu’une personne doit
écrire, « À écrire : … ».

Le plan-masse versé pour le dernier arrêté est joint tel quel ; le dossier de demande porte son empreinte.
Les images n’en font pas partie. Le journal s’emporte à part, avec sa preuve.
"""


async def archive(keeper: KeeperForWeb, token: str, commune: str, measured: bytes, plans: KeptFiles) -> bytes:
    """The ZIP file; as the person of the session. The register has the last seven days, the report this year, the
    request file the newest order, with the site plan that was filed for it.
    """
    listed = await keeper.read(token, "documents")
    files: dict[str, bytes] = {README_NAME: README.encode()}
    for one in listed["documents"]:
        data = await keeper.make_document(token, one["kind"], _choice(one["when"], listed), measured)
        for form in ("pdf", "json"):
            files[file_name(data, form)] = await asyncio.to_thread(render, data, form)
    order = _choice("order", listed).get("order", "")
    for plan in listed["site_plans"]:
        if plan["order"] == order:
            files[plan_name(commune, plan)] = await plans.read(commune, plan["sha256"])
    return await asyncio.to_thread(_packed, files)


def _choice(when: str, listed: dict[str, Any]) -> dict[str, Any]:
    """What a document is about when nobody chose."""
    if when == "order" and listed["orders"]:
        return {"order": listed["orders"][0]["id"]}
    if when == "days":
        today = paris_date(UtcTime(listed["now_us"]))
        return {"first": (today - timedelta(days=REGISTER_DAYS - 1)).isoformat(), "last": today.isoformat()}
    return {}


def _packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return out.getvalue()
