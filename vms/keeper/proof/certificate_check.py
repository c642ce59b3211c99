"""Checks a destruction certificate from its file alone, and says it in French for people (P-29, P-42)."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vms.clock import PARIS, UtcTime
from vms.errors import BadInput, Damaged, GuetError
from vms.keeper.journal.checkpoint import parse_checkpoint
from vms.keeper.journal.entry import commitment
from vms.keeper.journal.signed_document import canonical, check_digest, open_document
from vms.keeper.journal.tree import leaf_hash, verify_inclusion
from vms.keeper.proof.certificate import FILE, KIND, VERSION, Day, said_by
from vms.keys.cosignature import Head, cosignatures, parse_witness_vkey
from vms.keys.note import Verifier, parse_vkey
from vms.printable import printable

FILE_LIMIT_BYTES: Final = 64 * 1024 * 1024
KEYS_WORDS: Final = {
    "due": "à leur terme",
    "due-beside-hold": "à leur terme, les segments gelés mis à part",
    "?": "pour une cause que ce programme ne connaît pas",
}
BYTES_WORDS: Final = {"due": "à leur terme", "documented-loss": "avant terme : perte documentée (P-35)"}


@dataclass(slots=True)
class Checked:
    """The verdict: what does not hold, and the hours that should be destroyed and are not."""

    body: dict[str, Any]
    signer: str
    signer_given: bool
    faults: list[str] = field(default_factory=list)

    @property
    def overdue(self) -> int:
        """Keys past their term that no hold keeps (P-30)."""
        kept = (line for of in self.body["cameras"].values() for line in of["remaining"])
        return sum(line["state"] == "overdue" for line in kept)

    @property
    def ok(self) -> bool:
        """Whether all proofs hold and nothing is overdue."""
        return not self.faults and not self.overdue

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {
            "ok": self.ok, "signer": self.signer, "signer_given": self.signer_given, "faults": self.faults,
            "overdue": self.overdue, "proofs": len(self.body["proofs"]), "day": self.body["day"],
        }  # fmt: skip


def read_certificate(data: bytes) -> dict[str, Any]:
    """The file of a certificate, ``{"certificate", "note"}``; BadInput when it is none."""
    try:
        whole = json.loads(data) if len(data) <= FILE_LIMIT_BYTES else None
    except (ValueError, RecursionError) as error:
        raise BadInput("Ce certificat est illisible.") from error
    if not isinstance(whole, dict) or set(whole) != {"certificate", "note"} or not isinstance(whole["note"], str):
        raise BadInput("Ce fichier n’est pas un certificat de destruction.")
    return whole


def check_certificate(whole: dict[str, Any], signer: str | None = None, witnesses: Sequence[str] = ()) -> Checked:
    """Check signature, proofs and statement; ``signer`` is a known verifier key, else the certificate's own.

    BadInput when the file is not a certificate at all; what is false in one is a fault of the verdict.
    """
    body = whole["certificate"]
    if not isinstance(body, dict) or body.get("v") != VERSION:
        raise BadInput("Ce certificat est d’une version inconnue.")
    try:
        key = (signer or str(body["signer"])).strip()
        checked = Checked(body, key, signer is not None)
        verifier = parse_vkey(key)
        for step in (_signature, _proofs, _statement):
            try:
                step(whole, verifier)
            except GuetError as error:
                checked.faults.append(f"{error.what} {error.where}".strip())
        for witness in witnesses:
            _witness(checked, verifier, witness)
        checked.to_dict()
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadInput("Ce certificat n’a pas la forme d’un certificat.") from error
    return checked


def _signature(whole: dict[str, Any], verifier: Verifier) -> None:
    body = whole["certificate"]
    said = open_document(whole["note"], verifier, KIND)
    check_digest(said, FILE, canonical(body))
    if said.origin != f"{verifier.name}/{body['commune']}/{KIND}" or said.subject != body["day"]:
        raise Damaged("La note signée est celle d’un autre certificat.")


def _proofs(whole: dict[str, Any], verifier: Verifier) -> None:
    body = whole["certificate"]
    heads = {}
    for log, note in body["checkpoints"].items():
        heads[log] = Head(*parse_checkpoint(note, verifier))
        if heads[log].origin != f"{verifier.name}/{body['commune']}/{log}":
            raise Damaged("Un point de contrôle est celui d’un autre journal.", where=log)
    for proof in body["proofs"]:
        where = f"{proof['log']} n° {proof['n']}"
        if proof["log"] not in heads:
            raise Damaged("Une entrée n’a pas de point de contrôle.", where=where)
        head, record = heads[proof["log"]], json.loads(proof["record"])
        if (record["commune"], record["log"], record["n"]) != (body["commune"], proof["log"], proof["n"]):
            raise Damaged("Une entrée n’est pas à sa place.", where=where)
        path = [base64.b64decode(one, validate=True) for one in proof["path"]]
        leaf = leaf_hash(commitment(bytes.fromhex(proof["salt"]), proof["record"]))
        try:
            verify_inclusion(leaf, proof["n"], head.size, path, head.root)
        except GuetError as error:
            raise Damaged(error.what, where=where) from error


def _statement(whole: dict[str, Any], _: Verifier) -> None:
    """What the certificate says was destroyed is what its proved entries say, no more and no less."""
    body = whole["certificate"]
    asked = Day(body["day"], body["camera"])
    if asked.span() != (body["from_us"], body["to_us"]):
        raise Damaged("Le certificat ne couvre pas le jour qu’il nomme.")
    told = said_by((json.loads(one["record"]) for one in body["proofs"]), asked, frozenset(body["holds"]))
    for camera, of in body["cameras"].items():
        mine = told.pop(camera, {"destroyed": [], "bytes": [], "released": []})
        if any(of[part] != mine[part] for part in mine):
            raise Damaged("Le certificat ne dit pas ce que ses entrées prouvent.", where=camera)
    if told:
        raise Damaged("Le certificat tait des destructions que ses entrées prouvent.", where=", ".join(sorted(told)))


def _witness(checked: Checked, verifier: Verifier, witness: str) -> None:
    key = parse_witness_vkey(witness)
    for log, note in checked.body["checkpoints"].items():
        try:
            if cosignatures(note, Head(*parse_checkpoint(note, verifier)), [key]):
                continue
            checked.faults.append(f"Le témoin « {key.name} » n’a pas contresigné ce point de contrôle. {log}")
        except Damaged as error:
            checked.faults.append(f"{error.what} {log}")


def told_in_french(checked: Checked) -> str:
    """The certificate as a short text; BadInput when what it says cannot be told."""
    try:
        return _told(checked)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadInput("Ce certificat n’a pas la forme d’un certificat.") from error


def _told(checked: Checked) -> str:
    body = checked.body
    lines = [
        f"Certificat de destruction — {body['name']}, journée du {body['day']} (heure de Paris)",
        f"Établi le {_moment(body['made_us'])}, signé par {checked.signer.partition('+')[0]}",
    ]
    for camera, of in sorted(body["cameras"].items()):
        lines += ["", f"Caméra {camera}", *(f"  {line}" for line in _camera(of))]
    logs = ", ".join(sorted(body["checkpoints"])) or "aucun"
    lines += ["", f"Preuves : {len(body['proofs'])} entrées du journal, sous les points de contrôle {logs}."]
    if body["pruned"]:
        lines.append("Des lignes du journal ont été effacées à trente-six mois : ce certificat ne peut pas les citer.")
    lines += [f"NON  {fault}" for fault in checked.faults]
    if not checked.signer_given:
        lines.append("La clé vient du certificat : comparez-la à celle que la commune publie, ou donnez --signer.")
    return "\n".join(printable(line) for line in (*lines, _verdict(checked))) + "\n"


def _camera(of: dict[str, Any]) -> list[str]:
    out = []
    for why, word in KEYS_WORDS.items():
        gone = [line for line in of["destroyed"] if line["why"] == why]
        if gone:
            days = sorted({line["days"] for line in gone if "days" in line})
            term = f" ({', '.join(map(str, days))} jours)" if days else ""
            at = _moment(UtcTime.parse(max(line["written"] for line in gone)).us)
            count = sum(len(line["keys"]) for line in gone)
            hours = len({line["hour_us"] for line in gone})
            out.append(f"{count} clés de {hours} heures détruites {word}{term} ; dernière écriture le {at}")
    for why, word in BYTES_WORDS.items():
        gone = [line for line in of["bytes"] if line["why"] == why]
        if gone:
            size = f"{sum(line['size_bytes'] for line in gone) / 1e9:.2f}".replace(".", ",")
            out.append(f"{sum(line['segments'] for line in gone)} segments effacés {word} ({size} Go)")
    out += [f"{line['segments']} segments du gel {line['hold']}, levé, détruits" for line in of["released"]]
    out += [
        f"GELÉ : {line['segments']} segments, gel {line['hold']} ({line['reference']}) jusqu’au "
        f"{_moment(line['until_us'])}"
        for line in of["held"]
    ]
    for state, word in (("held", "gelées"), ("kept", "pas encore dues"), ("overdue", "EN RETARD, rien ne les retient")):
        left = [line for line in of["remaining"] if line["state"] == state]
        if left:
            due = _moment(max(line["due_us"] for line in left))
            out.append(f"{len(left)} clés d’heures restent, {word} ; terme de la dernière : {due}")
    return out or ["rien : ni clé, ni destruction de ce jour"]


def _verdict(checked: Checked) -> str:
    if checked.faults:
        return "Ce certificat NE se vérifie PAS."
    if checked.overdue:
        return f"Les preuves sont exactes, et {checked.overdue} clés échues n’ont PAS été détruites (P-30)."
    return "Les preuves sont exactes ; rien d’échu ne reste hors des gels."


def _moment(at_us: int) -> str:
    return UtcTime(at_us).datetime().astimezone(PARIS).strftime("%d/%m/%Y %H:%M:%S")
