"""A token asked in a process of its own (``vms.keys.token_worker``): one at a time, for a bounded time, in French.

Which module is loaded is the host's setting, never a request's: whoever chose it would run code here. The PIN goes to
the worker's socket and nowhere else.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

import vms
from vms import logs
from vms.errors import BadInput, Conflict, Damaged, GuetError, NotFound, Refused, Unavailable
from vms.keeper.arguments import Args, Name
from vms.keys.token_box import Ephemeral, TokenKey

ANSWER_LIMIT_S: Final = 20.0  # below what the page's question may take; a card answers within two or three
CLOSE_LIMIT_S: Final = 5.0
LINE_LIMIT_BYTES: Final = 8192
LABEL_LIMIT_CHARS: Final = 32  # PKCS#11's own field
PIN_LIMIT_CHARS: Final = 100
OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
# The keeper's settings and accounts elsewhere are none of a module's business; its own variables it needs.
WITHHELD: Final = ("VMS_", "AWS_", "PG")
ELSE: Final = "ou donnez votre phrase de passe."
FAULTS: Final[dict[str, tuple[type[GuetError], str, str]]] = {
    "module": (
        Unavailable,
        "Le module PKCS#11 ne se charge pas.",
        "L’hébergeur vérifie VMS_PKCS11_MODULE : le module du fabricant, fait pour cette machine.",
    ),
    "absent": (NotFound, "Ce jeton n’est pas branché au serveur.", f"Branchez-le et vérifiez son nom, {ELSE}"),
    "many": (Conflict, "Plusieurs jetons portent ce nom.", "N’en laissez qu’un de branché."),
    "pin": (Refused, "Ce code n’ouvre pas le jeton.", "Vérifiez la saisie : trop de codes faux le bloquent."),
    "pin-final": (
        Conflict,
        "Un code faux de plus bloquerait ce jeton : il n’a pas été essayé.",
        f"Donnez d’abord le bon code dans l’outil du fabricant, {ELSE}",
    ),
    "pin-locked": (Conflict, "Ce jeton est bloqué.", f"Débloquez-le avec l’outil du fabricant, {ELSE}"),
    "pin-expired": (Conflict, "Le code de ce jeton a expiré.", f"Changez-le avec l’outil du fabricant, {ELSE}"),
    "pin-unset": (Conflict, "Ce jeton n’a pas encore de code.", f"Donnez-lui-en un avec l’outil du fabricant, {ELSE}"),
    "no-key": (Refused, "Ce jeton ne porte pas la clé qui a été inscrite.", f"Prenez le bon jeton, {ELSE}"),
    "many-keys": (Conflict, "Plusieurs clés de ce jeton portent ce nom.", "Désignez-en une autre."),
    "unfit": (
        BadInput,
        "Cette clé du jeton ne convient pas : il faut ECDH sur P-384.",
        "Désignez une autre clé, ou laissez Guet en créer une.",
    ),
    "extractable": (
        Refused,
        "Cette clé peut sortir du jeton.",
        "Désignez une autre clé, ou laissez Guet en créer une.",
    ),
    "failed": (Unavailable, "Le jeton, ou son module, a répondu par une erreur.", f"Voyez son fabricant, {ELSE}"),
}

log = logs.get("keeper.token")


class Device(Args):
    """A token by its label, and its PIN, which is forgotten once the token has answered."""

    label: Annotated[Name, Field(max_length=LABEL_LIMIT_CHARS)]
    pin: str = Field(min_length=1, max_length=PIN_LIMIT_CHARS, repr=False)


class TokenReader:
    """Asks tokens through the host's ``module``; ``limit_s`` is how long one may take."""

    def __init__(self, module: Path | None, limit_s: float = ANSWER_LIMIT_S) -> None:
        self._module = module
        self._limit_s = limit_s
        self._turn = asyncio.Lock()

    async def enrol(self, device: Device, key_label: str, ephemeral: Ephemeral) -> TokenKey:
        """The token's key with this label, made there when it has none, shown to compute what its public half says."""
        told = await self._ask(device, {"label": key_label, "point": _text(ephemeral.point)})
        key = TokenKey(str(told["key"]), _raw(told["point"]))
        if _raw(told["shared"]) != ephemeral.shared(key):
            what = "La clé publique et la clé privée de ce jeton ne vont pas ensemble."
            raise Damaged(what, where=device.label, todo="Désignez une autre clé.")
        return key

    async def shared(self, device: Device, key_id: str, point: bytes) -> bytes:
        """What the token computes from a point with its key; an error of the tree says why it does not."""
        return _raw((await self._ask(device, {"key": key_id, "point": _text(point)}))["shared"])

    async def _ask(self, device: Device, what: dict[str, str]) -> dict[str, Any]:
        module = _safe(self._module)
        if self._turn.locked():
            raise Unavailable("Un jeton est déjà interrogé.", todo="Réessayez dans quelques secondes.")
        async with self._turn:
            asked = what | {"module": str(module), "token": device.label, "pin": device.pin}
            told = await self._exchange(json.dumps(asked).encode() + b"\n", device.label)
        if "fault" in told:
            log.warning("jeton muet", fault=str(told["fault"]), detail=str(told.get("detail", "")))
            raise _error(str(told["fault"]), device.label, str(told.get("detail", "")))
        return told

    async def _exchange(self, question: bytes, label: str) -> dict[str, Any]:
        process, reader, writer = await _start()
        try:
            async with asyncio.timeout(self._limit_s):
                writer.write(question)
                await writer.drain()
                told = json.loads(await reader.readline())
        except TimeoutError as error:
            what = f"Le jeton ne répond pas depuis {self._limit_s:.0f} s."
            raise Unavailable(what, where=label, todo=f"Débranchez-le et rebranchez-le, {ELSE}") from error
        except (ConnectionError, ValueError) as error:  # ended without an answer, or with more than a line holds
            what = "Le module du jeton s’est arrêté brutalement."
            raise Unavailable(what, where=label, todo=f"Voyez son fabricant, {ELSE}") from error
        finally:
            writer.close()
            await _end(process)
        return dict(told)


def _safe(module: Path | None) -> Path:
    """The module, if it is set, there, and nobody else may replace it."""
    if module is None:
        what = "Ce serveur ne lit pas de jeton."
        raise Unavailable(what, todo="L’hébergeur donne VMS_PKCS11_MODULE : le chemin du module du fabricant.")
    try:
        true = module.resolve(strict=True)  # a distribution's path is often a link
        modes = [path.stat().st_mode for path in (module.parent, true, true.parent)]
    except (OSError, RuntimeError) as error:
        what, todo = "Le module PKCS#11 ne se trouve pas.", "L’hébergeur vérifie VMS_PKCS11_MODULE."
        raise Unavailable(what, where=str(module), todo=todo) from error
    if not module.is_absolute() or any(mode & OTHERS_WRITE for mode in modes):
        what = "D’autres comptes peuvent remplacer le module PKCS#11 : il n’est pas chargé."
        raise Refused(what, where=str(module), todo="Il va à root, dans un dossier de root.", rule="A-12")
    return module


def worker_environment() -> dict[str, str]:
    """What the worker inherits: a module's own variables, none of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(WITHHELD)}
    return kept | {"PYTHONPATH": str(Path(vms.__file__).parent.parent)}


async def _start() -> tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.StreamWriter]:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-B", "-P", "-m", "vms.keys.token_worker", str(theirs.fileno())),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,  # a module's own words may hold anything
            pass_fds=(theirs.fileno(),),
            env=worker_environment(),
        )
    reader, writer = await asyncio.open_connection(sock=ours, limit=LINE_LIMIT_BYTES)
    return process, reader, writer


async def _end(process: asyncio.subprocess.Process) -> None:
    """It has answered, or never will: nothing of it is needed any more."""
    with suppress(ProcessLookupError):
        process.kill()
    try:
        async with asyncio.timeout(CLOSE_LIMIT_S):
            await process.wait()
    except TimeoutError:  # held by the kernel, in a driver: it is gone once that lets go
        log.warning("le module du jeton ne s’arrête pas", pid=process.pid)


def _error(fault: str, label: str, detail: str) -> GuetError:
    kind, what, todo = FAULTS.get(fault, FAULTS["failed"])
    where = f"{label} : {detail}" if kind is Unavailable and detail else label
    return Refused(what, where=where, todo=todo, rule="A-21") if kind is Refused else kind(what, where=where, todo=todo)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _raw(text: Any) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError as error:
        raise Unavailable("Le module du jeton a mal répondu.") from error
