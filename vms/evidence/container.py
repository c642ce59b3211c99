"""The package's container: a ZIP64 archive, nothing compressed, in one form only (docs/formats/package.md).

Any archive program opens it. But every byte of it is determined by the names and contents of its entries, so that a
reader can say of *any* changed byte that it was changed, and where: in an entry's content, or in the container around.
Written front to back, since it is sealed while it is written and its videos are larger than memory.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from cryptography.utils import Buffer
from isal.isal_zlib import crc32

from vms.errors import BadInput, Damaged

ENTRIES_LIMIT: Final = 4096
NAME_LIMIT_BYTES: Final = 200
READ_BYTES: Final = 1024 * 1024
DIRECTORY_LIMIT_BYTES: Final = 4 * 1024 * 1024
_PART: Final = r"(?!\.)[A-Za-z0-9._-]*[A-Za-z0-9_-]"
NAME: Final = re.compile(f"{_PART}(/{_PART})*", re.ASCII)

# APPNOTE.TXT 4.4: version 4.5 (ZIP64), UTF-8 names and a data descriptor, stored, 1980-01-01 00:00.
_VERSION: Final = 45
_FLAGS: Final = 0x0808
_STORED: Final = 0
_TIME: Final = 0
_DATE: Final = 0x0021
_UNKNOWN: Final = 0xFFFFFFFF
_LOCAL: Final = struct.Struct("<IHHHHHIIIHH")
_ZIP64_LOCAL: Final = struct.pack("<HHQQ", 1, 16, 0, 0)
_DESCRIPTOR: Final = struct.Struct("<IIQQ")
_CENTRAL: Final = struct.Struct("<IHHHHHHIIIHHHHHII")
_ZIP64_CENTRAL: Final = struct.Struct("<HHQQQ")
_END64: Final = struct.Struct("<IQHHIIQQQQ")
_LOCATOR: Final = struct.Struct("<IIQI")
_END: Final = struct.Struct("<IHHHHIIH")
_TAIL_BYTES: Final = _END64.size + _LOCATOR.size + _END.size


class Sink(Protocol):
    """Where a container's bytes go, front to back."""

    def write(self, data: Buffer, /) -> object:
        """Take all of ``data``."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the container: its name, where its content starts, its length in bytes, its CRC-32."""

    name: str
    offset: int
    size: int
    crc: int

    @property
    def header_offset(self) -> int:
        """Where the entry's local header starts."""
        return self.offset - _LOCAL.size - len(self.name) - len(_ZIP64_LOCAL)


class _Places:
    """Where names lead once they are extracted: no two to one place, on a disk that does not tell case apart either."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def take(self, name: str) -> bool:
        """Whether the name leads where no other does; it is taken from then on."""
        folded = name.lower()
        folders = {folded[:at] for at, char in enumerate(folded) if char == "/"}
        if folded in self._files or folded in self._folders or folders & self._files:
            return False
        self._files.add(folded)
        self._folders |= folders
        return True


class ContainerWriter:
    """Writes entries one after another, then the directory."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._at = 0
        self._entries: list[Entry] = []
        self._places = _Places()
        self._open: Entry | None = None

    def add(self, name: str, content: bytes) -> Entry:
        """Add an entry whole; BadInput as ``begin``."""
        self.begin(name)
        self.write(content)
        return self.end()

    def begin(self, name: str) -> None:
        """Begin an entry; BadInput for a name that is not allowed or used twice, or when the container is full."""
        if NAME.fullmatch(name) is None or len(name) > NAME_LIMIT_BYTES:
            raise BadInput("Ce nom de fichier n’est pas permis dans un paquet.", where=name[:NAME_LIMIT_BYTES])
        if not self._places.take(name) or len(self._entries) >= ENTRIES_LIMIT:
            raise BadInput("Ce fichier est déjà dans le paquet, ou le paquet est plein.", where=name)
        self._write(_local(name))
        self._open = Entry(name, self._at, 0, 0)

    def write(self, data: Buffer) -> None:
        """More of the open entry's content."""
        self._write(data)
        one = self._opened()
        self._open = Entry(one.name, one.offset, one.size + len(memoryview(data)), crc32(data, one.crc))

    def end(self) -> Entry:
        """End the open entry."""
        entry = self._opened()
        self._write(_descriptor(entry))
        self._entries.append(entry)
        self._open = None
        return entry

    def finish(self) -> int:
        """Write the directory; the container's length in bytes."""
        self._write(_directory(self._entries, self._at))
        return self._at

    def _opened(self) -> Entry:
        if self._open is None:
            raise BadInput("Aucun fichier du paquet n’est ouvert.")
        return self._open

    def _write(self, data: Buffer) -> None:
        self._sink.write(data)
        self._at += len(memoryview(data))


class Container:
    """A container opened for reading; ``entries`` are in the order of the file."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the directory; Damaged when the file is not a container in its one form, cut or with bytes added."""
        self._file = file
        self.size = file.seek(0, 2)
        directory = self._tail()
        self.entries = _parse(directory, self.size)
        start = self.size - len(directory)
        if _directory(self.entries, start) != directory:
            raise _damaged("La table des matières du paquet a été altérée.", "fin du fichier")
        at = 0
        for entry in self.entries:
            if entry.header_offset != at:
                raise _damaged("Les fichiers du paquet ne se suivent pas.", entry.name)
            at = entry.offset + entry.size + _DESCRIPTOR.size
        if at != start:
            raise _damaged("Des octets étrangers se trouvent dans le paquet.", "avant la table des matières")

    def names(self) -> list[str]:
        """The entries' names in order."""
        return [entry.name for entry in self.entries]

    def read(self, name: str, limit_bytes: int) -> bytes:
        """A small entry whole; Damaged when it is missing or larger than ``limit_bytes``."""
        entry = self._find(name)
        if entry.size > limit_bytes:
            raise _damaged("Ce fichier du paquet est trop grand.", name)
        return b"".join(self.stream(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """An entry's content in pieces."""
        entry = self._find(name)
        at, end = entry.offset, entry.offset + entry.size
        while at < end:
            data = self._at(at, min(READ_BYTES, end - at))
            at += len(data)
            yield data

    def piece(self, name: str, offset: int, length: int) -> bytes:
        """``length`` bytes of an entry's content from ``offset`` on, fewer at its end."""
        entry = self._find(name)
        return self._at(entry.offset + offset, max(0, min(length, entry.size - offset)))

    def entry(self, name: str) -> Entry:
        """Where an entry lies; Damaged when it is missing."""
        return self._find(name)

    def frame_problem(self, entry: Entry) -> str:
        """What is wrong around an entry's content (its local header, its descriptor); empty when nothing is."""
        expected = _local(entry.name)
        if self._at(entry.header_offset, len(expected)) != expected:
            return "son en-tête a été altéré"
        if self._at(entry.offset + entry.size, _DESCRIPTOR.size) != _descriptor(entry):
            return "son descripteur a été altéré"
        return ""

    def _find(self, name: str) -> Entry:
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise _damaged("Ce fichier manque au paquet.", name)

    def _at(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) != length:
            raise _damaged("Le paquet est tronqué.", f"octet {offset + len(data)}")
        return data

    def _tail(self) -> bytes:
        """The directory with its end records."""
        if self.size < _TAIL_BYTES:
            raise _damaged("Ce fichier n’est pas un paquet de preuve : il est trop court.", "")
        tail = self._at(self.size - _TAIL_BYTES, _TAIL_BYTES)
        fields = _END64.unpack_from(tail)
        length, start = fields[8], fields[9]
        if fields[0] != 0x06064B50 or length > DIRECTORY_LIMIT_BYTES or start + length != self.size - _TAIL_BYTES:
            raise _damaged("Ce fichier n’est pas un paquet de preuve, ou sa fin manque.", "fin du fichier")
        return self._at(start, length) + tail


def _local(name: str) -> bytes:
    head = _LOCAL.pack(
        0x04034B50, _VERSION, _FLAGS, _STORED, _TIME, _DATE, 0, _UNKNOWN, _UNKNOWN, len(name), len(_ZIP64_LOCAL)
    )
    return head + name.encode("ascii") + _ZIP64_LOCAL


def _descriptor(entry: Entry) -> bytes:
    return _DESCRIPTOR.pack(0x08074B50, entry.crc, entry.size, entry.size)


def _directory(entries: list[Entry], start: int) -> bytes:
    """The central directory and its end records, for entries that end at ``start``."""
    records = b"".join(_central(entry) for entry in entries)
    end64 = _END64.pack(
        0x06064B50, _END64.size - 12, _VERSION, _VERSION, 0, 0, len(entries), len(entries), len(records), start
    )
    locator = _LOCATOR.pack(0x07064B50, 0, start + len(records), 1)
    end = _END.pack(0x06054B50, 0, 0, 0xFFFF, 0xFFFF, _UNKNOWN, _UNKNOWN, 0)
    return records + end64 + locator + end


def _central(entry: Entry) -> bytes:
    extra = _ZIP64_CENTRAL.pack(1, 24, entry.size, entry.size, entry.header_offset)
    head = _CENTRAL.pack(
        *(0x02014B50, _VERSION, _VERSION, _FLAGS, _STORED, _TIME, _DATE, entry.crc, _UNKNOWN, _UNKNOWN),
        *(len(entry.name), len(extra), 0, 0, 0, 0, _UNKNOWN),
    )
    return head + entry.name.encode("ascii") + extra


def _parse(directory: bytes, size: int) -> list[Entry]:
    """The entries that a directory names; whether it is in its one form is the caller's to check."""
    entries: list[Entry] = []
    places = _Places()
    at, end = 0, len(directory) - _TAIL_BYTES
    while at < end:
        if at + _CENTRAL.size > end or len(entries) >= ENTRIES_LIMIT:
            raise _damaged("La table des matières du paquet est illisible.", "fin du fichier")
        fields = _CENTRAL.unpack_from(directory, at)
        name_end = at + _CENTRAL.size + fields[10]
        if fields[0] != 0x02014B50 or fields[11] != _ZIP64_CENTRAL.size or name_end + fields[11] > end:
            raise _damaged("La table des matières du paquet est illisible.", "fin du fichier")
        raw = directory[at + _CENTRAL.size : name_end]
        name = raw.decode("ascii", "replace")
        if NAME.fullmatch(name) is None or len(name) > NAME_LIMIT_BYTES or not places.take(name):
            raise _damaged("La table des matières porte un nom impossible, ou deux qui se confondent.", repr(name[:80]))
        _, _, length, _, header = _ZIP64_CENTRAL.unpack_from(directory, name_end)
        offset = header + _LOCAL.size + len(name) + len(_ZIP64_LOCAL)
        if offset + length > size:
            raise _damaged("La table des matières dépasse le fichier.", name)
        entries.append(Entry(name, offset, length, fields[7]))
        at = name_end + fields[11]
    return entries


def _damaged(what: str, where: str) -> Damaged:
    return Damaged(what, where=where, todo="Redemandez le paquet à la commune.")
