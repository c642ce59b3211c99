"""A capable thief: knows every format of the product, has all the time, and tries as a key whatever lies in the loot.

Loot is a folder of files. Every run of 32 bytes that could be a key (raw, or spelt in hexadecimal or base64) is tried
as hour, segment and group key of every sealed group, as the key of a package, and as what a passphrase would have
given; every run of 113 as a commune's private key, on every wrapped key; every string as a holder's passphrase. The
insides of sealed groups are the one thing not tried as keys: they are what a key would open.
"""

from __future__ import annotations

import base64
import hmac
import io
import json
import re
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from recorder.segment.format import MAGIC as SEGMENT_MAGIC
from recorder.segment.format import Placed, SegmentDamaged, SegmentHeader, walk
from vms.errors import GuetError
from vms.evidence import sealed as packages
from vms.keys import derive, passphrase, sealing
from vms.keys.wrapping import COMMUNE_PRIVATE_BYTES, VERSION, hour_key_info, unwrap

RUN_BYTES: Final = 32
# 32 random bytes have fewer than 20 different ones, and 113 fewer than 60, once in more than 10^9 keys.
RUN_KINDS: Final = 20
PRIVATE_KINDS: Final = 60
SHORT_CHARS: Final = 300
PRINTABLE: Final = np.isin(np.arange(256), np.frombuffer(bytes(range(32, 127)) + b"\t\n\r", dtype=np.uint8))
HEX: Final = re.compile(rb"[0-9a-fA-F]{64,}")
BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{43,}")
WORDS: Final = re.compile(rb"[\x20-\x21\x23-\x7e\x80-\xff]{12,200}")
BOXES: Final = re.compile(rb'\{[^{}]*"argon2id"[^{}]*\}')
WRAPPED_TABLES: Final = ("hour_key", "wrapped", "package_key")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SealedGroup:
    """A group as it lies in the loot."""

    segment: str
    number: int
    context: bytes
    sealed: bytes

    def opened(self, key: bytes) -> bytes:
        """Its plaintext."""
        return sealing.open_group(key, self.context, self.sealed)


@dataclass(frozen=True, slots=True)
class Opening:
    """Something that opened: how, and of which segment or package."""

    how: str
    what: str
    plaintext: bytes


@dataclass(slots=True)
class Loot:
    """What lies in a folder, sorted as a thief would."""

    groups: list[SealedGroup] = field(default_factory=list)
    packages: dict[str, bytes] = field(default_factory=dict)
    wrapped: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)  # key id: info, wrapped key
    boxes: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: set[bytes] = field(default_factory=set)
    privates: set[bytes] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, folder: Path) -> Loot:
        """Every file under ``folder``."""
        loot = cls()
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                loot._take(path, path.read_bytes())
        return loot

    def _take(self, path: Path, data: bytes) -> None:
        if data.startswith(SEGMENT_MAGIC):
            data = self._take_segment(data)
        elif data.startswith(packages.MAGIC):
            self.packages[path.stem] = data
            data = b""
        elif data.startswith(b"SQLite format 3\0"):
            self._take_wrapped(path)
        for text in (data, *_decoded(data)):
            self.keys.update(_runs(text, RUN_BYTES, RUN_KINDS))
            self.privates.update(_runs(text, COMMUNE_PRIVATE_BYTES, PRIVATE_KINDS, first=VERSION[0]))
        self.words.update(one.decode(errors="ignore").strip() for one in WORDS.findall(data))
        for box in BOXES.findall(data.replace(b'\\"', b'"')):
            with suppress(ValueError):
                known = json.loads(box)
                self.boxes[known["ciphertext"]] = known

    def _take_segment(self, data: bytes) -> bytes:
        """Note a segment's groups; the rest of its bytes."""
        header, length = SegmentHeader.parse(data)
        name, rest, at = header.name, data[:length], length
        with suppress(SegmentDamaged):  # a group that was being written
            for one in walk(lambda offset, size: data[offset : offset + size], header, length, verify=False):
                self._note(str(name), name.camera, one, data)
                rest, at = rest + data[at : one.sealed_offset], one.end
        return rest + data[at:]

    def _note(self, segment: str, camera: str, one: Placed, data: bytes) -> None:
        number, sealed = one.header.number, data[one.sealed_offset : one.end]
        self.groups.append(SealedGroup(segment, number, derive.group_context(camera, segment, number), sealed))

    def _take_wrapped(self, path: Path) -> None:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db, suppress(sqlite3.Error):
            tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in tables.intersection(WRAPPED_TABLES):
                columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                for row in db.execute(f"SELECT * FROM {table}"):
                    self._note_wrapped(path, dict(zip(columns, row, strict=True)))

    def _note_wrapped(self, path: Path, row: dict[str, Any]) -> None:
        commune = row.get("commune", path.name.split(".")[0])
        if "package" in row:
            info = packages.package_key_info(commune, row["request"], row["package"])
        else:
            info = hour_key_info(commune, row["camera"], row["key_id"], row["hour_us"])
        self.wrapped[row.get("key_id", row.get("package", ""))] = info, bytes(row["wrapped"])


class Thief:
    """Opens what there is to open; a key that failed on a lock once is not tried on it again."""

    def __init__(self) -> None:
        self._failed: dict[str, set[Any]] = {}

    def opened(self, folder: Path) -> list[Opening]:
        """All that the thief can open of what lies under ``folder``."""
        loot = Loot.of(folder)
        found = self._by_keys(loot, loot.keys, "clé trouvée")
        for private, how in self._privates(loot).items():
            found += self._by_keys(loot, _unwrapped(loot, private), how)
        return found

    def _new(self, lock: str, keys: set[T]) -> set[T]:
        """Those of ``keys`` that have not failed on this lock yet."""
        return keys - self._failed.setdefault(lock, set())

    def _privates(self, loot: Loot) -> dict[bytes, str]:
        """What may be a commune's private key: found as it is, or behind a holder's box."""
        lock = " ".join(sorted(loot.wrapped))
        found = {one: "clé privée trouvée" for one in self._new(lock, loot.privates) if _unwrapped(loot, one)}
        self._failed[lock] |= loot.privates - found.keys()
        for name, box in loot.boxes.items():
            bound = passphrase._associated({part: value for part, value in box.items() if part != "ciphertext"})
            nonce, sealed = base64.b64decode(box["nonce"]), base64.b64decode(name)
            for word in self._new(f"{name} word", loot.words):
                try:
                    found[passphrase.unwrap_private(box, word)] = "phrase secrète trouvée"
                except GuetError:
                    self._failed[f"{name} word"].add(word)
            for key in self._new(f"{name} key", loot.keys):
                try:
                    found[AESGCM(key).decrypt(nonce, sealed, bound)] = "clé de phrase trouvée"
                except InvalidTag:
                    self._failed[f"{name} key"].add(key)
        return found

    def _by_keys(self, loot: Loot, keys: set[bytes], how: str) -> list[Opening]:
        """What these keys open, as hour, segment, group or package key."""
        by_segment: dict[str, list[SealedGroup]] = {}
        for group in loot.groups:
            by_segment.setdefault(group.segment, []).append(group)
        found: list[Opening] = []
        for segment, groups in by_segment.items():
            lock = f"{segment} {len(groups)}"
            for key in self._new(lock, keys):
                opened = [Opening(f"{how}, {kind}", segment, plain) for kind, plain in _tried(key, groups)]
                found += opened
                if not opened:
                    self._failed[lock].add(key)
        for name, data in loot.packages.items():
            context = packages.part_context(name, 0, last=True)
            for key in self._new(name, keys):
                if _commits(_expanded(_extracted(key), packages.PART_INFO + bytes(4)), context, data[12:]):
                    part = next(iter(packages.open_parts(io.BytesIO(data), name, key)))
                    found.append(Opening(f"{how}, paquet", name, part))
                else:
                    self._failed[name].add(key)
        return found


def _tried(key: bytes, groups: list[SealedGroup]) -> Iterator[tuple[str, bytes]]:
    """What a key opens of one segment's groups, as which of the three kinds."""
    first, secret = groups[0], _extracted(key)
    of_first = derive.GROUP_INFO + struct.pack(">I", first.number)
    below = _expanded(secret, derive.SEGMENT_INFO + first.segment.encode())
    if _commits(_expanded(_extracted(below), of_first), first.context, first.sealed):
        of_segment = derive.segment_key(key, first.segment)
        yield from (("heure", one.opened(derive.group_key(of_segment, one.number))) for one in groups)
    if _commits(_expanded(secret, of_first), first.context, first.sealed):
        yield from (("segment", one.opened(derive.group_key(key, one.number))) for one in groups)
    yield from (("groupe", one.opened(key)) for one in groups if _commits(key, one.context, one.sealed))


def _extracted(key: bytes) -> bytes:
    """The first half of HKDF-SHA-256 without a salt (RFC 5869 §2.2)."""
    return hmac.digest(bytes(32), key, "sha256")


def _expanded(secret: bytes, info: bytes) -> bytes:
    """The second half, for 32 bytes (§2.3)."""
    return hmac.digest(secret, info + b"\x01", "sha256")


def _unwrapped(loot: Loot, private: bytes) -> set[bytes]:
    """The keys that a private key unwraps."""
    found = set()
    for info, wrapped in loot.wrapped.values():
        with suppress(GuetError):
            found.add(unwrap(private, wrapped, info))
    return found


def _commits(key: bytes, context: bytes, sealed: bytes) -> bool:
    """Whether a message was sealed with this key: its first 56 bytes say so."""
    try:
        Cobblestone256Decryptor(key, context).update(sealed[: sealing.OVERHEAD_BYTES])
    except InvalidTag:
        return False
    return True


def _decoded(data: bytes) -> Iterator[bytes]:
    """What runs of hexadecimal and base64 say; short ones at each alignment, for they may have swallowed a letter."""
    for run in HEX.findall(data):
        for start in range(2 if len(run) < SHORT_CHARS else 1):
            yield bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2].decode())
    for run in BASE64.findall(data):
        for start in range(4 if len(run) < SHORT_CHARS else 1):
            text = run[start:].translate(bytes.maketrans(b"-_", b"+/"))
            text = text[:-1] if len(text) % 4 == 1 else text
            yield base64.b64decode(text + b"=" * (-len(text) % 4))


def _runs(data: bytes, length: int, kinds: int, first: int | None = None) -> Iterable[bytes]:
    """Every run of ``length`` bytes that could be random, which text, padding and small numbers could not."""
    if len(data) < length:
        return []
    octets = np.frombuffer(data, dtype=np.uint8)
    # Running counts: where a run is all text, or holds too many zeros, without looking at each of its bytes.
    maybe = ~_all(PRINTABLE[octets], length) & (_count(octets == 0, length) <= length - kinds)
    if first is not None:
        maybe &= octets[: len(maybe)] == first
    at = np.flatnonzero(maybe)
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(octets, length)[at], axis=1)
    random = np.count_nonzero(np.diff(ordered, axis=1), axis=1) + 1 >= kinds
    return {data[start : start + length] for start in at[random].tolist()}


def _count(flags: NDArray[np.bool_], length: int) -> NDArray[np.int64]:
    """How many of each ``length`` flags in a row are set."""
    total: NDArray[np.int64] = np.concatenate([[0], np.cumsum(flags)])
    counts: NDArray[np.int64] = total[length:] - total[:-length]
    return counts


def _all(flags: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    every: NDArray[np.bool_] = _count(flags, length) == length
    return every
