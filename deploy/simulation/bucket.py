"""A bucket in a simulation: objects in memory, that outlive recorders and power cuts; away on demand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from deploy.simulation.faults import Process
from recorder.store.bucket import Bucket
from recorder.store.errors import StoreError
from vms.errors import NotFound

URL: Final = "memory:///"


class Objects:
    """What lies in the bucket, as every process finds it."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}
        self.wrong: dict[str, float] = {}
        self.hits = 0


class VirtualBucket(Bucket):
    """The bucket as one process reaches it; ``process`` is None for whoever only looks on."""

    def __init__(self, objects: Objects, process: Process | None) -> None:
        self.url = URL
        self._objects, self._process = objects, process

    def put(self, key: str, data: bytes) -> None:
        """Store an object; StoreError while away, or though it was stored."""
        self._reached("put")
        self._objects.found[key] = bytes(data)
        if self._process is not None and "bucket-kept-but-away" in self._objects.wrong:
            self._away(key)
        self._step("put after")

    def get(self, key: str) -> bytes:
        """A whole object."""
        self._reached("get")
        return self._at(key)

    def range(self, key: str, offset: int, length: int) -> bytes:
        """Part of an object."""
        self._reached("range")
        return self._at(key)[offset : offset + max(0, length)]

    def tail(self, key: str, length: int) -> tuple[bytes, int]:
        """An object's last bytes, and its size."""
        self._reached("tail")
        data = self._at(key)
        return data[-length:], len(data)

    def delete(self, key: str) -> bool:
        """Remove an object."""
        self._reached("delete")
        gone = self._objects.found.pop(key, None) is not None
        self._step("delete after")
        return gone

    def move(self, key: str, target: str) -> None:
        """Give an object another name."""
        self._reached("move")
        self._objects.found[target] = self._at(key)
        self._step("move at it")
        self._objects.found.pop(key, None)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every key below ``prefix``."""
        self._reached("list")
        yield from [key for key in self._objects.found if key.startswith(prefix)]

    def folders(self, prefix: str) -> list[str]:
        """The folders right below ``prefix``."""
        self._reached("list")
        rests = [key[len(prefix) :] for key in self._objects.found if key.startswith(prefix)]
        return sorted({rest.split("/")[0] for rest in rests if "/" in rest})

    def _at(self, key: str) -> bytes:
        try:
            return self._objects.found[key]
        except KeyError as error:
            raise NotFound("Cet objet n’est pas dans le magasin.", where=key) from error

    def _step(self, name: str) -> None:
        if self._process is not None:
            self._process.step(f"bucket {name}")

    def _reached(self, name: str) -> None:
        self._step(name)
        if self._process is not None and "bucket-away" in self._objects.wrong:
            self._away(name)

    def _away(self, where: str) -> None:
        self._objects.hits += 1
        raise StoreError("Le magasin d’objets ne répond pas.", cause="disk-wrong", where=where)
