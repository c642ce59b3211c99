"""Sends the keeper's outbox: a request awaits a decision, or has one, or its package. Nothing personal is in a message.

A message says which request and where to look, never who asks, who is filmed, or why: mail crosses other people's
machines. It stays in the keeper's outbox until a mail server has taken it.
"""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any, Final

import aiosmtplib

from vms import logs
from vms.clock import Clock
from vms.errors import GuetError
from vms.keeper.clients.audiences import way_to_keeper
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.protocol import HOST_SOCKET
from vms.settings import Settings

POLL_S: Final = 2.0
BATCH: Final = 20
SMTP_TIMEOUT_S: Final = 20.0
RETRY_FIRST_S: Final = 5.0
RETRY_MAX_S: Final = 300.0
# By the kinds that the keeper's outbox knows (`vms/keeper/outbox.py`); another one says only that something waits.
SUBJECTS: Final = {
    "decide": "Guet : une demande attend votre décision",
    "collected": "Guet : une collecte sans réquisition a été ouverte",
    "overdue": "Guet : une demande attend toujours votre décision",
    "report-overdue": "Guet : votre signalement attend toujours une décision",
    "decided-execute": "Guet : une demande a été acceptée",
    "decided-query": "Guet : une demande est à compléter",
    "decided-refuse": "Guet : une demande a été refusée",
    "package-ready": "Guet : un paquet est prêt à être remis",
    "emergency": "Guet : une ouverture exceptionnelle vient d’avoir lieu",
    "recovery": "Guet : le rétablissement d’un accès est en cours",
    "journal-contradicted": "Guet : un témoin contredit le journal",
}

log = logs.get("deploy.mail")


def message_for(entry: dict[str, Any], settings: Settings) -> EmailMessage:
    """The e-mail for one outbox entry: the request's number and a link, or the journal's; nothing else."""
    url = settings.public_url or f"https://{settings.host}:{settings.port}"
    message = EmailMessage()
    message["From"] = settings.smtp_from
    message["To"] = str(entry["email"])
    message["Subject"] = SUBJECTS.get(str(entry["kind"]), "Guet : un avis vous attend")
    message["Auto-Submitted"] = "auto-generated"
    what = f"Demande {entry.get('number') or entry['request']}\n\nOuvrez-la ici : {url}/demandes/{entry['request']}"
    if entry["kind"] == "emergency":
        what = f"Ouverture exceptionnelle {entry['request']}\n\nVoyez-la ici, et fermez-la s’il le faut : {url}/journal"
    elif entry["kind"] == "recovery":
        what = f"Si c’est le vôtre et que vous n’avez rien demandé, arrêtez-le ici : {url}/compte\n\n"
        what += f"Sinon, voyez qui l’a approuvé : {url}/journal"
    elif entry["kind"] == "journal-contradicted":
        what = f"Voyez le journal : {url}/journal"
    message.set_content(f"{what}\n\nCe message ne contient volontairement aucune autre information.\n")
    return message


class Mailer:
    """One loop: takes what waits, hands it to the mail server, tells the keeper."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._keeper = KeeperForHost(way_to_keeper(settings, HOST_SOCKET))

    async def run(self) -> None:
        """Send until cancelled; nothing is lost while the mail server is away. Does nothing without one."""
        if not self._settings.smtp_host:
            log.info("aucun serveur de courriel réglé")
            return
        wait_s = POLL_S
        while True:
            await self._clock.sleep(wait_s)
            try:
                await self._send_waiting()
                wait_s = POLL_S
            except (GuetError, aiosmtplib.SMTPException, OSError) as error:
                wait_s = min(max(wait_s * 2, RETRY_FIRST_S), RETRY_MAX_S)
                log.warning("courriel non remis", error=type(error).__name__, again_in_s=wait_s)

    async def _send_waiting(self) -> None:
        for entry in await self._keeper.outbox(BATCH):
            await aiosmtplib.send(
                message_for(entry, self._settings),
                hostname=self._settings.smtp_host,
                port=self._settings.smtp_port,
                timeout=SMTP_TIMEOUT_S,
            )
            # A crash here sends the same notice twice, which is harmless: a link opened twice shows the same request.
            await self._keeper.outbox_sent([str(entry["id"])])
