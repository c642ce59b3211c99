"""The facts of one commune as rows: typed JSON documents, each with a keyed checksum, read whole by the gate.

A row that another process wrote or changed has no valid checksum: the commune's facts are then Damaged and its doors
stay shut (fails closed). Documents suit this store: the gate reads all facts of a commune and queries none by field.
"""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from vms.errors import Damaged, NotFound
from vms.keeper.files import history
from vms.keeper.files.history import History, Sealer
from vms.law.facts import (
    CameraFacts,
    CommuneFacts,
    Convention,
    Emergency,
    EmergencyPersons,
    Framing,
    Grouping,
    Habilitation,
    Hold,
    Modification,
    Order,
    Request,
    Zones,
)
from vms.law.masks import MaskDrift, SeenMasks
from vms.law.objective import Objective
from vms.law.siting import Position, SitePlan
from vms.law.two_persons import PendingAct

FACT_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS fact (
  kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, mac BLOB NOT NULL, PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open_view (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS head (
  segment TEXT PRIMARY KEY, camera TEXT NOT NULL, start_us INTEGER NOT NULL, key_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS head_by_key ON head (key_id);
CREATE TABLE IF NOT EXISTS last_head (
  camera TEXT NOT NULL, stream TEXT NOT NULL, sequence INTEGER NOT NULL, link TEXT NOT NULL, segment TEXT NOT NULL,
  statement TEXT NOT NULL, PRIMARY KEY (camera, stream)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, request TEXT NOT NULL, person TEXT NOT NULL,
  created_us INTEGER NOT NULL, sent_us INTEGER
) STRICT;
"""
SCHEMA: Final = FACT_SCHEMA + history.SCHEMA


@dataclass(frozen=True, slots=True)
class CommuneRecord:
    """The commune itself: its name, its public key (base64), the engagement addressed to the CNIL (P-23), and what its
    public page says of it (P-81): the controller's address, the data protection officer, where rights are exercised."""

    name: str
    public_key: str
    created_us: int
    cnil_ref: str = ""
    cnil_us: int | None = None
    controller: str = ""
    officer: str = ""
    rights: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder of the commune's private key: the key wrapped by that person's passphrase (law.md §6.6 asks for two).

    ``passkeys``: the same key wrapped by what passkeys of theirs compute, by the passkey's fingerprint; ``tokens``:
    wrapped for PKCS#11 tokens of theirs, by the token's label.
    """

    person: str
    label: str
    wrapped: Mapping[str, Any]
    created_us: int
    passkeys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tokens: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drill:
    """When a holder last showed that they can open the commune's key, with the passphrase or this ``token`` (A-14)."""

    person: str
    at_us: int
    token: str = ""


@dataclass(frozen=True, slots=True)
class NetPrefix:
    """A declared network prefix and whether its path is *maîtrisé* (A-01, A-02)."""

    cidr: str
    trusted: bool
    declared_us: int


@dataclass(frozen=True, slots=True)
class ProvisioningOrder:
    """An order to the provisioner, as issued."""

    id: str
    kind: str
    args: Mapping[str, Any]
    person: str
    habilitation: str
    issued_us: int
    expires_us: int


@dataclass(frozen=True, slots=True)
class ConfirmedTime:
    """A person said that the machine's time is right: which doubt that ended, by when it began."""

    doubt_us: int
    person: str
    at_us: int


@dataclass(frozen=True, slots=True)
class SealRecord:
    """The commune's seal (E-30): private key and certificate, DER in base64; it signs manifests, it opens nothing."""

    private: str
    certificate: str
    created_us: int


@dataclass(frozen=True, slots=True)
class Applicant:
    """What a filmed person told of themselves, apart from their request (P-83): never in the journal, in no history.

    ``answer`` is how they want to be answered, ``code_sha256`` the hash of their follow-up code, ``erase_us`` when the
    row goes, known once the request has its answer.
    """

    request: str
    code_sha256: str
    name: str
    answer: str
    contact: str
    place: str
    description: str
    filed_us: int
    erase_us: int | None = None

    def without_words(self, erase_us: int) -> Applicant:
        """The same with nothing in it that says who it was."""
        return Applicant(self.request, self.code_sha256, "", "", "", "", "", self.filed_us, erase_us)


KINDS: Final[dict[str, TypeAdapter[Any]]] = {
    "commune": TypeAdapter(CommuneRecord),
    "holder": TypeAdapter(Holder),
    "drill": TypeAdapter(Drill),
    "prefix": TypeAdapter(NetPrefix),
    "provisioning": TypeAdapter(ProvisioningOrder),
    "order": TypeAdapter(Order),
    "habilitation": TypeAdapter(Habilitation),
    "convention": TypeAdapter(Convention),
    "grouping": TypeAdapter(Grouping),
    "modification": TypeAdapter(Modification),
    "camera": TypeAdapter(CameraFacts),
    "zones": TypeAdapter(Zones),
    "seen_masks": TypeAdapter(SeenMasks),
    "mask_drift": TypeAdapter(MaskDrift),
    "framing": TypeAdapter(Framing),
    "hold": TypeAdapter(Hold),
    "request": TypeAdapter(Request),
    "applicant": TypeAdapter(Applicant),
    "emergency": TypeAdapter(Emergency),
    "emergency_persons": TypeAdapter(EmergencyPersons),
    "position": TypeAdapter(Position),
    "site_plan": TypeAdapter(SitePlan),
    "objective": TypeAdapter(Objective),
    "seal": TypeAdapter(SealRecord),
    "time": TypeAdapter(ConfirmedTime),
    "pending_act": TypeAdapter(PendingAct),
}
COMMUNE_ID: Final = "self"

T = TypeVar("T")


class Records:
    """Reads and writes a commune's facts; the caller owns the transaction."""

    def __init__(self, commune: str, mac_key: bytes) -> None:
        self._commune = commune
        self._sealer = Sealer(commune, mac_key)
        self._history = History(self._sealer)

    def put(self, db: sqlite3.Connection, kind: str, fact_id: str, value: Any, now_us: int) -> None:
        """Write a fact, new or changed, as it is from ``now_us`` on; what the gate reads keeps its former versions."""
        body = KINDS[kind].dump_json(value).decode()
        self._history.keep(db, kind, fact_id, body, now_us)
        db.execute(
            "INSERT INTO fact (kind, id, body, mac) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, mac = excluded.mac",
            (kind, fact_id, body, self._mac(kind, fact_id, body)),
        )

    def get(self, db: sqlite3.Connection, kind: str, fact_id: str, expected: type[T]) -> T:
        """One fact; NotFound when there is none, Damaged when it was altered."""
        row = db.execute("SELECT body, mac FROM fact WHERE kind = ? AND id = ?", (kind, fact_id)).fetchone()
        if row is None:
            raise NotFound(f"Il n’y a pas de « {kind} » sous cet identifiant.", where=fact_id[:80])
        value = self._open(kind, fact_id, *row)
        if not isinstance(value, expected):
            raise TypeError(f"{kind} is not {expected.__name__}")
        return value

    def remove(self, db: sqlite3.Connection, kind: str, fact_id: str) -> None:
        """Delete a fact that keeps no history, its bytes overwritten; TypeError for one that does."""
        if kind in history.DATED:
            raise TypeError(f"{kind} keeps its history")
        db.execute("DELETE FROM fact WHERE kind = ? AND id = ?", (kind, fact_id))

    def all(self, db: sqlite3.Connection, kind: str, expected: type[T]) -> dict[str, T]:
        """All facts of a kind, by id."""
        rows = db.execute("SELECT kind, id, body, mac FROM fact WHERE kind = ? ORDER BY id", (kind,))
        return {fact_id: value for _, fact_id, value in self._each(rows) if isinstance(value, expected)}

    def load(self, db: sqlite3.Connection) -> CommuneFacts:
        """Everything the gate reads, from one statement and so from one moment."""
        rows = db.execute("SELECT kind, id, body, mac FROM fact ORDER BY kind, id")
        facts = self._assembled(self._each(rows))
        if facts is None:
            raise Damaged("La fiche de la commune manque.", where=self._commune)
        return facts

    def load_at(self, db: sqlite3.Connection, at_us: int) -> CommuneFacts:
        """What the gate read at an instant: each fact as it was then recorded; nothing before the commune was founded.

        Damaged when a version was altered or is missing; NotFound when the instant lies before what is kept (P-43).
        """
        bodies = self._history.bodies_at(db, at_us)
        found = ((kind, fact_id, self._parsed(kind, fact_id, body)) for (kind, fact_id), body in bodies.items())
        return self._assembled(found) or CommuneFacts(self._commune, self._commune)

    def prune(self, db: sqlite3.Connection, before_us: int) -> int:
        """Forget versions that were superseded before an instant; how many (P-43)."""
        return self._history.prune(db, before_us)

    def _assembled(self, rows: Iterable[tuple[str, str, Any]]) -> CommuneFacts | None:
        found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        for kind, fact_id, value in rows:
            found[kind][fact_id] = value
        commune: CommuneRecord | None = found["commune"].get(COMMUNE_ID)
        if commune is None:
            return None
        return CommuneFacts(
            id=self._commune,
            name=commune.name,
            cnil_ref=commune.cnil_ref,
            cnil_us=commune.cnil_us,
            orders=found["order"],
            habilitations=tuple(found["habilitation"].values()),
            conventions=tuple(found["convention"].values()),
            groupings=tuple(found["grouping"].values()),
            modifications=tuple(found["modification"].values()),
            cameras=found["camera"],
            zones=tuple(found["zones"].values()),
            framings=tuple(found["framing"].values()),
            holds=tuple(found["hold"].values()),
            requests=found["request"],
            emergencies=tuple(found["emergency"].values()),
            emergency_persons=found["emergency_persons"].get(COMMUNE_ID),
            positions=found["position"],
            site_plans=found["site_plan"],
            objectives=found["objective"],
            drifts=tuple(found["mask_drift"].values()),
            seen_masks=found["seen_masks"],
        )

    def _each(self, rows: sqlite3.Cursor) -> Iterator[tuple[str, str, Any]]:
        for kind, fact_id, body, mac in rows:
            yield kind, fact_id, self._open(kind, fact_id, body, mac)

    def _open(self, kind: str, fact_id: str, body: str, mac: bytes) -> Any:
        if kind not in KINDS or not hmac.compare_digest(self._mac(kind, fact_id, body), mac):
            where = f"{self._commune}: {kind} {fact_id}"
            raise Damaged("Un fait du coffre du gardien a été altéré.", where=where, todo="Restaurez-le.")
        return self._parsed(kind, fact_id, body)

    def _parsed(self, kind: str, fact_id: str, body: str) -> Any:
        try:
            return KINDS[kind].validate_json(body)
        except ValidationError as error:
            where = f"{self._commune}: {kind} {fact_id}"
            raise Damaged("Un fait du coffre du gardien est illisible.", where=where) from error

    def _mac(self, kind: str, fact_id: str, body: str) -> bytes:
        return self._sealer.mac("fact", kind, fact_id, body)
