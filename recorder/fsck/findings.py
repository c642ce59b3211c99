"""What ``vms fsck`` finds, and how it says it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from recorder.recording.scan import Scan
from vms.model import Segment

FINDINGS_LIMIT: Final = 10_000


def printable(name: str) -> str:
    """A name that strangers gave, fit for a terminal and for JSON: what is no printable character is escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in name
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or (``note``) that a crash left and ``--repair`` finishes."""

    invariant: str
    kind: str
    where: str
    what: str
    offset: int | None = None
    note: bool = False

    def __str__(self) -> str:
        place = f", octet {self.offset}" if self.offset is not None else ""
        return f"{self.invariant} {self.kind} : {self.where}{place} : {self.what}"


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found."""

    segments: int = 0
    groups: int = 0
    size_bytes: int = 0
    streams: int = 0
    quarantined: int = 0
    findings: list[Finding] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    truncated: bool = False

    @property
    def ok(self) -> bool:
        """Whether S1–S5 hold; notes do not count against them."""
        return not any(not one.note for one in self.findings)

    def add(self, finding: Finding) -> None:
        """Keep a finding; beyond 10 000 only the fact that there are more."""
        if len(self.findings) < FINDINGS_LIMIT:
            self.findings.append(replace(finding, where=printable(finding.where)))
        else:
            self.truncated = True

    def to_dict(self) -> dict[str, Any]:
        """The report for ``--json``."""
        return {
            "ok": self.ok,
            "segments": self.segments,
            "groups": self.groups,
            "size_bytes": self.size_bytes,
            "streams": self.streams,
            "quarantined": self.quarantined,
            "truncated": self.truncated,
            "repaired": self.repaired,
            "findings": [
                {
                    "invariant": one.invariant,
                    "kind": one.kind,
                    "where": one.where,
                    "offset": one.offset,
                    "what": one.what,
                    "note": one.note,
                }
                for one in self.findings
            ],
        }


def compare(row: Segment, scan: Scan) -> list[Finding]:
    """What differs between a sealed row and its file (S1), the most telling first."""
    found: list[Finding] = []

    def say(kind: str, what: str, offset: int | None = None) -> None:
        found.append(Finding("S1", kind, row.name, what, offset))

    header = scan.header
    said = (
        row.start_us,
        row.hour_key_id,
        row.sequence,
        row.codec,
        row.width,
        row.height,
        row.zone_set_id,
        row.commune_id,
    )
    if said != (
        header.name.start.us, header.name.hour_key_id, header.sequence, header.codec, header.width, header.height,
        header.zone_set_id, header.commune,
    ):  # fmt: skip
        say("row-differs", "La ligne ne dit pas ce que dit l’en-tête du fichier.")
    if scan.first_link != row.first_link:
        say("header-differs", "L’en-tête n’est pas celui que dit la ligne.", 0)
    if scan.file_bytes < row.size_bytes:
        say("cut", f"Le fichier fait {scan.file_bytes} octets au lieu de {row.size_bytes}.", scan.file_bytes)
    elif scan.file_bytes > row.size_bytes:
        say("longer", f"Le fichier fait {scan.file_bytes} octets au lieu de {row.size_bytes}.", row.size_bytes)
    if scan.problem is not None and scan.sound_bytes < row.size_bytes and scan.file_bytes >= row.size_bytes:
        say("altered", scan.problem.what, scan.problem.offset)
    if not found and (scan.groups, scan.end_us, scan.last_link) != (row.groups, row.end_us, row.last_link):
        say("chain-differs", "Les groupes sont entiers, mais ne sont pas ceux que dit la ligne.")
    return found
