"""The outbox sent through a real SMTP server: who is told, of what, and that nothing personal crosses the network."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.demo.run import free_port
from deploy.mail import POLL_S, RETRY_MAX_S, SUBJECTS, Mailer, message_for
from tests.fakes.machine import eventually
from tests.integration.keeper_town import CAMERA, MAYOR, Town
from tests.integration.test_keeper_requests import FIELDS, place, register
from vms.settings import Settings

__all__ = ["place"]
DEADLINE_S = 20
FROM = "guet@operateur.example"


class Inbox:
    """What an SMTP server took; ``refusing`` makes it answer 451 to each message."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], bytes]] = []
        self.refusing = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook for a whole message."""
        if self.refusing:
            return "451 Try again later"
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append((list(envelope.rcpt_tos), content))
        return "250 OK"

    def messages(self) -> list[EmailMessage]:
        """The messages, parsed."""
        parsed = [message_from_bytes(data, policy=policy.default) for _, data in self.taken]
        return [one for one in parsed if isinstance(one, EmailMessage)]


@asynccontextmanager
async def smtp_server(inbox: Inbox, port: int) -> AsyncIterator[None]:
    """A real SMTP server on loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, hostname="mail.example"), "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


@asynccontextmanager
async def mailer(town: Town, home: Path, port: int) -> AsyncIterator[Settings]:
    """The host's mailer at work on the town's keeper."""
    home.mkdir()
    (home / "run").symlink_to(town.run)
    settings = Settings(
        home=home, smtp_host="127.0.0.1", smtp_port=port, smtp_from=FROM, public_url="https://guet.valclair.example"
    )
    task = asyncio.create_task(Mailer(settings, town.clock).run())
    try:
        yield settings
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(town: Town, holds: Any, step_s: float = POLL_S) -> None:
    """Move the town's clock until ``holds()``."""
    async with asyncio.timeout(DEADLINE_S):
        while not holds():
            town.clock.advance(seconds=step_s)
            await asyncio.sleep(0.02)


async def test_the_decider_is_told_and_nothing_personal_is(place: Town, tmp_path: Path) -> None:
    inbox, port = Inbox(), free_port()
    async with smtp_server(inbox, port), mailer(place, tmp_path / "host", port):
        made = await register(place)
        await until(place, lambda: inbox.taken)
        ((recipients, raw),) = inbox.taken
        (message,) = inbox.messages()
        assert recipients == ["maire@valclair.example"]
        assert (message["From"], message["To"]) == (FROM, "maire@valclair.example")
        assert message["Subject"] == SUBJECTS["decide"]
        text = message.get_content()
        assert f"https://guet.valclair.example/demandes/{made['request']}" in text
        whole = text + str(message["Subject"]) + raw.decode("ascii")
        for secret in (*FIELDS.values(), CAMERA, "Place de l’Église", "gare", "Le maire", "Valclair-sur-Brume"):
            assert str(secret) not in whole, secret

        # Handed over once: the outbox is empty, and more polls send nothing.
        async def empty() -> bool:
            return await place.host.outbox() == []

        await eventually(empty, what="an empty outbox")
        for _ in range(5):
            place.clock.advance(seconds=POLL_S)
            await asyncio.sleep(0.02)
        assert len(inbox.taken) == 1


@pytest.mark.parametrize("decision", ["execute", "query"])
async def test_who_registered_is_told_of_the_decision(place: Town, tmp_path: Path, decision: str) -> None:
    inbox, port = Inbox(), free_port()
    async with smtp_server(inbox, port), mailer(place, tmp_path / "host", port):
        made = await register(place, MAYOR)
        await until(place, lambda: len(inbox.taken) == 1)
        await place.act(MAYOR, "decide", request=made["request"], decision=decision)
        await until(place, lambda: len(inbox.taken) == 2)
        assert [one["Subject"] for one in inbox.messages()] == [SUBJECTS["decide"], SUBJECTS[f"decided-{decision}"]]


async def test_nothing_is_lost_while_the_mail_server_is_away_or_refuses(place: Town, tmp_path: Path) -> None:
    inbox, port = Inbox(), free_port()
    async with mailer(place, tmp_path / "host", port):
        await register(place)
        for _ in range(5):
            place.clock.advance(seconds=POLL_S)
            await asyncio.sleep(0.02)
        assert len(await place.host.outbox()) == 1
        inbox.refusing = True
        async with smtp_server(inbox, port):
            for _ in range(5):
                place.clock.advance(seconds=RETRY_MAX_S)
                await asyncio.sleep(0.05)
            assert inbox.taken == []
            assert len(await place.host.outbox()) == 1
            inbox.refusing = False
            await until(place, lambda: inbox.taken, step_s=RETRY_MAX_S)
            assert len(inbox.taken) == 1


def test_a_kind_that_nobody_knows_still_says_where_to_look() -> None:
    entry = {"id": "v/m-1", "kind": "new-kind", "request": "d-1", "email": "a@b.example"}
    message = message_for(entry, Settings(public_url="https://guet.example"))
    assert message["Subject"] == "Guet : un avis vous attend"
    assert "https://guet.example/demandes/d-1" in message.get_content()
