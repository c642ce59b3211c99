"""Opened groups in, an evidence package out, front to back (E-31, T-10). No I/O of its own, no keys;
writing and hashing go on beside the caller, each on a thread of its own.

The recorded fragments are copied byte for byte, save for their decode time (``vms.evidence.mp4``). A video ends where
pictures are missing or their format changes: a picture that stands still for minutes would say what was not seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from cryptography.utils import Buffer

from recorder.export import oeff
from recorder.export.lane import Lane
from recorder.segment.format import GroupHeader, SegmentHeader
from vms.clock import MICRO, UtcTime
from vms.errors import Damaged
from vms.evidence import mp4, summary
from vms.evidence.container import ContainerWriter, Sink
from vms.evidence.manifest import (
    CERTIFICATE_FILE,
    FORMAT,
    MANIFEST_FILE,
    NOT_RECORDED,
    NOTICE_FILE,
    ROOTS_FILE,
    SEAL_FILE,
    SIGNATURE_FILE,
    SIGNER_FILE,
    SUMMARY_FILE,
    SUMS_FILE,
    TIMESTAMP_FILE,
    Absence,
    AskedFor,
    Commune,
    JournalEvidence,
    Manifest,
    PackagedFile,
    StreamEvidence,
    Timestamp,
    Video,
    sums,
)
from vms.evidence.notice import notice
from vms.evidence.proof import JournalProof
from vms.keys import seal

FPS_DECIMALS: Final = 3


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What a package says beside its pictures; the dictionaries are as the keeper has them.

    ``timestamp_roots`` (PEM) when an authority will be asked for a token over the seal, else empty.
    """

    package: str
    commune: str
    commune_name: str
    request: str
    request_facts: dict[str, Any]
    decision: dict[str, Any]
    operator: dict[str, Any]
    zone_sets: tuple[dict[str, Any], ...]
    build: str
    created_us: int
    timestamp_roots: str = ""


@dataclass(frozen=True, slots=True)
class Seals:
    """The certificate of the commune's seal (DER), and the key it certified for this one extraction's videos."""

    commune: bytes
    videos: seal.Seal


@dataclass(frozen=True, slots=True)
class Signatures:
    """What the keeper and the authority answered: signed note, verifier key, CMS (DER), time-stamp (DER) or nothing."""

    note: str
    vkey: str
    cms: bytes
    timestamp: bytes = b""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One stream of the range: camera, what it is called, where it looks."""

    camera: str
    name: str
    place: str
    stream: str
    from_us: int
    to_us: int


@dataclass(slots=True)
class _OpenVideo:
    """A video while it is written; ``nals`` holds the digests of its NAL units, 32 bytes each."""

    path: str
    init: bytes
    header: SegmentHeader
    from_us: int
    to_us: int
    first_sequence: int
    offset_90k: int
    groups: int = 0
    pictures: int = 0
    nals: bytearray = field(default_factory=bytearray)
    last_sequence: int = 0

    def goes_on_with(self, segment: SegmentHeader, header: GroupHeader) -> bool:
        """Whether the group is the next link of the same chain: what came from a card has another, in its own order."""
        step = segment.sequence + 1 + header.number - self.last_sequence
        return segment.origin == self.header.origin and (segment.origin == "live" or step in (1, 2))


class PackageBuilder:
    """Writes one package to ``out``: streams one after another, then proofs, notice, manifest and signature."""

    def __init__(self, out: Sink, facts: PackageFacts, seals: Seals) -> None:
        self._container = ContainerWriter(out)
        self._facts = facts
        self._seals = seals
        # Beside the caller, who reads and opens: one writes and seals, one makes the digests of the manifest.
        self._writing, self._hashing = Lane(), Lane()
        self._files: list[PackagedFile] = []
        self._streams: list[StreamEvidence] = []
        self._journal: list[JournalEvidence] = []
        self._stream: StreamFacts | None = None
        self._video: _OpenVideo | None = None
        self._video_digest = hashlib.sha256()
        self._videos: list[Video] = []
        self._inits: dict[bytes, str] = {}

    def begin_stream(self, stream: StreamFacts) -> None:
        """From here on, groups belong to this stream."""
        self._stream, self._videos, self._inits = stream, [], {}

    def group(self, segment: SegmentHeader, header: GroupHeader, plain: bytes) -> None:
        """Copy one opened group; Damaged when it is not what its header says, and then nothing of it was copied."""
        if hashlib.sha256(plain).digest() != header.plain_sha256:
            raise Damaged("Ce groupe n’est pas celui qui a été enregistré.", where=f"{segment.name} {header.number}")
        init, fragment = mp4.split_group(plain)
        samples = mp4.nal_spans(fragment)
        if self._video is not None and (self._video.init != init or self._video.to_us != header.utc_us):
            self._end_video()
        if self._video is not None and not self._video.goes_on_with(segment, header):
            self._end_video()
        video = self._video or self._begin_video(segment, header, init, fragment)
        video.last_sequence = segment.sequence + 1 + header.number
        self._write_video(*mp4.shifted_parts(fragment, -video.offset_90k))
        self._hashing.run(partial(_digest_nals, memoryview(fragment), samples, video.nals))
        video.groups += 1
        video.pictures += len(samples)
        video.to_us = header.end_us

    def end_stream(self, chain: bytes, zone_sets: set[str], absences: list[Absence]) -> None:
        """End the stream: ``chain`` are its records, ``zone_sets`` those in them, ``absences`` what the index knows."""
        self._end_video()
        stream = self._current()
        path = f"proofs/{stream.camera}.{stream.stream}.chain"
        self.add(path, chain)
        spans = [(video.from_us, video.to_us) for video in self._videos]
        self._streams.append(
            StreamEvidence(
                camera=stream.camera,
                name=stream.name,
                place=stream.place,
                stream="main" if stream.stream == "main" else "sub",
                from_us=stream.from_us,
                to_us=stream.to_us,
                videos=tuple(self._videos),
                absences=tuple(fill_absences(stream.from_us, stream.to_us, spans, absences)),
                chain=path,
                zone_sets=tuple(sorted(zone_sets)),
            )
        )
        self._stream = None

    def journal(self, name: str, proof: JournalProof) -> None:
        """Add a journal entry and its proof, under a name such as ``decision``."""
        evidence = JournalEvidence(entry=f"proofs/{name}.json", proof=f"proofs/{name}.tlog-proof")
        self.add(evidence.entry, proof.entry_bytes())
        self.add(evidence.proof, proof.proof_bytes())
        self._journal.append(evidence)

    def manifest(self) -> bytes:
        """Write the notice and the manifest; the manifest's bytes, whose hash is to be signed."""
        if self._facts.timestamp_roots:
            self.add(ROOTS_FILE, self._facts.timestamp_roots.encode())
        self.add(CERTIFICATE_FILE, seal.to_pem(self._seals.commune))
        draft = self.draft()
        self.add(NOTICE_FILE, notice(draft).encode())
        self.add(SUMMARY_FILE, summary.render(draft, self._seals.commune))
        self.add(SUMS_FILE, sums(self._files))
        data = self.draft().encode()
        self._container.add(MANIFEST_FILE, data)
        return data

    def sign(self, signatures: Signatures) -> int:
        """Write the signatures and finish; the package's length in bytes. Damaged without the time-stamp announced."""
        if bool(signatures.timestamp) != bool(self._facts.timestamp_roots):
            raise Damaged("L’horodatage annoncé au manifeste manque, ou n’y est pas annoncé.")
        self._container.add(SIGNATURE_FILE, signatures.note.encode())
        self._container.add(SIGNER_FILE, (signatures.vkey + "\n").encode())
        self._container.add(SEAL_FILE, signatures.cms)
        if signatures.timestamp:
            self._container.add(TIMESTAMP_FILE, signatures.timestamp)
        return self._container.finish()

    @property
    def files(self) -> int:
        """How many files the manifest names so far."""
        return len(self._files)

    def draft(self) -> Manifest:
        """The manifest as far as it goes."""
        facts = self._facts
        return Manifest(
            format=FORMAT,
            package=facts.package,
            created_us=facts.created_us,
            build=facts.build,
            commune=Commune(id=facts.commune, name=facts.commune_name),
            request=AskedFor(id=facts.request, facts=facts.request_facts),
            decision=facts.decision,
            operator=facts.operator,
            zone_sets=facts.zone_sets,
            streams=tuple(self._streams),
            journal=tuple(self._journal),
            timestamp=Timestamp(roots=ROOTS_FILE) if facts.timestamp_roots else None,
            files=tuple(self._files),
        )

    def _current(self) -> StreamFacts:
        if self._stream is None:
            raise Damaged("Aucun flux n’est ouvert dans ce paquet.")
        return self._stream

    def _begin_video(self, segment: SegmentHeader, header: GroupHeader, init: bytes, fragment: bytes) -> _OpenVideo:
        stream = self._current()
        start = UtcTime(header.utc_us)
        video = _OpenVideo(
            path=f"video/{stream.camera}.{stream.stream}.{start.compact()}.mp4",
            init=init,
            header=segment,
            from_us=header.utc_us,
            to_us=header.utc_us,
            first_sequence=segment.sequence + 1 + header.number,
            offset_90k=mp4.decode_time_90k(fragment),
        )
        self._container.begin(video.path)
        self._video, self._video_digest = video, hashlib.sha256()
        self._write_video(oeff.head(init))
        return video

    def _write_video(self, *parts: Buffer) -> None:
        self._writing.run(partial(_each, self._container.write, parts))
        self._hashing.run(partial(_each, self._video_digest.update, parts))

    def _end_video(self) -> None:
        video, self._video = self._video, None
        if video is None:
            return
        self._hashing.drain()
        self._write_video(self._closing(video))
        self._writing.drain()
        self._hashing.drain()
        entry = self._container.end()
        self._files.append(PackagedFile(path=video.path, sha256=self._video_digest.hexdigest(), bytes=entry.size))
        stem = video.path.removeprefix("video/").removesuffix(".mp4")
        if video.init not in self._inits:
            self._inits[video.init] = f"proofs/{stem}.init.mp4"
            self.add(self._inits[video.init], video.init)
        nal_list = f"proofs/{stem}.nal-sha256"
        digests = (video.nals[at : at + 32].hex() + "\n" for at in range(0, len(video.nals), 32))
        self.add(nal_list, "".join(digests).encode())
        self._videos.append(
            Video(
                path=video.path,
                init=self._inits[video.init],
                nal_list=nal_list,
                codec=video.header.codec,
                width=video.header.width,
                height=video.header.height,
                from_us=video.from_us,
                to_us=video.to_us,
                pictures=video.pictures,
                nal_units=len(video.nals) // 32,
                fps_measured=round(video.pictures * MICRO / (video.to_us - video.from_us), FPS_DECIMALS),
                first_sequence=video.first_sequence,
                groups=video.groups,
                offset_90k=video.offset_90k,
            )
        )

    def _closing(self, video: _OpenVideo) -> bytes:
        """The video's last box, which says where it comes from and signs it (O-61, O-65)."""
        facts = self._facts
        source = oeff.Source(name=self._current().name)
        exporter = oeff.Exporter(unit=f"Guet {facts.build}", operator=str(facts.operator.get("label", "")))
        note = f"{facts.commune_name}, demande {facts.request}, paquet {facts.package}"[: oeff.TEXT_LIMIT_BYTES // 4]
        signing = oeff.Signing(self._seals.videos, note)
        return oeff.tail(self._video_digest, source, exporter, facts.created_us, video.from_us, signing)

    def add(self, path: str, data: bytes) -> None:
        """Add a file that the manifest names; between videos only."""
        self._container.add(path, data)
        self._files.append(PackagedFile(path=path, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data)))


def _each(take: Callable[[Buffer], object], parts: Iterable[Buffer]) -> None:
    for part in parts:
        take(part)


def _digest_nals(fragment: memoryview, samples: list[list[tuple[int, int]]], into: bytearray) -> None:
    for sample in samples:
        for start, end in sample:
            into += hashlib.sha256(fragment[start:end]).digest()


def fill_absences(from_us: int, to_us: int, videos: list[tuple[int, int]], known: list[Absence]) -> list[Absence]:
    """What in [from, to) the videos do not show, each piece with the cause the index knows, else ``not-recorded``."""
    found: list[Absence] = []
    at = from_us
    for start, end in [*sorted(videos), (to_us, to_us)]:
        if at < min(start, to_us):
            found += _causes(at, min(start, to_us), known)
        at = max(at, end)
    return found


def _causes(from_us: int, to_us: int, known: list[Absence]) -> list[Absence]:
    """The pieces of one hole, in order."""
    found: list[Absence] = []
    at = from_us
    for one in sorted(known, key=lambda absence: absence.from_us):
        start, end = max(at, one.from_us), min(to_us, one.to_us)
        if start >= end:
            continue
        if at < start:
            found.append(Absence(from_us=at, to_us=start, cause=NOT_RECORDED))
        found.append(Absence(from_us=start, to_us=end, cause=one.cause))
        at = end
    if at < to_us:
        found.append(Absence(from_us=at, to_us=to_us, cause=NOT_RECORDED))
    return found
