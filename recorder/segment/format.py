"""The segment format, version 1, as ``docs/formats/segment.md`` specifies it: bytes to values and back, no I/O.

Parsing raises ``Damaged`` with the offset in ``where``; what parses encodes again to the same bytes.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import xxhash
from cryptography.utils import Buffer

from vms.clock import LATEST_US, UtcTime
from vms.errors import BadInput, Damaged

MAGIC: Final = b"GUETSEG1"
ALGORITHMS: Final = bytes((1, 1, 1, 1))  # Cobblestone-256, HKDF-SHA-256, SHA-256, XXH3-128
HEADER_FIXED: Final = struct.Struct(">8sH4sBQ32sHH")
HEADER_LIMIT_BYTES: Final = 1024
CHECKSUM_BYTES: Final = 16
LINK_BYTES: Final = 32

GROUP_TAG: Final = b"GRP1"
GROUP_FIXED: Final = struct.Struct(">4sIQIII32s")
GROUP_HEADER_BYTES: Final = GROUP_FIXED.size + CHECKSUM_BYTES
GROUP_LIMIT_BYTES: Final = 33_554_432
GROUP_LIMIT_US: Final = 600_000_000
GROUPS_LIMIT_COUNT: Final = 4096

ABSENCE_TAG: Final = b"ABS1"
ABSENCE_FIXED: Final = struct.Struct(">4sQQQ")

ORIGINS: Final = {"live": 1, "edge": 2}
_ORIGIN_NAMES: Final = {code: name for name, code in ORIGINS.items()}

CAUSES: Final = frozenset(
    {
        "camera-unreachable", "stream-stalled", "stream-refused", "stream-damaged", "recorder-stopped", "disk-full",
        "disk-wrong", "store-stalled", "mask-failed", "mask-drift", "picture-size-changed", "parameter-sets-missing",
        "key-frame-awaited", "not-authorised", "suspended", "wrong-credential", "clock",
        "other-certificate",
    }
)  # fmt: skip

_SLUG: Final = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_STREAM: Final = re.compile(r"main|sub", re.ASCII)
_CAUSE: Final = re.compile(r"[a-z-]{1,32}", re.ASCII)
_PRINTABLE: Final = re.compile(r"[!-~]{0,128}", re.ASCII)
_NAME: Final = re.compile(
    r"([a-z0-9-]{1,64})\.(main|sub)\.([0-9]{8}T[0-9]{12}Z)\.([0-9a-f]{32})\.(0|[1-9][0-9]{0,18})", re.ASCII
)
_FENCE_LIMIT: Final = 2**63


class SegmentDamaged(Damaged):
    """The bytes at ``offset`` are not what the format allows; ``torn`` when they merely stop too early."""

    def __init__(self, what: str, *, offset: int, torn: bool = False) -> None:
        super().__init__(what, where=f"octet {offset}")
        self.offset = offset
        self.torn = torn


@dataclass(frozen=True, slots=True)
class SegmentName:
    """A segment's name, from which its keys, its place on disk and its context follow."""

    camera: str
    stream: str
    start: UtcTime
    hour_key_id: str
    fence: int

    def __str__(self) -> str:
        return f"{self.camera}.{self.stream}.{self.start.compact()}.{self.hour_key_id}.{self.fence}"

    @classmethod
    def parse(cls, text: str) -> SegmentName:
        """The parts of a name; Damaged when ``text`` is not one."""
        match = _NAME.fullmatch(text)
        if match is None:
            raise Damaged("Ce nom n’est pas celui d’un segment.", where=text[:160])
        camera, stream, moment, key_id, fence = match.groups()
        try:
            start = UtcTime.at(datetime.strptime(moment, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC))
        except (ValueError, BadInput) as error:
            raise Damaged("Ce nom de segment porte un instant impossible.", where=text[:160]) from error
        name = cls(camera, stream, start, key_id, int(fence))
        if int(fence) >= _FENCE_LIMIT or str(name) != text:
            raise Damaged("Ce nom de segment n’est pas sous sa forme canonique.", where=text[:160])
        return name

    def day(self) -> str:
        """The UTC day of the start, ``YYYY-MM-DD``: the folder of the file."""
        return self.start.iso()[:10]


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """The file's first record."""

    name: SegmentName
    commune: str
    codec: str
    width: int
    height: int
    zone_set_id: str
    origin: str
    sequence: int
    previous: bytes

    def encode(self) -> bytes:
        """The header's bytes; BadInput when a field is outside the format."""
        SegmentName.parse(str(self.name))
        _require(_SLUG, self.commune, "commune")
        _require(_PRINTABLE, self.zone_set_id, "zone_set_id")
        _require(_PRINTABLE, self.codec, "codec")
        tail = b"".join(_str8(text) for text in (str(self.name), self.commune, self.zone_set_id, self.codec))
        length = HEADER_FIXED.size + len(tail) + CHECKSUM_BYTES
        try:
            fixed = HEADER_FIXED.pack(
                MAGIC, length, ALGORITHMS, ORIGINS[self.origin], self.sequence, self.previous, self.width, self.height
            )
        except (struct.error, KeyError) as error:
            raise BadInput(f"L’en-tête de segment porte une valeur hors limites : {error}.") from error
        if len(self.previous) != LINK_BYTES:
            raise BadInput("Un maillon fait 32 octets.")
        return fixed + tail + xxhash.xxh3_128_digest(fixed + tail)

    @classmethod
    def parse(cls, data: bytes) -> tuple[SegmentHeader, int]:
        """The header at the start of ``data`` and its length; Damaged when it is not whole and sound."""
        if len(data) < HEADER_FIXED.size:
            raise SegmentDamaged("L’en-tête du segment est tronqué.", offset=len(data), torn=True)
        magic, length, algorithms, origin, sequence, previous, width, height = HEADER_FIXED.unpack_from(data)
        if magic != MAGIC or algorithms != ALGORITHMS or origin not in _ORIGIN_NAMES:
            raise SegmentDamaged("Ce fichier n’est pas un segment de version 1.", offset=0)
        if not HEADER_FIXED.size + CHECKSUM_BYTES <= length <= HEADER_LIMIT_BYTES:
            raise SegmentDamaged("La longueur de l’en-tête est impossible.", offset=8)
        if len(data) < length:
            raise SegmentDamaged("L’en-tête du segment est tronqué.", offset=len(data), torn=True)
        body, check = data[: length - CHECKSUM_BYTES], data[length - CHECKSUM_BYTES : length]
        if xxhash.xxh3_128_digest(body) != check:
            raise SegmentDamaged("L’en-tête du segment ne répond plus à sa somme de contrôle.", offset=0)
        fields = _take_strings(body, HEADER_FIXED.size, 4)
        name = SegmentName.parse(fields[0])
        header = cls(name, fields[1], fields[3], width, height, fields[2], _ORIGIN_NAMES[origin], sequence, previous)
        try:
            same = header.encode() == data[:length]
        except BadInput:
            same = False
        if not same:
            raise SegmentDamaged("L’en-tête du segment n’est pas sous sa forme canonique.", offset=0)
        return header, length


@dataclass(frozen=True, slots=True)
class GroupHeader:
    """What stands before each sealed group."""

    number: int
    utc_us: int
    duration_us: int
    units: int
    length: int
    plain_sha256: bytes
    checksum: bytes

    @property
    def end_us(self) -> int:
        """Where the covered time ends, UTC µs."""
        return self.utc_us + self.duration_us

    def encode(self) -> bytes:
        """The 76 bytes of the header."""
        return self._fixed() + self.checksum

    def _fixed(self) -> bytes:
        return GROUP_FIXED.pack(
            GROUP_TAG, self.number, self.utc_us, self.duration_us, self.units, self.length, self.plain_sha256
        )

    @classmethod
    def over(
        cls, number: int, start: UtcTime, duration_us: int, units: int, plain_sha256: bytes, *sealed: Buffer
    ) -> GroupHeader:
        """The header of a new group, whose sealed bytes may come in pieces; BadInput when it breaks a limit."""
        length = sum(len(memoryview(piece)) for piece in sealed)
        draft = cls(number, start.us, duration_us, units, length, plain_sha256, b"")
        problem = draft.problem()
        if problem:
            raise BadInput(f"Ce groupe d’images sort des limites du format : {problem}.")
        check = xxhash.xxh3_128(draft._fixed())
        for piece in sealed:
            check.update(piece)
        return cls(number, start.us, duration_us, units, draft.length, draft.plain_sha256, bytes(check.digest()))

    @classmethod
    def parse(cls, data: bytes, offset: int = 0) -> GroupHeader:
        """The header in ``data``, which was read at ``offset`` of its file; the checksum is not looked at."""
        if len(data) < GROUP_HEADER_BYTES:
            raise SegmentDamaged("L’en-tête d’un groupe est tronqué.", offset=offset, torn=True)
        tag, number, utc_us, duration_us, units, length, digest = GROUP_FIXED.unpack_from(data)
        if tag != GROUP_TAG:
            raise SegmentDamaged("Ici devrait commencer un groupe d’images.", offset=offset)
        header = cls(number, utc_us, duration_us, units, length, digest, data[GROUP_FIXED.size : GROUP_HEADER_BYTES])
        problem = header.problem()
        if problem:
            raise SegmentDamaged(f"L’en-tête d’un groupe sort des limites du format : {problem}.", offset=offset)
        return header

    def problem(self) -> str:
        """Which limit of the format this header breaks; empty when none."""
        if not 0 <= self.number < GROUPS_LIMIT_COUNT:
            return f"numéro {self.number}"
        if not 1 <= self.duration_us <= GROUP_LIMIT_US or self.end_us > LATEST_US:
            return f"durée {self.duration_us} µs"
        if not 1 <= self.units < 2**32:
            return f"{self.units} images"
        if not 1 <= self.length <= GROUP_LIMIT_BYTES:
            return f"{self.length} octets"
        return ""

    def check(self, sealed: bytes, offset: int = 0) -> None:
        """Compare the checksum with ``sealed``; Damaged when they differ."""
        check = xxhash.xxh3_128(self._fixed())
        check.update(sealed)
        if check.digest() != self.checksum:
            raise SegmentDamaged(f"Le groupe {self.number} ne répond plus à sa somme de contrôle.", offset=offset)


@dataclass(frozen=True, slots=True)
class AbsenceRecord:
    """A time without pictures, as it stands in the chain."""

    camera: str
    stream: str
    sequence: int
    start_us: int
    end_us: int
    cause: str

    def encode(self) -> bytes:
        """The record's bytes; BadInput when a field is outside the format."""
        _require(_SLUG, self.camera, "camera")
        _require(_STREAM, self.stream, "stream")
        _require(_CAUSE, self.cause, "cause")
        if not 0 <= self.start_us < self.end_us <= LATEST_US:
            raise BadInput("Une absence finit après avoir commencé.")
        fixed = ABSENCE_FIXED.pack(ABSENCE_TAG, self.sequence, self.start_us, self.end_us)
        return fixed + _str8(self.camera) + _str8(self.stream) + _str8(self.cause)


@dataclass(frozen=True, slots=True)
class Placed:
    """A group where it lies: the offset of its header, and its link in the chain."""

    offset: int
    header: GroupHeader
    link: bytes

    @property
    def sealed_offset(self) -> int:
        """Where the sealed bytes start in the file."""
        return self.offset + GROUP_HEADER_BYTES

    @property
    def end(self) -> int:
        """Where the next group would start."""
        return self.sealed_offset + self.header.length


def genesis(camera: str, stream: str) -> bytes:
    """link(0) of a stream's chain."""
    return hashlib.sha256(b"guet/chain/v1\0" + camera.encode("ascii") + b"\0" + stream.encode("ascii")).digest()


def edge_genesis(camera: str, stream: str) -> bytes:
    """link(0) of a stream's edge chain: what was brought back from the camera's own memory."""
    return hashlib.sha256(b"guet/edge-chain/v1\0" + camera.encode("ascii") + b"\0" + stream.encode("ascii")).digest()


def next_link(previous: bytes, record: bytes) -> bytes:
    """The link of ``record`` after ``previous``."""
    return hashlib.sha256(previous + record).digest()


def walk(
    read: Callable[[int, int], bytes], header: SegmentHeader, header_length: int, *, verify: bool
) -> Iterator[Placed]:
    """The groups of a file in order; ends at the end of the file, raises SegmentDamaged at what is not a group.

    ``read(offset, length)`` returns up to ``length`` bytes. With ``verify`` the checksum of each group is recomputed;
    without, only headers are read, which is what an index needs.
    """
    offset, expected = header_length, 0
    start_us, link = header.name.start.us, next_link(header.previous, header.encode())
    while True:
        data = read(offset, GROUP_HEADER_BYTES)
        if not data:
            return
        group = GroupHeader.parse(data, offset)
        if group.number != expected or group.utc_us != start_us:
            raise SegmentDamaged(f"Le groupe {group.number} n’est pas à sa place.", offset=offset)
        place = offset + GROUP_HEADER_BYTES
        if verify:
            sealed = read(place, group.length)
            if len(sealed) < group.length:
                raise SegmentDamaged(f"Le groupe {group.number} est tronqué.", offset=offset, torn=True)
            group.check(sealed, offset)
        elif len(read(place + group.length - 1, 1)) < 1:
            raise SegmentDamaged(f"Le groupe {group.number} est tronqué.", offset=offset, torn=True)
        link = next_link(link, data)
        yield Placed(offset, group, link)
        offset, expected, start_us = place + group.length, expected + 1, group.end_us


def _require(pattern: re.Pattern[str], text: str, field: str) -> None:
    if pattern.fullmatch(text) is None:
        raise BadInput(f"Le champ {field} est hors du format : « {text[:80]} ».")


def _str8(text: str) -> bytes:
    data = text.encode("ascii")
    return bytes((len(data),)) + data


def _take_strings(body: bytes, offset: int, count: int) -> list[str]:
    texts: list[str] = []
    for _ in range(count):
        length = body[offset] if offset < len(body) else len(body)
        data = body[offset + 1 : offset + 1 + length]
        if len(data) != length or not data.isascii():
            raise SegmentDamaged("Un champ de l’en-tête est mal formé.", offset=offset)
        texts.append(data.decode("ascii"))
        offset += 1 + length
    if offset != len(body):
        raise SegmentDamaged("L’en-tête porte des octets de trop.", offset=offset)
    return texts
