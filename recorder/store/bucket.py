"""An S3-compatible bucket of sealed segments: whole objects in, ranges out, and an answer that is believed only twice.

An object is the segment's file followed by a *trailer*, a copy of the headers that stand in it: one request for an
object's end gives its whole index, where walking from header to header would take one request a group. The trailer is
not part of the segment: it is checked like the headers themselves, and a reader that does not know it finds the
segment as it lay on the disk.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from recorder.segment.format import GROUP_HEADER_BYTES, HEADER_LIMIT_BYTES, SegmentDamaged, SegmentHeader, walk
from recorder.store.errors import StoreError
from vms.errors import NotFound

TIME_LIMIT_S: Final = 30
CONNECT_LIMIT_S: Final = 3
# One more try at once; longer waits are the caller's, which knows what waits behind it.
TRIES_LIMIT_COUNT: Final = 1
# A segment of a minute has some 60 groups: its trailer is 7 kB as a rule.
TAIL_BYTES: Final = 16_384
READ_AHEAD_BYTES: Final = 1_048_576
MAGIC: Final = b"GUETIDX1"
TRAILER_END: Final = struct.Struct(">QII8s")  # the segment's length, of the copied start, number of group headers

T = TypeVar("T")


def trailer_of(segment: bytes) -> bytes:
    """The headers of a whole segment, to be put behind it; BadInput or Damaged when it is not one."""
    header, length = SegmentHeader.parse(segment[:HEADER_LIMIT_BYTES])
    start = segment[:length]

    def read(offset: int, size: int) -> bytes:
        return segment[offset : offset + size]

    offsets = [placed.offset for placed in walk(read, header, length, verify=False)]
    body = start + b"".join(struct.pack(">Q", one) + read(one, GROUP_HEADER_BYTES) for one in offsets)
    return body + TRAILER_END.pack(len(segment), length, len(offsets), MAGIC)


class Bucket:
    """The bucket at a URL, below its prefix. Errors are StoreError with cause ``disk-wrong``, or NotFound."""

    def __init__(self, url: str) -> None:
        """``s3://bucket/prefix``; endpoint and account by the AWS_* variables. StoreError for a URL that is none."""
        self.url = url
        retry = timedelta(seconds=TIME_LIMIT_S)
        with self._answering(url):
            self._store: ObjectStore = from_url(
                url,
                # One DELETE each: not every store answers the call for many as S3 does.
                disable_bulk_delete=True,
                client_options={
                    "timeout": f"{TIME_LIMIT_S}s", "connect_timeout": f"{CONNECT_LIMIT_S}s", "allow_http": True,
                },
                retry_config={
                    "max_retries": TRIES_LIMIT_COUNT,
                    "retry_timeout": retry,
                    "backoff": {
                        "init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2,
                    },
                },
            )  # fmt: skip

    def put(self, key: str, data: bytes) -> None:
        """Store an object and see that it is there with that size; safe to do twice.

        StoreError when the bucket keeps versions: there, what is destroyed stays readable (P-30, S5).
        """
        with self._answering(key):
            version = obstore.put(self._store, key, data, use_multipart=False)["version"]
            found = obstore.head(self._store, key)["size"]
        if version not in (None, "null"):
            raise StoreError(
                "Ce magasin d’objets garde des versions : ce qui est détruit y resterait lisible.",
                cause="disk-wrong",
                where=self.url,
                todo="Donnez un magasin sans versions ; le tampon local garde tout en attendant.",
            )
        if found != len(data):
            raise StoreError(
                f"Le magasin d’objets dit {found} octets au lieu de {len(data)}.", cause="disk-wrong", where=key
            )

    def get(self, key: str) -> bytes:
        """A whole object."""
        with self._answering(key):
            return bytes(obstore.get(self._store, key).bytes())

    def range(self, key: str, offset: int, length: int) -> bytes:
        """Part of an object, fewer bytes at its end only."""
        if length <= 0:
            return b""
        with self._answering(key):
            return bytes(obstore.get_range(self._store, key, start=offset, length=length))

    def tail(self, key: str, length: int) -> tuple[bytes, int]:
        """An object's last bytes, and its size."""
        with self._answering(key):
            answer = obstore.get(self._store, key, options={"range": {"suffix": length}})
            return bytes(answer.bytes()), int(answer.meta["size"])

    def delete(self, key: str) -> bool:
        """Remove an object; False when there was none."""
        with self._answering(key):
            try:
                obstore.head(self._store, key)
            except FileNotFoundError:
                return False
            obstore.delete(self._store, key)
        return True

    def move(self, key: str, target: str) -> None:
        """Give an object another name."""
        with self._answering(key):
            obstore.copy(self._store, key, target)
            obstore.delete(self._store, key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every object's key below ``prefix``, in no order that matters."""
        with self._answering(prefix or self.url):
            for page in obstore.list(self._store, prefix=prefix or None):
                for item in page:
                    yield str(item["path"])

    def folders(self, prefix: str) -> list[str]:
        """The names of the folders right below ``prefix``."""
        with self._answering(prefix):
            found = obstore.list_with_delimiter(self._store, prefix or None)["common_prefixes"]
        return [str(one).rstrip("/").rpartition("/")[2] for one in found]

    @staticmethod
    @contextlib.contextmanager
    def _answering(where: str) -> Iterator[None]:
        """Errors of the client in here become ours."""
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound("Cet objet n’est pas dans le magasin.", where=where) from error
        except (BaseError, OSError, ValueError) as error:
            # The client's own words hold addresses and request dumps: the kind of error is what helps.
            raise StoreError(
                f"Le magasin d’objets ne répond pas comme il faut ({type(error).__name__}).",
                cause="disk-wrong",
                where=where,
                todo="Vérifiez VMS_STORE_URL, les variables AWS_* et que le magasin est joignable.",
            ) from error


class BucketReader:
    """A segment in a bucket: its headers from the trailer, its sealed bytes by ranges."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        """NotFound when there is no such object."""
        self._bucket, self._key = bucket, key
        tail, total = bucket.tail(key, TAIL_BYTES)
        self._size, self._known = _index_of(tail, total, lambda length: bucket.tail(key, length)[0])
        self._ahead_offset, self._ahead = 0, b""

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes at ``offset``; fewer at the end, or where a header ends. StoreError."""
        known = self._known.get(offset)
        if known is not None and length <= max(len(known), HEADER_LIMIT_BYTES):
            return known[:length]
        length = max(0, min(length, self._size - offset))
        inside = offset - self._ahead_offset
        if not 0 <= inside <= len(self._ahead) - length:
            wanted = min(max(length, READ_AHEAD_BYTES), self._size - offset)
            self._ahead_offset, self._ahead = offset, self._bucket.range(self._key, offset, wanted)
            inside = 0
        return self._ahead[inside : inside + length]

    def size(self) -> int:
        """The segment's length without the trailer, in bytes."""
        return self._size


def _index_of(tail: bytes, total: int, more: Callable[[int], bytes]) -> tuple[int, dict[int, bytes]]:
    """The segment's length and its headers by offset; of an object without a sound trailer all bytes are segment."""
    if len(tail) < TRAILER_END.size:
        return total, {}
    size, start, groups, magic = TRAILER_END.unpack_from(tail, len(tail) - TRAILER_END.size)
    entry = 8 + GROUP_HEADER_BYTES
    length = start + groups * entry + TRAILER_END.size
    if magic != MAGIC or start > HEADER_LIMIT_BYTES or size + length != total:
        return total, {}
    if len(tail) < length:
        tail = more(length)
    body = tail[len(tail) - length :]
    known = {0: body[:start]}
    for number in range(groups):
        at = start + number * entry
        (offset,) = struct.unpack_from(">Q", body, at)
        known[offset] = body[at + 8 : at + entry]
    with contextlib.suppress(SegmentDamaged):
        SegmentHeader.parse(known[0])
        return size, known
    return size, {}


def key_of(root: Path, path: Path) -> str:
    """An object's key: the segment's place below the root, as in a local store."""
    return path.relative_to(root).as_posix()
