"""The outbox sent through a real SMTP server: who is told, of what, and that nothing personal crosses the network."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.mail import POLL_S, RETRY_MAX_S, SUBJECTS, Mailer, message_for
from tests.fakes.lived_clock import LivedClock
from tests.integration.keeper_town import CAMERA, MAYOR, START, Town
from tests.integration.test_keeper_requests import FIELDS, place, register
from vms.settings import Settings

__all__ = ["kept_port", "place"]
ROUNDS = 20
FROM = "guet@operateur.example"


class Inbox:
    """What an SMTP server took; ``refusing`` makes it answer 451 to each message."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], bytes]] = []
        self.refusing = False
        self.refused = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook for a whole message."""
        if self.refusing:
            self.refused += 1
            return "451 Try again later"
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append((list(envelope.rcpt_tos), content))
        return "250 OK"

    def messages(self) -> list[EmailMessage]:
        """The messages, parsed."""
        parsed = [message_from_bytes(data, policy=policy.default) for _, data in self.taken]
        return [one for one in parsed if isinstance(one, EmailMessage)]


@pytest.fixture
def kept_port() -> Iterator[socket.socket]:
    """A port of loopback that is ours and at which nobody listens yet."""
    with closing(socket.socket()) as ours:
        ours.bind(("127.0.0.1", 0))
        yield ours


@asynccontextmanager
async def smtp_server(inbox: Inbox, ours: socket.socket) -> AsyncIterator[None]:
    """A real SMTP server on loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, hostname="mail.example"), sock=ours)
    try:
        yield
    finally:
        server.close()


@asynccontextmanager
async def mailer(town: Town, home: Path, port: int) -> AsyncIterator[LivedClock]:
    """The host's mailer at work on the town's keeper, and the clock that it lives by: its time is not the town's."""
    home.mkdir()
    (home / "run").symlink_to(town.run)
    settings = Settings(
        home=home, smtp_host="127.0.0.1", smtp_port=port, smtp_from=FROM, public_url="https://guet.valclair.example"
    )
    clock = LivedClock(START)
    task = asyncio.create_task(Mailer(settings, clock).run())
    clock.people.append(task)
    try:
        yield clock
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def at_work(town: Town, home: Path, inbox: Inbox, ours: socket.socket) -> AsyncIterator[LivedClock]:
    """A mail server, and the mailer that sends to it."""
    async with smtp_server(inbox, ours), mailer(town, home, ours.getsockname()[1]) as clock:
        yield clock


async def rounds(clock: LivedClock, count: int, step_s: float = POLL_S) -> None:
    """Have the mailer look so many times, each time to the end."""
    for _ in range(count):
        await clock.settled()
        clock.advance(seconds=step_s)
        await clock.settled()


async def until(clock: LivedClock, holds: Any, step_s: float = POLL_S) -> None:
    """Have the mailer look until ``holds()``."""
    for _ in range(ROUNDS):
        if holds():
            return
        await rounds(clock, 1, step_s)
    assert holds()


async def test_the_decider_is_told_and_nothing_personal_is(
    place: Town, tmp_path: Path, kept_port: socket.socket
) -> None:
    inbox = Inbox()
    async with at_work(place, tmp_path / "host", inbox, kept_port) as clock:
        made = await register(place)
        await until(clock, lambda: inbox.taken)
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
        assert await place.host.outbox() == []
        await rounds(clock, 5)
        assert len(inbox.taken) == 1


@pytest.mark.parametrize("decision", ["execute", "query"])
async def test_who_registered_is_told_of_the_decision(
    place: Town, tmp_path: Path, kept_port: socket.socket, decision: str
) -> None:
    inbox = Inbox()
    async with at_work(place, tmp_path / "host", inbox, kept_port) as clock:
        made = await register(place, MAYOR)
        await until(clock, lambda: len(inbox.taken) == 1)
        await place.act(MAYOR, "decide", request=made["request"], decision=decision)
        await until(clock, lambda: len(inbox.taken) == 2)
        assert [one["Subject"] for one in inbox.messages()] == [SUBJECTS["decide"], SUBJECTS[f"decided-{decision}"]]


async def test_nothing_is_lost_while_the_mail_server_is_away_or_refuses(
    place: Town, tmp_path: Path, kept_port: socket.socket
) -> None:
    inbox = Inbox()
    async with mailer(place, tmp_path / "host", kept_port.getsockname()[1]) as clock:
        await register(place)
        await rounds(clock, 5, RETRY_MAX_S)
        assert len(await place.host.outbox()) == 1
        inbox.refusing = True
        async with smtp_server(inbox, kept_port):
            await rounds(clock, 5, RETRY_MAX_S)
            assert inbox.refused >= 5
            assert inbox.taken == []
            assert len(await place.host.outbox()) == 1
            inbox.refusing = False
            await until(clock, lambda: inbox.taken, RETRY_MAX_S)
            assert len(inbox.taken) == 1


def test_a_kind_that_nobody_knows_still_says_where_to_look() -> None:
    entry = {"id": "v/m-1", "kind": "new-kind", "request": "d-1", "email": "a@b.example"}
    message = message_for(entry, Settings(public_url="https://guet.example"))
    assert message["Subject"] == "Guet : un avis vous attend"
    assert "https://guet.example/demandes/d-1" in message.get_content()
