"""How the host's own start-up, mailer and witnesses speak to the keeper; none of it opens a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vms.keeper.clients.audiences import JOURNAL_WORK_S
from vms.wire import WireClient
from vms.wire_tls import TlsAddress


class KeeperForHost:
    """What the host's own start-up may ask; none of it opens a picture."""

    def __init__(self, address: Path | TlsAddress) -> None:
        self._wire = WireClient(address)

    async def init_commune(self, args: dict[str, Any]) -> dict[str, Any]:
        """A commune with its key wrapped for at least two holders and its first account; Conflict if it
        exists.
        """
        answer, _ = await self._wire.call("init_commune", args, timeout_s=60)
        return answer

    async def add_host_admin(self, login: str, label: str, password: str) -> dict[str, Any]:
        """A host administrator: every right on machines, none on images (P-57)."""
        answer, _ = await self._wire.call(
            "add_host_admin", {"login": login, "label": label, "password": password}, timeout_s=30
        )
        return answer

    async def mandate_recovery(self, commune: str, login: str, mandate: str) -> dict[str, Any]:
        """Bring back the one elected person of a commune on a written mandate: ``{"code", "from_us", "until_us"}``."""
        args = {"commune": commune, "login": login, "mandate": mandate}
        return (await self._wire.call("mandate_recovery", args))[0]

    async def prove_destruction(self, commune: str, day: str, camera: str = "") -> bytes:
        """The file of a destruction certificate (``day`` as AAAA-MM-JJ); BadInput for what is no day or camera."""
        args = {"commune": commune, "day": day, "camera": camera}
        return (await self._wire.call("prove_destruction", args, timeout_s=JOURNAL_WORK_S))[1]

    async def uncosigned(self, keys: Sequence[str], after: str) -> tuple[list[dict[str, Any]], str]:
        """Checkpoints without a cosignature of these keys: ``{"commune", "log", "size", "note"}``, and our vkey."""
        answer, _ = await self._wire.call("uncosigned", {"keys": list(keys), "after": after})
        return answer["entries"], str(answer["vkey"])

    async def consistency(self, commune: str, log: str, first: int, second: int) -> tuple[list[str], str]:
        """The proof (base64) between two sizes of a log, and the root (hex) at the first."""
        args = {"commune": commune, "log": log, "first": first, "second": second}
        answer, _ = await self._wire.call("consistency", args)
        return answer["proof"], str(answer["first_root"])

    async def put_cosignatures(self, commune: str, log: str, note: str, vkeys: Sequence[str]) -> int:
        """Leave a checkpoint with cosignatures; how many of these keys' were kept. Damaged when one is false."""
        args = {"commune": commune, "log": log, "note": note, "vkeys": list(vkeys)}
        answer, _ = await self._wire.call("put_cosignatures", args)
        return int(answer["kept"])

    async def unstamped(self, after: str) -> list[dict[str, Any]]:
        """Checkpoints that are new since a time-stamp of a day ago: ``{"commune", "log", "size", "note"}``."""
        answer, _ = await self._wire.call("unstamped", {"after": after})
        entries: list[dict[str, Any]] = answer["entries"]
        return entries

    async def put_stamp(self, commune: str, log: str, note: str, answer: bytes) -> None:
        """Leave an authority's answer (DER, checked) over a checkpoint of the keeper's."""
        await self._wire.call("put_stamp", {"commune": commune, "log": log, "note": note}, body=answer)

    async def outbox(self, limit: int = 50) -> list[dict[str, Any]]:
        """E-mails to send: ``{"id", "commune", "kind", "request", "email", "created_us"}``, nothing
        personal to add.
        """
        answer, _ = await self._wire.call("outbox", {"limit": limit})
        entries: list[dict[str, Any]] = answer["entries"]
        return entries

    async def tell_auditors(self, commune: str) -> int:
        """A witness contradicts a journal: queue an e-mail to the commune's auditors; how many were not yet told."""
        answer, _ = await self._wire.call("tell_auditors", {"commune": commune})
        return int(answer["told"])

    async def outbox_sent(self, ids: Sequence[str]) -> None:
        """These were handed to the mail server."""
        await self._wire.call("outbox_sent", {"ids": list(ids)})
