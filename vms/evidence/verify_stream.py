"""Steps 5 to 7 of the verification: one stream's chain, its videos against the chain, its time without holes."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from typing import Final

from vms.clock import MICRO
from vms.errors import Damaged, GuetError
from vms.evidence import mp4
from vms.evidence.chain import AbsenceRecord, GroupRecord, Link, linked, parse_records
from vms.evidence.container import Container
from vms.evidence.export_boxes import META_LIMIT_BYTES, Export, check_export, check_meta
from vms.evidence.manifest import STORED_DAMAGED, StreamEvidence, Video
from vms.evidence.report import Report

CHAIN_LIMIT_BYTES: Final = 512 * 1024 * 1024
INIT_LIMIT_BYTES: Final = 64 * 1024
HEAD_LIMIT_BYTES: Final = 256 * 1024
FPS_DECIMALS: Final = 3
CAUSE: Final = re.compile("[a-z-]{1,32}")
_FTYP: Final = (28).to_bytes(4, "big") + b"ftypisom" + (0x200).to_bytes(4, "big") + b"isomiso6mp41"


def verify_stream(container: Container, stream: StreamEvidence, export: Export, report: Report) -> None:
    """Note the checks of one stream; nothing is raised. ``export`` is what its videos must say of themselves."""
    where = f"{stream.camera} {stream.stream}"
    try:
        links = _chain(container, stream, export.commune)
    except GuetError as error:
        report.add("chaîne", False, f"{where} : {error} ({stream.chain})")
        links = []
    else:
        report.add("chaîne", True, f"{where} : {len(links)} maillons recalculés, {_span(links)}")
    for video in stream.videos:
        try:
            _video(container, video, links, export)
        except GuetError as error:
            report.add("vidéo", False, f"{video.path} : {error}")
        else:
            detail = (
                f"{video.groups} groupes et {video.nal_units} unités NAL, identiques à l’enregistrement ; "
                "signature d’export valable"
            )
            report.add("vidéo", True, f"{video.path} : {detail}")
    problem = _tiling_problem(stream, links)
    missing = f"{len(stream.absences)} absence{'s' if len(stream.absences) > 1 else ''}"
    report.add("durée", not problem, f"{where} : {problem or f'vidéos et {missing} couvrent toute la plage'}")


def _chain(container: Container, stream: StreamEvidence, commune: str) -> list[Link]:
    """Step 5."""
    links = linked(stream.camera, stream.stream, list(parse_records(container.read(stream.chain, CHAIN_LIMIT_BYTES))))
    if any(link.segment is not None and link.segment.commune != commune for link in links):
        raise Damaged("Un segment est d’une autre commune.", where=f"{stream.camera} {stream.stream}")
    burnt_in = sorted({link.segment.zone_set for link in links if link.segment is not None})
    if burnt_in != sorted(stream.zone_sets):
        raise Damaged("Les zones masquées ne sont pas celles des segments.", where=f"{stream.camera} {stream.stream}")
    return links


def _span(links: list[Link]) -> str:
    if not links:
        return "aucun enregistrement"
    pieces = links[-1].run + 1
    return f"de {links[0].sequence} à {links[-1].sequence}" + (f", en {pieces} morceaux" if pieces > 1 else "")


def _video(container: Container, video: Video, links: list[Link], export: Export) -> None:
    """Step 6: each fragment, put back to its recorded time, has the hash of its group's link; the export is signed."""
    init = container.read(video.init, INIT_LIMIT_BYTES)
    nal_list = container.read(video.nal_list, container.entry(video.nal_list).size)
    groups = _groups_from(links, video)
    place, pictures, nals, end_us = 0, 0, 0, video.from_us
    whole, head = hashlib.sha256(), _head(container, video)
    _same_movie(head, init)
    whole.update(head)
    for number, (offset, fragment) in enumerate(_fragments(container, video, len(head))):
        if number >= len(groups):
            raise Damaged("La vidéo porte plus de groupes que la chaîne.", where=f"octet {offset}")
        record = groups[number].record
        if not isinstance(record, GroupRecord) or record.utc_us != end_us:
            raise Damaged("Un groupe de la vidéo ne suit pas le précédent.", where=f"groupe {number}")
        whole.update(fragment)
        digest = hashlib.sha256(init)
        digest.update(mp4.shifted(fragment, video.offset_90k))
        if digest.digest() != record.plain_sha256:
            raise Damaged("Un groupe n’est pas celui qui a été enregistré.", where=f"groupe {number}, octet {offset}")
        samples = mp4.nal_units(fragment)
        lines = b"".join(hashlib.sha256(nal).hexdigest().encode() + b"\n" for sample in samples for nal in sample)
        if nal_list[place : place + len(lines)] != lines:
            raise Damaged("La liste des unités NAL diffère de la vidéo.", where=f"{video.nal_list}, groupe {number}")
        place, end_us = place + len(lines), record.utc_us + record.duration_us
        pictures, nals = pictures + len(samples), nals + sum(map(len, samples))
        done, end = number + 1, offset + len(fragment)
    if (done, pictures, nals, end_us) != (video.groups, video.pictures, video.nal_units, video.to_us):
        raise Damaged("La vidéo n’a pas le nombre d’images annoncé.")
    if place != len(nal_list):
        raise Damaged("La liste des unités NAL est plus longue que la vidéo.", where=video.nal_list)
    _same_format(video, groups[0])
    if export.by.certificate is None:
        raise Damaged("Sans certificat du cachet, la signature d’export ne peut pas être vérifiée.")
    meta = container.piece(video.path, end, META_LIMIT_BYTES)
    check_meta(meta, whole, video, export.by.certificate)
    check_export(meta, export)


def _same_format(video: Video, first: Link) -> None:
    """What the manifest tells of a video's format is what its segment says, and its rate follows from its length."""
    segment = first.segment
    if segment is None or (video.codec, video.width, video.height) != (segment.codec, segment.width, segment.height):
        raise Damaged("Le format annoncé de la vidéo n’est pas celui de l’enregistrement.")
    length_us = video.to_us - video.from_us
    if length_us <= 0 or video.fps_measured != round(video.pictures * MICRO / length_us, FPS_DECIMALS):
        raise Damaged("La cadence annoncée de la vidéo n’est pas celle de ses images.")


def _groups_from(links: list[Link], video: Video) -> list[Link]:
    """The chain's groups from the video's first one on, by its number and its instant: there may be two chains."""
    for place, link in enumerate(links):
        record = link.record
        first = isinstance(record, GroupRecord) and record.utc_us == video.from_us
        if first and link.sequence == video.first_sequence:
            return [one for one in links[place:] if isinstance(one.record, GroupRecord)]
    return []


def _fragments(container: Container, video: Video, offset: int) -> Iterator[tuple[int, bytes]]:
    """Each ``moof mdat`` from ``offset`` on and where it starts, up to the closing ``meta``; Damaged without one."""
    size = container.entry(video.path).size
    if container.piece(video.path, offset, 8)[4:] == b"meta":
        raise Damaged("La vidéo est vide.")
    while (first := container.piece(video.path, offset, 8))[4:] != b"meta":
        if not first:
            raise Damaged("La fin de la vidéo manque.", where=f"octet {offset}")
        length = 0
        for kind in (b"moof", b"mdat"):
            found = container.piece(video.path, offset + length, 8)
            box_size = int.from_bytes(found[:4], "big")
            if found[4:] != kind or box_size < 8 or offset + length + box_size > size:
                raise Damaged("La vidéo porte autre chose que des groupes d’images.", where=f"octet {offset + length}")
            length += box_size
        if length > mp4.FRAGMENT_LIMIT_BYTES:
            raise Damaged("Un groupe d’images est trop grand.", where=f"octet {offset}")
        yield offset, container.piece(video.path, offset, length)
        offset += length


def _head(container: Container, video: Video) -> bytes:
    """What stands before the first fragment: ``ftyp moov``."""
    offset, size = 0, container.entry(video.path).size
    for kind in (b"ftyp", b"moov"):
        found = container.piece(video.path, offset, 8)
        box_size = int.from_bytes(found[:4], "big")
        if found[4:] != kind or box_size < 8 or offset + box_size > min(size, HEAD_LIMIT_BYTES):
            raise Damaged("Le début de la vidéo n’a pas la forme attendue.", where=f"octet {offset}")
        offset += box_size
    return container.piece(video.path, 0, offset)


def _same_movie(head: bytes, init: bytes) -> None:
    """The video's ``moov`` is the recorded one, with at most user data after it: same track, same parameter sets."""
    movies = [
        next((data[box.body : box.end] for box in mp4.boxes(data) if box.kind == b"moov"), b"") for data in (head, init)
    ]
    added = movies[0][len(movies[1]) :]
    if not movies[1] or not movies[0].startswith(movies[1]) or not head.startswith(_FTYP):
        raise Damaged("La description de la vidéo n’est pas celle de l’enregistrement.")
    extra = list(mp4.boxes(added))
    if any(box.kind != b"udta" for box in extra):
        raise Damaged("La description de la vidéo porte une piste ou une table ajoutée.")
    places = [inner.kind for box in extra for inner in mp4.boxes(added, box.body, box.end)]
    if len(extra) > 1 or (extra and places != [b"loci"]):
        raise Damaged("La description de la vidéo porte autre chose que le lieu filmé.")


def _tiling_problem(stream: StreamEvidence, links: list[Link]) -> str:
    """Step 7: what is wrong with how videos and absences cover the range; empty when they tile it."""
    shown = [(video.from_us, video.to_us) for video in stream.videos]
    missing = [(absence.from_us, absence.to_us) for absence in stream.absences]
    spans = sorted(shown + missing)
    if any(start >= end for start, end in [(stream.from_us, stream.to_us), *spans]):
        return "une plage, une vidéo ou une absence finit avant d’avoir commencé"
    if shown != sorted(shown) or missing != sorted(missing):
        return "les vidéos ou les absences ne sont pas dans l’ordre du temps"
    if any(start < stream.from_us or stream.to_us < end for start, end in missing):
        return "une absence sort de la plage"
    if any(CAUSE.fullmatch(absence.cause) is None for absence in stream.absences):
        return "la cause d’une absence n’est pas sous sa forme"
    if not spans or spans[0][0] > stream.from_us or spans[-1][1] < stream.to_us:
        return "une partie de la plage n’est ni montrée ni déclarée absente"
    for (_, end), (start, _) in itertools.pairwise(spans):
        if start != end:
            return f"un trou ou un recouvrement de {abs(start - end)} µs"
    return _hidden_problem(stream, links)


def _hidden_problem(stream: StreamEvidence, links: list[Link]) -> str:
    """Whether the chain knows of pictures that are left out, or does not know of an absence that is claimed."""
    damaged = [(one.from_us, one.to_us) for one in stream.absences if one.cause == STORED_DAMAGED]
    shown = [(video.from_us, video.to_us) for video in stream.videos]
    groups = [(r.utc_us, r.utc_us + r.duration_us) for link in links if isinstance(r := link.record, GroupRecord)]
    for start, end in groups:
        asked = start < stream.to_us and stream.from_us < end
        if asked and not any(low <= start and end <= high for low, high in shown + damaged):
            return "des images enregistrées de la plage ne sont pas dans le paquet"
    recorded = [(r.from_us, r.to_us, r.cause) for link in links if isinstance(r := link.record, AbsenceRecord)]
    own = [link for link in links if link.segment is None or not link.segment.edge]
    live = [r for link in own if isinstance(r := link.record, GroupRecord)]
    lost = _lost(own)
    for absence in stream.absences:
        between = live and live[0].utc_us <= absence.from_us and absence.to_us <= live[-1].utc_us + live[-1].duration_us
        known = any(
            low <= absence.from_us and absence.to_us <= high and cause == absence.cause for low, high, cause in recorded
        )
        gone = any(low <= absence.from_us and absence.to_us <= high for low, high in lost)
        if between and not known and not gone and absence.cause != STORED_DAMAGED:
            return f"l’absence « {absence.cause} » n’est pas dans la chaîne"
    return ""


def _lost(links: list[Link]) -> list[tuple[int, int]]:
    """The time between two runs of the chain, whose segments are gone."""
    lost, end_us, run = [], 0, 0
    for link in links:
        record = link.record
        if isinstance(record, GroupRecord):
            if link.run != run:
                lost.append((end_us, record.utc_us))
            end_us, run = record.utc_us + record.duration_us, link.run
        elif isinstance(record, AbsenceRecord):
            end_us = record.to_us
    return lost
