"""E-mail to whoever runs the machine: its volume of footage fills, is full, is away, or is well again (P-35).

Said when the level changes, and once a day while it is not well. Figures only: no commune, no camera, no person.
"""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import aiosmtplib
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.mail import SMTP_TIMEOUT_S
from vms import logs
from vms.clock import HOUR_US, MICRO, Clock
from vms.db.engine import read
from vms.model import Volume
from vms.settings import Settings
from vms.vault.files import write_durably

LOOK_S: Final = 60.0
AGAIN_US: Final = 24 * HOUR_US
STALE_US: Final = 10 * 60 * MICRO
STALE: Final = "stale"
MEMO: Final = "operator-told.json"
SUBJECTS: Final = {
    "ok": "Guet : le volume des enregistrements a de nouveau de la place",
    "warn": "Guet : le volume des enregistrements sera bientôt plein",
    "reserve": "Guet : réserve atteinte, des images partent avant leur échéance",
    "stopping": "Guet : des caméras ne sont plus enregistrées, faute de place",
    "wrong": "Guet : le volume des enregistrements est absent ou n’est pas le bon",
    STALE: "Guet : le volume des enregistrements n’est plus mesuré",
    "spare": "Guet : les enregistrements vont sur le volume de secours",
    "spare-wrong": "Guet : le volume de secours ne servirait à rien",
}

log = logs.get("deploy.operator_mail")


def level_of(volume: Volume, now_us: int) -> str:
    """The volume's level; ``stale`` when nobody has measured it for a while."""
    return STALE if now_us - volume.measured_us > STALE_US else volume.level


def level_with(volume: Volume, spare: Volume | None, now_us: int) -> str:
    """The same with the spare volume, if there is one: what it says is told while the other needs nothing graver."""
    level = level_of(volume, now_us)
    if spare is None or level not in ("ok", "warn"):
        return level
    if spare.level in ("in-use", "stopping"):
        return "spare"
    return "spare-wrong" if spare.fault and level == "ok" else level


def is_due(level: str, told: tuple[str, int], now_us: int) -> bool:
    """Whether to say ``level`` when (level, instant) was said last."""
    if level != told[0]:
        return True
    return level != "ok" and now_us - told[1] >= AGAIN_US


def message_for(
    level: str, volume: Volume, settings: Settings, now_us: int, spare: Volume | None = None
) -> EmailMessage:
    """The e-mail: what is so, in figures, and where to look."""
    url = settings.public_url or f"https://{settings.host}:{settings.port}"
    message = EmailMessage()
    message["From"] = settings.smtp_from
    message["To"] = settings.operator_email
    message["Subject"] = SUBJECTS.get(level, SUBJECTS["warn"])
    message["Auto-Submitted"] = "auto-generated"
    lines = [
        f"Volume : {_gb(volume.total_bytes)}, libre {_gb(volume.free_bytes)}, réserve {_gb(volume.reserve_bytes)}.",
        f"Débit mesuré : {_gb(volume.bytes_per_s * 86_400)} par jour ; il faudra {_gb(volume.needed_bytes)} en tout.",
        f"Avant la réserve : {_days(volume.reserve_us, now_us)} ; avant l’arrêt : {_days(volume.stop_us, now_us)}.",
        *([volume.fault] if volume.fault else []),
        *([f"Volume de secours : libre {_gb(spare.free_bytes)}. {spare.fault}".strip()] if spare is not None else []),
        "",
        f"Voyez {url}/hebergeur",
    ]
    message.set_content("\n".join(lines) + "\n")
    return message


def _gb(size: float) -> str:
    return f"{size / 1e9:.1f} Go".replace(".", ",")


def _days(at_us: int | None, now_us: int) -> str:
    return "jamais" if at_us is None else f"{max(0, at_us - now_us) // AGAIN_US} jours"


class OperatorMail:
    """One loop on the machine's main volume."""

    def __init__(self, engine: AsyncEngine, settings: Settings, clock: Clock) -> None:
        self._engine, self._settings, self._clock = engine, settings, clock
        self._memo: Path = settings.home / MEMO

    async def run(self) -> None:
        """Look and tell until cancelled; does nothing without a mail server and an address."""
        if not self._settings.smtp_host or not self._settings.operator_email:
            log.info("aucun courriel d’exploitant réglé")
            return
        while True:
            try:
                await self.look()
            except (SQLAlchemyError, aiosmtplib.SMTPException, OSError) as error:
                log.warning("exploitant non prévenu", error=type(error).__name__)
            await self._clock.sleep(LOOK_S)

    async def look(self) -> bool:
        """Tell the operator what has changed; whether a message was taken by the mail server."""
        now_us = self._clock.utc().us
        async with read(self._engine) as session:
            volume, spare = await session.get(Volume, "main"), await session.get(Volume, "spare")
        if volume is None:
            return False
        level = level_with(volume, spare, now_us)
        if not is_due(level, self._told(), now_us):
            return False
        await aiosmtplib.send(
            message_for(level, volume, self._settings, now_us, spare),
            hostname=self._settings.smtp_host,
            port=self._settings.smtp_port,
            timeout=SMTP_TIMEOUT_S,
        )
        # A crash here says it twice, which is better than not at all.
        write_durably(self._memo, json.dumps({"level": level, "at_us": now_us}).encode(), mode=0o600)
        return True

    def _told(self) -> tuple[str, int]:
        """What was said last; a machine that was never unwell has nothing to be told of."""
        try:
            data = json.loads(self._memo.read_bytes())
            return str(data["level"]), int(data["at_us"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return "ok", 0
