"""Shows each new checkpoint of the journals to the witnesses, and brings their cosignatures to the keeper (E-04).

The keeper itself speaks to nobody outside: this loop, in the process that starts the others, carries hashes and
signatures between the two (decision 0012). A witness that contradicts a journal raises an incident for its commune; one
that is away is asked again after a growing wait, and the journal goes on without it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

import httpx
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from deploy.witness_client import Contradiction, Unwilling, Witness, WitnessClient
from vms import logs
from vms.clock import MICRO, Clock
from vms.db.engine import write
from vms.errors import Unavailable
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.journal.checkpoint import read_checkpoint
from vms.keys.cosignature import Head
from vms.keys.note import Verifier, note_text, parse_vkey
from vms.model import Commune, Incident

WAIT_MAX_S: Final = 3600.0
REWRITTEN: Final = "journal-contradicted"
UNWILLING: Final = "witness-unwilling"
COMPARE: Final = (
    "Comparez avec vms audit verify --checkpoint, et prévenez le maire et le délégué à la protection des données."
)
TELL_HOST: Final = "Prévenez l’hébergeur : ce témoin ne contresigne plus ce journal."

log = logs.get("deploy.witnessing")


class Witnessing:
    """One loop a witness, so that a slow one holds up no other."""

    def __init__(
        self, engine: AsyncEngine, keeper: KeeperForHost, clock: Clock, witnesses: list[Witness], every_s: float
    ) -> None:
        self._engine, self._keeper, self._clock = engine, keeper, clock
        self._witnesses, self._every_s = witnesses, every_s
        self._resting: dict[tuple[str, str], tuple[int, float]] = {}  # (until µs monotonic, last wait s)
        self._well: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Go on until cancelled; does nothing without a witness."""
        async with httpx.AsyncClient(trust_env=False) as http:
            await asyncio.gather(*(self._attend(WitnessClient(one, http)) for one in self._witnesses))

    async def _attend(self, client: WitnessClient) -> None:
        wait_s = self._every_s
        while True:
            try:
                await self.round(client)
                wait_s = self._every_s
            except (Unavailable, SQLAlchemyError) as error:
                wait_s = min(wait_s * 2, WAIT_MAX_S)
                log.warning("témoin sans réponse", witness=client.witness.name, why=str(error), again_in_s=wait_s)
            await self._clock.sleep(wait_s)

    async def round(self, client: WitnessClient) -> None:
        """Show the witness every checkpoint that it has not cosigned; Unavailable when it or the keeper is away."""
        after = ""
        while True:
            entries, vkey = await self._keeper.uncosigned(client.witness.key_ids(), after)
            for entry in entries:
                await self._show(client, entry, parse_vkey(vkey))
            if not entries:
                return
            after = f"{entries[-1]['commune']}/{entries[-1]['log']}"

    async def _show(self, client: WitnessClient, entry: dict[str, Any], signer: Verifier) -> None:
        commune, name, note = str(entry["commune"]), str(entry["log"]), str(entry["note"])
        place = (client.witness.name, f"{commune}/{name}")
        until_us, rest_s = self._resting.get(place, (0, self._every_s))
        if self._clock.monotonic_us() < until_us:
            return
        head = Head(*read_checkpoint(note_text(note)))
        try:
            lines = await client.submit(note, head, signer, partial(self._keeper.consistency, commune, name))
            vkeys = [key.vkey() for key in client.witness.keys]
            await self._keeper.put_cosignatures(commune, name, note + lines, vkeys)
        except (Contradiction, Unwilling) as error:
            rest_s = min(rest_s * 2, WAIT_MAX_S)
            self._resting[place] = (self._clock.monotonic_us() + round(rest_s * MICRO), rest_s)
            self._well.discard(place)
            await self._raise(commune, error, place)
            return
        self._resting.pop(place, None)
        if place not in self._well:
            await self._lower(place)
            self._well.add(place)

    async def _raise(self, commune: str, error: Contradiction | Unwilling, place: tuple[str, str]) -> None:
        """Open the incident, once, in the journal's commune; what happens to the host's journal concerns them all."""
        kind, todo = (REWRITTEN, COMPARE) if isinstance(error, Contradiction) else (UNWILLING, TELL_HOST)
        severity = "grave" if isinstance(error, Contradiction) and error.proved else "warn"
        log.error(kind, witness=place[0], journal=place[1], what=error.what)
        what, now_us = f"{_subject(place)} {error.what}", self._clock.utc().us
        async with write(self._engine) as session:
            known = set((await session.execute(select(col(Commune.id)))).scalars())
            standing = {one.commune_id: one for one in await self._standing(session, place) if one.kind == kind}
            concerned = sorted({commune} & known or known)
            for one in concerned:
                if one in standing:
                    standing[one].what, standing[one].severity = what, severity
                    continue
                session.add(
                    Incident(
                        commune_id=one,
                        kind=kind,
                        severity=severity,
                        what=what,
                        todo=todo,
                        rule="E-04",
                        opened_us=now_us,
                    )
                )
        if kind == REWRITTEN:
            # Asked each time it is seen: the keeper writes to each auditor once a day, and a crash here loses nothing.
            for one in concerned:
                await self._keeper.tell_auditors(one)

    async def _lower(self, place: tuple[str, str]) -> None:
        """The witness cosigns again: what was said of it and of this journal is over."""
        async with write(self._engine) as session:
            for incident in await self._standing(session, place):
                incident.closed_us = self._clock.utc().us

    async def _standing(self, session: AsyncSession, place: tuple[str, str]) -> list[Incident]:
        told = select(Incident).where(
            col(Incident.kind).in_((REWRITTEN, UNWILLING)), col(Incident.closed_us).is_(None),
            col(Incident.what).startswith(_subject(place), autoescape=True),
        )  # fmt: skip
        return list((await session.execute(told)).scalars())


def _subject(place: tuple[str, str]) -> str:
    return f"Témoin « {place[0]} », journal {place[1]} :"
