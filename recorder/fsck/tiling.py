"""S4 as a pure function: do a stream's segments and absences tile its time, and do their links form one chain?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from recorder.recording.scan import Scan
from recorder.segment.format import AbsenceRecord, edge_genesis, genesis, next_link
from recorder.segment.rows import StreamId
from vms.clock import UtcTime
from vms.errors import BadInput
from vms.model import Absence, Mending, Segment, StreamMark


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where time or chain does not hold; ``row`` is the segment's name, when it is one's."""

    kind: str
    where: str
    what: str
    row: str | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A segment or an absence, as the tiling sees it; ``previous`` and ``last`` are None when they cannot be known."""

    label: str
    row: str | None
    start_us: int
    end_us: int | None
    first_sequence: int
    last_sequence: int
    previous: bytes | None
    last: bytes | None
    absence: Absence | Mending | None = None
    edge: bool = False


def check_tiling(
    stream: StreamId,
    segments: Sequence[Segment],
    absences: Sequence[Absence],
    mark: StreamMark | None,
    scans: Mapping[str, Scan],
    mended: Sequence[Mending] = (),
) -> Iterator[Problem]:
    """Each break, in order of time. ``scans`` are the files that could be read, by segment name.

    ``mended`` are absences whose time a camera's card was asked for: links of the chain, while rows of absences and
    edge segments cover their time.
    """
    pieces = [_segment(row, scans.get(row.name)) for row in segments if row.state != "destroying"]
    pieces += [_absence(row) for row in absences]
    pieces.sort(key=lambda piece: (piece.start_us, piece.end_us is None))
    destroyed_us = mark.destroyed_until_us if mark is not None else 0
    destroying = [(row.start_us, row.end_us) for row in segments if row.state == "destroying"]
    before: _Piece | None = None
    for piece in pieces:
        if piece.end_us is not None and piece.end_us <= piece.start_us:
            yield Problem("inverted", piece.label, "Cette plage finit avant d’avoir commencé.", piece.row)
        if before is not None:
            yield from _meet(before, piece, max([destroyed_us, *(end for _, end in destroying)]))
        before = piece
    links = [piece for piece in pieces if not piece.edge and (piece.first_sequence or piece.end_us is None)]
    links += [_mended(row) for row in mended]
    links.sort(key=lambda piece: (piece.start_us, piece.end_us is None))
    before = None
    for piece in links:
        yield from _chain(stream, before, piece, mark)
        before = piece
    yield from _edge_chain(stream, [piece for piece in pieces if piece.edge])


def _meet(before: _Piece, piece: _Piece, destroyed_us: int) -> Iterator[Problem]:
    if before.end_us is None:
        yield Problem("overlap", before.label, f"Cette absence dure encore quand commence {piece.label}.", piece.row)
    elif piece.start_us < before.end_us:
        yield Problem(
            "overlap",
            piece.label,
            f"Ce temps est déjà couvert jusqu’à {_at(before.end_us)} par {before.label}.",
            piece.row,
        )
    elif piece.start_us > before.end_us and piece.start_us > destroyed_us:
        yield Problem("hole", piece.label, f"Rien ne couvre le temps depuis {_at(before.end_us)}.", piece.row)


def _chain(stream: StreamId, before: _Piece | None, piece: _Piece, mark: StreamMark | None) -> Iterator[Problem]:
    known = [(0, genesis(stream.camera, stream.stream))]
    if mark is not None:
        known.append((mark.sequence, mark.link))
    if before is not None and before.last is not None:
        known.append((before.last_sequence, before.last))
    links = dict(known)
    if before is not None and piece.first_sequence <= before.last_sequence and piece.first_sequence:
        yield Problem("chain-break", piece.label, "Son numéro de maillon ne suit pas le précédent.", piece.row)
        return
    abuts = before is not None and before.last is not None and before.end_us == piece.start_us
    if abuts and before is not None and piece.first_sequence not in (0, before.last_sequence + 1):
        yield Problem("chain-break", piece.label, "Il manque des maillons avant celui-ci.", piece.row)
        return
    previous = links.get(piece.first_sequence - 1)
    if previous is None:
        return  # what came before was destroyed, or cannot be read (S1 says so)
    if piece.absence is not None:
        yield from _absence_link(stream, piece, previous)
    elif piece.previous is not None and piece.previous != previous:
        yield Problem("chain-break", piece.label, "Son maillon ne continue pas le précédent.", piece.row)


def _edge_chain(stream: StreamId, pieces: list[_Piece]) -> Iterator[Problem]:
    """The links of what was brought back from the card: in the order it came back, not in the order of time."""
    last_sequence, last = 0, edge_genesis(stream.camera, stream.stream)
    for piece in sorted(pieces, key=lambda piece: piece.first_sequence):
        if piece.first_sequence <= last_sequence:
            yield Problem("chain-break", piece.label, "Son numéro de maillon ne suit pas le précédent.", piece.row)
        elif piece.first_sequence == last_sequence + 1 and piece.previous not in (None, last):
            yield Problem("chain-break", piece.label, "Son maillon ne continue pas le précédent.", piece.row)
        last_sequence, last = piece.last_sequence, piece.last or b""


def _absence_link(stream: StreamId, piece: _Piece, previous: bytes) -> Iterator[Problem]:
    row = piece.absence
    if row is None or row.end_us is None:
        return
    try:
        record = AbsenceRecord(stream.camera, stream.stream, row.sequence, row.start_us, row.end_us, row.cause).encode()
    except BadInput:
        return  # inverted: said already
    if next_link(previous, record) != row.link:
        yield Problem("chain-break", piece.label, "Le maillon de cette absence ne se recalcule pas.")


def _segment(row: Segment, scan: Scan | None) -> _Piece:
    if row.state == "open" and scan is not None and scan.groups:
        end_us, last_sequence, last = scan.end_us, scan.header.sequence + scan.groups, scan.last_link
    else:
        end_us, last_sequence, last = row.end_us, row.sequence + row.groups, row.last_link
    previous = scan.header.previous if scan is not None else None
    edge = row.origin == "edge"
    return _Piece(row.name, row.name, row.start_us, end_us, row.sequence, last_sequence, previous, last, edge=edge)


def _mended(row: Mending) -> _Piece:
    label = f"absence {row.cause} depuis {_at(row.start_us)}"
    return _Piece(label, None, row.start_us, row.end_us, row.sequence, row.sequence, None, row.link or None, row)


def _absence(row: Absence) -> _Piece:
    label = f"absence {row.cause} depuis {_at(row.start_us)}"
    return _Piece(label, None, row.start_us, row.end_us, row.sequence, row.sequence, None, row.link or None, row)


def _at(us: int) -> str:
    return UtcTime(us).iso()
