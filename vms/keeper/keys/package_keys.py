"""Keys of evidence packages: kept wrapped, opened for the agent who hands over, destroyed on their date (P-33, P-38).

A package is sealed on disk (docs/formats/package.md). Its key comes from the export worker, wrapped to the commune's
public key, and only an export view on the same request may leave it here or have it opened, sealed to its page. One
request has one package: another extraction replaces the key, and with it what the old package was.
"""

from __future__ import annotations

import base64
import sqlite3
from dataclasses import dataclass
from typing import Final

from vms.clock import HOUR_US
from vms.errors import BadInput, NotFound, Refused
from vms.evidence.sealed import package_key_info
from vms.keeper.communes import Commune, Communes
from vms.keeper.files.store import Tx
from vms.keeper.gate.consultations import Consultations, View
from vms.keeper.identity.signed_request import refused
from vms.keeper.journal.entry import Entry
from vms.keeper.protocol import PACKAGE_WINDOW_INFO, PAGE_KEY_BYTES, Act
from vms.keys.wrapping import seal_to, unwrap
from vms.law.facts import CommuneFacts

# A key whose package was never recorded (the extraction broke off after it) goes after this long.
UNRECORDED_LIMIT_US: Final = 24 * HOUR_US
WRAPPED_LIMIT_BYTES: Final = 8192
PACKAGE_ID_LIMIT_CHARS: Final = 80


@dataclass(frozen=True, slots=True)
class PackageKey:
    """A row: which package of which request, its key wrapped to the commune, since when."""

    request: str
    package: str
    wrapped: bytes
    at_us: int


class PackageKeys:
    """Takes, opens and destroys package keys."""

    def __init__(self, views: Consultations, communes: Communes) -> None:
        self._views = views
        self._communes = communes

    async def put(self, permit: str, package: str, wrapped: bytes) -> None:
        """Keep a package's key under an export view; repeatable. Refused or BadInput otherwise."""
        view, request = self._export(permit)
        if not 1 <= len(package) <= PACKAGE_ID_LIMIT_CHARS or not package.isascii():
            raise BadInput("Ce nom de paquet n’est pas permis.", where="package")
        if not 1 <= len(wrapped) <= WRAPPED_LIMIT_BYTES:
            raise BadInput("Cette clé enveloppée n’a pas la bonne longueur.", where="wrapped")
        commune = self._communes.get(view.commune)

        def work(tx: Tx) -> None:
            row = (request, package, wrapped, tx.now.us)
            tx.db.execute("INSERT OR REPLACE INTO package_key VALUES (?, ?, ?, ?)", row)

        await commune.keys.write(work)

    async def open(self, permit: str, page_public: bytes) -> tuple[str, bytes]:
        """The package's name and its key sealed to the page, journalled first; NotFound once it was destroyed (P-40).

        The view was opened by a wish that names this page key (decision 0015). Unavailable while the commune is locked.
        """
        view, request = self._export(permit)
        if len(page_public) != PAGE_KEY_BYTES:
            raise BadInput(f"La clé de la page fait {PAGE_KEY_BYTES} octets.", where="public")
        if view.signed_public != base64.b64encode(page_public).decode():
            raise refused("La page n’a pas signé pour recevoir cette clé.")
        commune = self._communes.get(view.commune)
        private = commune.private_key()
        row = _find(commune.keys.reader, request)
        if row is None:
            raise NotFound("Ce paquet n’existe pas, ou a été détruit à son terme.", where=request)
        key = unwrap(private, row.wrapped, package_key_info(commune.id, request, row.package))
        entry = Entry(
            "communication",
            "open_package",
            view.author,
            cameras=view.cameras,
            purpose=view.motive.purpose,
            motive=view.motive.text,
            reference=request,
            detail={"view": view.id, "package": row.package},
        )
        await commune.log(entry)
        return row.package, seal_to(page_public, key, PACKAGE_WINDOW_INFO, view.id.encode())

    def live(self, commune: str) -> list[str]:
        """The packages of a commune whose key is still there."""
        return [row.package for row in _all(self._communes.get(commune).keys.reader)]

    def _export(self, permit: str) -> tuple[View, str]:
        view = self._views.current(permit)
        if view.act is not Act.EXPORT or not view.motive.request:
            raise Refused("Ce permis n’est pas celui d’une extraction.", todo="Demandez l’extraction.", rule="P-74")
        return view, view.motive.request


async def destroy_due_packages(commune: Commune, now_us: int) -> int:
    """Destroy the keys of packages whose own date has come, or that were purged; how many (P-33).

    The purge itself is journalled by ``purge_package``; what goes here by date alone is journalled here.
    """
    due = [row for row in _all(commune.keys.reader) if is_due(commune.facts, row, now_us)]
    if not due:
        return 0

    def work(tx: Tx) -> int:
        pairs = [(row.request, row.package) for row in due]
        return tx.db.executemany("DELETE FROM package_key WHERE request = ? AND package = ?", pairs).rowcount

    # A crash after this leaves a destruction without its entry; the request's dates tell it all the same.
    gone = await commune.keys.write(work)
    await commune.keys.truncate()
    await commune.log(
        *(
            Entry("effacement", "destroy_package_key", reference=row.request, detail={"package": row.package})
            for row in due
        )
    )
    return gone


def is_due(facts: CommuneFacts, row: PackageKey, now_us: int) -> bool:
    """Whether a package's key must go: purged, past its date, of no known request, or never recorded in a day."""
    request = facts.requests.get(row.request)
    if request is None:
        return True
    package = request.package
    purge_us, purged_us, built_us = (package.get(name) for name in ("purge_us", "purged_us", "built_us"))
    if isinstance(purged_us, int) and purged_us >= row.at_us:
        return True
    if isinstance(built_us, int) and isinstance(purge_us, int) and built_us >= row.at_us:
        return purge_us <= now_us
    return row.at_us + UNRECORDED_LIMIT_US <= now_us


def _find(db: sqlite3.Connection, request: str) -> PackageKey | None:
    return next((row for row in _all(db) if row.request == request), None)


def _all(db: sqlite3.Connection) -> list[PackageKey]:
    rows = db.execute("SELECT request, package, wrapped, at_us FROM package_key").fetchall()
    return [PackageKey(str(row[0]), str(row[1]), bytes(row[2]), int(row[3])) for row in rows]
