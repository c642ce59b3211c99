"""``vms fsck``: the storage invariants S1–S5 of one store and its index, each a named check. No key is needed.

    S1  a ``sealed`` row ⇒ its file is there, of that size, with every checksum and link as the row says
    S2  a file without a row is the end of a stream that a crash cut short, and nothing else lies in the store
    S3  a row ⇒ its first group was durable before it
    S4  segments and absences tile each stream's time, and their links form one chain
    S5  nothing is past its due date without a hold

Reading changes nothing. ``repair`` finishes what a crash left, with the same function as a writer's start; it never
destroys what it does not understand: that goes to quarantine, and is counted. What a running recorder is writing just
now is no finding.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.fsck.findings import Finding, Report, compare, printable
from recorder.fsck.tiling import check_tiling
from recorder.recording.adoption import Adopted, adopt
from recorder.recording.bridge import bridge_to
from recorder.recording.scan import Scan, scan_file
from recorder.retention.erasure import finish_marked
from recorder.retention.policies import Policies, spans, term
from recorder.retention.sweep import quarantine_due
from recorder.segment.format import SegmentDamaged, SegmentName
from recorder.segment.rows import StreamId, Tail, load_tail
from recorder.store.errors import StoreError
from recorder.store.local import SPOOLED, LocalStore, StoredFile
from vms.clock import MICRO, UtcTime
from vms.db.engine import read
from vms.db.leases import is_held
from vms.errors import Damaged, NotFound
from vms.law.retention import held
from vms.model import Absence, Mending, Segment, StreamMark

# Destruction runs each minute: what is due is given this long to be gone before it counts as kept too long.
COMMIT_WAIT_S: Final = 1.0
DESTRUCTION_GRACE_US: Final = 180 * MICRO


class Fsck:
    """One run over one store. Where no policy was heard, S5 is checked against the law's month, without holds."""

    def __init__(self, engine: AsyncEngine, store: LocalStore, now: UtcTime, policies: Policies) -> None:
        self._engine, self._store, self._now, self._policies = engine, store, now, policies
        self.report = Report()

    async def check(self) -> Report:
        """Look at everything, change nothing; StoreError when the store is not the one we know."""
        await asyncio.to_thread(self._store.check_whole)
        files: dict[StreamId, dict[str, StoredFile]] = defaultdict(dict)
        for file in await asyncio.to_thread(lambda: list(self._store.files())):
            self._sort(file, files)
        for stream in sorted(await self._streams() | set(files), key=str):
            await self._check_stream(stream, files.get(stream, {}))
            self.report.streams += 1
        self._check_quarantine()
        return self.report

    async def repair(self) -> Report:
        """Finish what crashes left of each stream that nobody writes, then check."""
        await asyncio.to_thread(self._store.check_whole)
        for stream in sorted(await self._streams() | await self._stored_streams(), key=str):
            lock = await asyncio.to_thread(self._store.lock, stream.commune, stream.camera, stream.stream)
            if lock is None or await is_held(self._engine, f"camera:{stream.camera}"):
                self.report.repaired.append(f"{stream} : en cours d’écriture, laissé tel quel")
                if lock is not None:
                    self._store.unlock(lock)
                continue
            try:
                done = await adopt(self._engine, self._store, stream)
                await self._trim(stream, done)
                await self._set_strangers_aside(stream, done)
            finally:
                self._store.unlock(lock)
            self.report.repaired += _sentences(stream, done)
        await self._finish_destructions()
        for file in await asyncio.to_thread(lambda: list(self._store.files())):
            if file.name is None:
                target = await asyncio.to_thread(self._store.quarantine, file.path, file.path.name)
                self.report.repaired.append(printable(f"{file.relative} : mis en quarantaine ({target.name})"))
        return await self.check()

    def _sort(self, file: StoredFile, files: dict[StreamId, dict[str, StoredFile]]) -> None:
        if file.name is None:
            self.report.add(
                Finding("S2", "foreign", file.relative, "Ce fichier n’est pas un segment, ou n’est pas à sa place.")
            )
            return
        stream = StreamId(file.commune, file.name.camera, file.name.stream)
        files[stream][str(file.name)] = file

    async def _streams(self) -> set[StreamId]:
        found: set[StreamId] = set()
        async with read(self._engine) as session:
            for table in (Segment, Absence):
                chosen = select(table.commune_id, table.camera_id, table.stream).distinct()
                found |= {StreamId(row[0], row[1], row[2]) for row in await session.execute(chosen)}
        return found

    async def _stored_streams(self) -> set[StreamId]:
        files = await asyncio.to_thread(lambda: list(self._store.files()))
        return {StreamId(one.commune, one.name.camera, one.name.stream) for one in files if one.name is not None}

    async def _check_stream(self, stream: StreamId, files: dict[str, StoredFile]) -> None:
        async with read(self._engine) as session:
            chosen = select(Segment).where(
                col(Segment.camera_id) == stream.camera, col(Segment.stream) == stream.stream
            )
            rows = list((await session.execute(chosen.order_by(col(Segment.start_us)))).scalars())
            others = select(Absence).where(
                col(Absence.camera_id) == stream.camera, col(Absence.stream) == stream.stream
            )
            absences = list((await session.execute(others.order_by(col(Absence.start_us)))).scalars())
            asked = select(Mending).where(col(Mending.camera_id) == stream.camera, col(Mending.stream) == stream.stream)
            mended = list((await session.execute(asked)).scalars())
            mark = await session.get(StreamMark, (stream.camera, stream.stream))
            tail = await load_tail(session, stream)
        ends: dict[str, Scan] = {}
        for row in rows:
            scan = await self._check_row(row, stream)
            if scan is not None:
                ends[row.name] = scan
        for problem in check_tiling(stream, rows, absences, mark, ends, mended):
            self.report.add(Finding("S4", problem.kind, problem.where, problem.what))
        known = {row.name for row in rows}
        strays = [file for name, file in sorted(files.items()) if name not in known]
        newest = rows[-1] if rows else None
        if newest is not None and newest.state == "open" and newest.name in ends:
            scan = ends[newest.name]
            tail = Tail(scan.end_us, scan.header.sequence + scan.groups, scan.last_link, None)
        crashed = 0
        for file in strays:
            # S2 allows one file without a row at the end of a stream: more of them are a finding, adoptable or not.
            tail, left_by_crash = await self._check_stray(file, stream, tail, first=crashed == 0)
            crashed += left_by_crash
        self._check_due(stream, rows, strays)

    async def _check_row(self, row: Segment, stream: StreamId) -> Scan | None:
        """S1 for a sealed row, S3 for an open one; the scan when the file's header is sound."""
        if row.state == "destroying":
            self.report.add(Finding("S1", "half-destroyed", row.name, "Destruction à terminer.", note=True))
            return None
        self.report.segments += 1
        try:
            path = self._store.path_of(SegmentName.parse(row.name), row.commune_id)
        except Damaged as error:
            self.report.add(Finding(_invariant(row), "row-damaged", row.name, error.what))
            return None
        try:
            scan = await asyncio.to_thread(scan_file, self._store, path)
        except NotFound:
            if self._store.ended_state == SPOOLED and row.state in ("open", SPOOLED):
                what = "Ce segment est dans le tampon d’une autre machine, qui le versera."
                self.report.add(Finding("S3", "awaited", row.name, what, note=True))
            elif not await self._gone(row):
                # On a volume that went away while we look, nothing is missing: it is out of reach.
                await asyncio.to_thread(self._store.check_whole)
                self.report.add(Finding(_invariant(row), "missing", row.name, "Le fichier de ce segment manque."))
            return None
        except (Damaged, StoreError) as error:
            self.report.add(_unreadable(row, error))
            return None
        self.report.groups += scan.groups
        self.report.size_bytes += scan.file_bytes
        if row.state == "open":
            self._compare_open(row, scan)
        else:
            for finding in compare(row, scan):
                # What a spooled file has beyond its row is cut off before it goes to the bucket.
                note = row.state == SPOOLED and finding.kind == "longer"
                if not await self._gone(row):
                    self.report.add(replace(finding, note=note))
        return scan

    def _compare_open(self, row: Segment, scan: Scan) -> None:
        if scan.first_link != row.first_link:
            self.report.add(Finding("S3", "header-differs", row.name, "L’en-tête n’est pas celui que dit la ligne."))
        elif scan.groups == 0:
            self.report.add(Finding("S3", "no-group", row.name, "La ligne existe sans aucun groupe entier."))
        else:
            what = f"Segment ouvert, {scan.groups} groupes entiers."
            rest = scan.sound_bytes if scan.rest else None
            self.report.add(Finding("S3", "open", row.name, what, offset=rest, note=True))

    async def _check_stray(self, file: StoredFile, stream: StreamId, tail: Tail, *, first: bool) -> tuple[Tail, bool]:
        """Where the chain stands after ``file``, and whether the file is what a crash leaves."""
        if await self._recorded(file) or file.name is None:
            return tail, False  # its row was committed while we were looking
        newest = file.name.start.us >= (tail.covered_us or 0)
        try:
            scan = await asyncio.to_thread(scan_file, self._store, file.path)
        except NotFound:
            return tail, False
        except Damaged as error:
            # A file that an error cut short before its header; at the end of a stream, a header that never became
            # durable. Neither ever held a picture. Anywhere else: damage.
            torn = isinstance(error, SegmentDamaged) and error.torn
            self.report.add(Finding("S2", "stray", file.relative, error.what, note=torn or (first and newest)))
            return tail, newest
        if scan.header.origin == "edge":
            what = "Ramené de la carte de la caméra, sans ligne : sera ramené de nouveau."
            self.report.add(Finding("S2", "unrecorded", file.relative, what, note=True))
            return tail, False
        follows = scan.groups == 0 or await asyncio.to_thread(bridge_to, tail, stream, scan) is not None
        if not follows and newest:
            # A recorder may be about to commit this row, after groups that we did not see.
            await asyncio.sleep(COMMIT_WAIT_S)
            if await self._recorded(file):
                return tail, False
        what = "Fichier sans ligne, que --repair adopte." if follows else "Fichier sans ligne, hors de la chaîne."
        kind = "unrecorded" if follows else "stray"
        self.report.add(Finding("S2", kind, file.relative, what, note=follows and first))
        if follows and scan.groups:
            tail = Tail(scan.end_us, scan.header.sequence + scan.groups, scan.last_link, None)
        return tail, follows

    async def _recorded(self, file: StoredFile) -> bool:
        async with read(self._engine) as session:
            return await session.get(Segment, str(file.name)) is not None

    def _check_due(self, stream: StreamId, rows: list[Segment], strays: list[StoredFile]) -> None:
        now_us = self._now.us - DESTRUCTION_GRACE_US
        policy = self._policies.of(stream.commune, stream.camera)
        kept = spans(policy, now_us) if policy is not None else []
        items = [(row.name, row.start_us, row.end_us) for row in rows]
        items += [
            (file.relative, file.name.start.us, file.name.start.us + 1) for file in strays if file.name is not None
        ]
        for where, start_us, end_us in items:
            if term(policy, start_us) <= now_us and not held(start_us, end_us, kept):
                what = f"Conservé au-delà de son échéance ({UtcTime(term(policy, start_us)).iso()})."
                self.report.add(Finding("S5", "past-due", where, what))

    def _check_quarantine(self) -> None:
        for path in self._store.quarantined():
            self.report.quarantined += 1
            if quarantine_due(path, self._now.us - DESTRUCTION_GRACE_US):
                self.report.add(
                    Finding("S5", "past-due", f"quarantine/{path.name}", "En quarantaine depuis trop longtemps.")
                )

    async def _gone(self, row: Segment) -> bool:
        """Whether the row was destroyed or changed since we read it: a retention sweep ran meanwhile."""
        async with read(self._engine) as session:
            now = await session.get(Segment, row.name)
        return now is None or now.state != row.state

    async def _finish_destructions(self) -> None:
        now_us = self._now.us
        mode_of = partial(self._policies.mode_of, now_us)
        for row in await finish_marked(self._engine, self._store, mode_of, now_us):
            self.report.repaired.append(f"{row.name} : destruction terminée")

    async def _trim(self, stream: StreamId, done: Adopted) -> None:
        """Bytes after the end of a sealed segment: an abandoned group that the failing disk could not be rid of."""
        async with read(self._engine) as session:
            chosen = select(Segment).where(
                col(Segment.camera_id) == stream.camera,
                col(Segment.stream) == stream.stream,
                col(Segment.state) == "sealed",
            )
            rows = list((await session.execute(chosen)).scalars())
        for row in rows:
            try:
                path = self._store.path_of(SegmentName.parse(row.name), row.commune_id)
            except Damaged:
                continue  # the check that follows tells it
            if self._store.is_here(path) and path.stat().st_size > row.size_bytes:
                await asyncio.to_thread(self._store.quarantine_tail, path, row.size_bytes)
                await asyncio.to_thread(self._store.cut, path, row.size_bytes)
                done.cut.append(row.name)
                done.quarantined.append(row.name)

    async def _set_strangers_aside(self, stream: StreamId, done: Adopted) -> None:
        """Files without a row that adoption did not look at: older than what a crash leaves."""
        async with read(self._engine) as session:
            chosen = select(Segment.name).where(
                col(Segment.camera_id) == stream.camera, col(Segment.stream) == stream.stream
            )
            known = set((await session.execute(chosen)).scalars())
        since = UtcTime(0)
        files = await asyncio.to_thread(self._store.files_since, stream.commune, stream.camera, stream.stream, since)
        for file in files:
            if str(file.name) not in known:
                await asyncio.to_thread(self._store.quarantine, file.path, file.path.name)
                done.quarantined.append(file.path.name)


def _invariant(row: Segment) -> str:
    return "S1" if row.state == "sealed" else "S3"


def _unreadable(row: Segment, error: Damaged | StoreError) -> Finding:
    if isinstance(error, SegmentDamaged):
        kind = "cut" if error.torn else "altered"
        return Finding(_invariant(row), kind, row.name, error.what, error.offset)
    if isinstance(error, Damaged):
        return Finding(_invariant(row), "swapped", row.name, f"{error.what} ({error.where})", 0)
    return Finding(_invariant(row), "unreadable", row.name, error.what)


def _sentences(stream: StreamId, done: Adopted) -> list[str]:
    said = {
        "sealed": "scellé à son dernier groupe entier",
        "adopted": "adopté",
        "cut": "fin inachevée coupée",
        "lost": "ligne sans fichier utilisable, retirée",
        "removed": "fichier sans groupe entier, retiré",
        "quarantined": "mis en quarantaine",
    }
    return [f"{stream} : {name} : {what}" for kind, what in said.items() for name in getattr(done, kind)]


async def run(
    engine: AsyncEngine, store: LocalStore, policy_memo: Path, now: UtcTime, *, repair: bool = False
) -> Report:
    """What ``vms fsck`` does; the policies are read, never made."""
    fsck = Fsck(engine, store, now, Policies(store, policy_memo))
    return await (fsck.repair() if repair else fsck.check())
