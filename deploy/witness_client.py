"""One checkpoint shown to one witness: its cosignatures, or why there are none (C2SP tlog-witness, E-04)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Final

import httpx

from vms.errors import BadInput, Damaged, GuetError, Unavailable
from vms.keeper.proof.witness_book import SIZE
from vms.keeper.proof.witness_request import Submission, parse_size, proof_bytes
from vms.keeper.proof.witnesses import cosigned_head
from vms.keys.cosignature import Head, WitnessKey, cosignatures, parse_witness_vkey
from vms.keys.note import Verifier

CALL_LIMIT_S: Final = 10.0
ANSWER_LIMIT_BYTES: Final = 65_536
TRIES: Final = 3

# (first size, second size) → (proof in base64, the log's root in hex at the first)
Consistency = Callable[[int, int], Awaitable[tuple[list[str], str]]]


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness as the settings name it: where it answers, and its keys."""

    url: str
    keys: tuple[WitnessKey, ...]

    @property
    def name(self) -> str:
        """The name of its first key."""
        return self.keys[0].name

    def key_ids(self) -> list[str]:
        """The ids of its keys, as the keeper stores cosignatures under."""
        return [key.key_id.hex() for key in self.keys]


class Contradiction(Damaged):
    """A witness holds that this log is not the one it knows; ``proved`` when our own signature says so too."""

    def __init__(self, what: str, *, where: str, proved: bool) -> None:
        super().__init__(what, where=where)
        self.proved = proved


class Unwilling(GuetError):
    """A witness answers, and does not cosign: it does not know this log's key, or answers beside the question."""


def parse_witness(text: str) -> Witness:
    """A line of ``VMS_WITNESSES``: an address and at least one verifier key; BadInput otherwise."""
    url, *keys = text.split()
    if not url.startswith(("http://", "https://")) or not keys:
        raise BadInput("Un témoin a la forme « https://adresse clé [clé] ».", where=text[:80], todo="VMS_WITNESSES")
    return Witness(url.rstrip("/"), tuple(parse_witness_vkey(one) for one in keys))


class WitnessClient:
    """Speaks to one witness; ``known`` remembers the sizes it last said it had."""

    def __init__(self, witness: Witness, http: httpx.AsyncClient) -> None:
        self.witness = witness
        self._http = http
        self._known: dict[str, int] = {}

    async def submit(self, note: str, head: Head, signer: Verifier, consistency: Consistency) -> str:
        """The signature lines for a checkpoint of ours, verified.

        Contradiction when the witness knows another log under this name, Unavailable when it does not answer in time,
        Unwilling when it answers and does not cosign.
        """
        for _ in range(TRIES):
            known = self._known.get(head.origin, 0)
            if known > head.size:
                raise await self._contradiction(head, signer, consistency)
            proof: tuple[bytes, ...] = ()
            if 0 < known < head.size:
                proof = proof_bytes((await consistency(known, head.size))[0])
            status, media, body = await self._call("POST", "/add-checkpoint", Submission(known, proof, note).encode())
            if status == HTTPStatus.OK:
                lines = self._verified(note, head, body)
                self._known[head.origin] = head.size
                return lines
            if status == HTTPStatus.UNPROCESSABLE_ENTITY:
                raise await self._contradiction(head, signer, consistency)
            if status != HTTPStatus.CONFLICT or media.partition(";")[0] != SIZE:
                raise _refused(status, body, self.witness.name)
            self._known[head.origin] = _size_in(body, self.witness.name)
        raise Unwilling("Ce témoin donne chaque fois une autre taille.", where=self.witness.name)

    def _verified(self, note: str, head: Head, body: bytes) -> str:
        try:
            found = cosignatures(note + body.decode("utf-8"), head, list(self.witness.keys))
        except (UnicodeDecodeError, Damaged) as error:
            raise Unwilling("Ce témoin a répondu une contresignature fausse.", where=self.witness.name) from error
        if not found:
            raise Unwilling("Ce témoin n’a pas signé avec la clé attendue.", where=self.witness.name)
        return "".join(one.line for one in found)

    async def _contradiction(self, head: Head, signer: Verifier, consistency: Consistency) -> Contradiction:
        """What the witness's own checkpoint of this log shows: proof against us, or only its word."""
        where = f"{self.witness.name} : {head.origin}"
        word = "Ce témoin dit connaître une autre suite de ce journal, sans en montrer la preuve."
        self._known.pop(head.origin, None)  # whatever it said is asked anew at the next try
        try:
            origin_hash = sha256(head.origin.encode()).hexdigest()
            status, _, body = await self._call("GET", f"/{origin_hash}/checkpoint")
            seen, _ = cosigned_head(body.decode("utf-8"), signer, self.witness.keys[0])
            if status != HTTPStatus.OK or seen.origin != head.origin:
                return Contradiction(word, where=where, proved=False)
            if seen.size > head.size:
                what = f"Ce journal a été raccourci : {head.size} entrées ici, {seen.size} signées chez ce témoin."
                return Contradiction(what, where=where, proved=True)
            if bytes.fromhex((await consistency(seen.size, head.size))[1]) != seen.root:
                what = f"Ce journal a bifurqué : {seen.size} entrées, signées chez ce témoin, sont autres ici."
                return Contradiction(what, where=where, proved=True)
        except (GuetError, UnicodeDecodeError):
            return Contradiction(word, where=where, proved=False)
        return Contradiction("Ce témoin refuse une suite que sa propre copie permet.", where=where, proved=False)

    async def _call(self, method: str, path: str, content: bytes = b"") -> tuple[int, str, bytes]:
        try:
            async with self._http.stream(
                method, self.witness.url + path, content=content, timeout=CALL_LIMIT_S, follow_redirects=False
            ) as answer:
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > ANSWER_LIMIT_BYTES:
                        raise Unwilling("La réponse de ce témoin est trop longue.", where=self.witness.name)
                return answer.status_code, answer.headers.get("content-type", ""), body
        except httpx.HTTPError as error:
            raise Unavailable("Ce témoin ne répond pas.", where=self.witness.name) from error


def _size_in(body: bytes, name: str) -> int:
    try:
        return parse_size(body.decode("ascii").removesuffix("\n"))
    except (UnicodeDecodeError, BadInput) as error:
        raise Unwilling("Ce témoin a répondu une taille illisible.", where=name) from error


def _refused(status: int, body: bytes, name: str) -> GuetError:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unavailable("Ce témoin ne peut pas répondre maintenant.", where=f"{name} : {status}")
    said = "".join(c for c in body[:200].decode("utf-8", "replace") if c.isprintable())
    return Unwilling(f"Ce témoin ne contresigne pas ({status}) : {said}", where=name)
