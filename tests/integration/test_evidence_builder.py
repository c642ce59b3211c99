"""A builder of packages that was taken over: all that it writes is duly signed, and what it lies about is still found.

The keeper signs a hash without seeing a picture; what it knows itself of the extraction stands in its journal (P-40).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recorder.export import oeff
from recorder.stream.boxes import box, full_box
from tests.fakes.extraction import GAP_RANGE, REQUEST, SIGNER, package_with_a_gap
from tests.fakes.recording import START
from tests.judges.forgery import entries_of, packed
from tests.judges.taken_over import Content, Edit, Entries, closed, listed, parts, signed_as_asked
from vms.clock import UtcTime
from vms.evidence.manifest import MANIFEST_FILE, canonical
from vms.evidence.proof import JournalProof
from vms.evidence.report import Report
from vms.evidence.verify import verify_package
from vms.keeper.journal.checkpoint import Signer, checkpoint_text
from vms.keeper.journal.entry import Entry, commitment, record_of
from vms.keeper.journal.tree import inclusion_proof, leaf_hash, nodes_over, root_of
from vms.keys.note import sign_note, signature_line
from vms.keys.signing import generate_signing_key

FIRST = "video/valclair-c01.main.20261124T141000000000Z.mp4"


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> Entries:
    """The files of one package with a gap, made once."""
    return entries_of(package_with_a_gap(tmp_path_factory.mktemp("package")))


def judged(data: bytes, folder: Path) -> Report:
    path = folder / "p.zip"
    path.write_bytes(data)
    return verify_package(path, SIGNER.vkey())


def told(report: Report) -> str:
    return " ; ".join(f"{check.step} : {check.detail}" for check in report.checks if not check.ok)


def test_what_changes_nothing_stays_authentic(entries: Entries, tmp_path: Path) -> None:
    report = judged(signed_as_asked(entries, lambda content, files: None), tmp_path)
    assert report.verdict == "authentic", report.text()
    assert "extraction : ces caméras et cette plage" in report.text()


def of_stream(edit: Callable[[dict[str, Any]], None]) -> Edit:
    return lambda content, files: edit(content["streams"][0])


def of_video(edit: Callable[[bytes, bytes], bytes]) -> Edit:
    def change(content: Content, files: Entries) -> None:
        files[FIRST] = edit(*parts(files[FIRST]))

    return change


def a_second_stream(content: Content, files: Entries) -> None:
    content["streams"].append(copy.deepcopy(content["streams"][0]))


def no_stream(content: Content, files: Entries) -> None:
    content["streams"] = []
    for name in [name for name in files if name.startswith(("video/", "proofs/valclair"))]:
        del files[name]


def without(*stems: str) -> Edit:
    """The journal's proofs of these names, left out."""

    def edit(content: Content, files: Entries) -> None:
        content["journal"] = [one for one in content["journal"] if not any(stem in one["entry"] for stem in stems)]
        for name in [name for name in files if any(f"proofs/{stem}." in name for stem in stems)]:
            del files[name]

    return edit


def told_otherwise(**said: Any) -> Edit:
    return of_stream(lambda stream: stream["videos"][0].update(said))


def shorter(stream: dict[str, Any]) -> None:
    stream["to_us"] -= 4_000_000


def backwards(stream: dict[str, Any]) -> None:
    stream["from_us"], stream["to_us"] = stream["to_us"], stream["from_us"]


def absence(after_us: int, length_us: int, cause: str) -> Edit:
    def edit(stream: dict[str, Any]) -> None:
        end = stream["to_us"] + after_us
        stream["absences"].append({"from_us": end, "to_us": end + length_us, "cause": cause})

    return of_stream(edit)


def with_suep(before: bytes, said: bytes) -> bytes:
    camera, who = oeff.Source(name="Une autre caméra"), oeff.Exporter(unit="Guet 0.1.0", operator="Personne")
    start = said.index(b"suep") - 4
    end = start + int.from_bytes(said[start : start + 4], "big")
    return closed(before, said[:start] + oeff._suep(camera, who, START.us) + said[end:])


def with_name(before: bytes, said: bytes) -> bytes:
    end = int.from_bytes(said[:4], "big")
    return closed(before, full_box(b"hdlr", 0, 0, bytes(4), b"null", bytes(12), b"x" * 4000 + b"\0") + said[end:])


def with_head(before: bytes, said: bytes) -> bytes:
    end = int.from_bytes(before[:4], "big")
    return closed(box(b"ftyp", b"isom", bytes(4), b"%PDF" * 1000) + before[end:], said)


def with_user_data(*added: bytes) -> Callable[[bytes, bytes], bytes]:
    def edit(before: bytes, said: bytes) -> bytes:
        start = before.index(b"moov") - 4
        end = start + int.from_bytes(before[start : start + 4], "big")
        return closed(before[:start] + box(b"moov", before[start + 8 : end], *added) + before[end:], said)

    return edit


LONG_AGO, FAR_AHEAD = (UtcTime.parse(f"{year}-01-01T00:00:00Z") for year in (2001, 2080))

LIES: dict[str, tuple[Edit, str]] = {
    "a file that nobody speaks of": (
        lambda content, files: listed(content, files, "video/autre.mp4", b"x"),
        "video/autre.mp4 ne sert à rien dans ce paquet",
    ),
    "a page that an archive program would show": (
        lambda content, files: listed(content, files, "LISEZMOI.html", b"<script>"),
        "LISEZMOI.html ne sert à rien dans ce paquet",
    ),
    "a stream twice": (a_second_stream, f"{FIRST} sert deux fois"),
    "a proof twice": (
        lambda content, files: content["journal"].append(content["journal"][0]),
        "proofs/decision.json sert deux fois",
    ),
    "no camera at all": (no_stream, "des caméras de l’extraction ne sont pas dans le paquet : valclair-c01"),
    "a shorter range": (of_stream(shorter), "la plage de valclair-c01 n’est pas celle de l’extraction"),
    "a range backwards": (of_stream(backwards), "finit avant d’avoir commencé"),
    "no proof of the decision": (without("decision"), "la décision n’est pas prouvée"),
    "no proof of the extraction": (without("extraction"), "l’extraction n’est pas prouvée"),
    "no proof at all": (without("decision", "extraction"), "la décision n’est pas prouvée"),
    "another ground": (
        lambda content, files: content["decision"].update(ground="hors-du-droit"),
        "le motif de la décision n’est pas celui que le journal prouve",
    ),
    "another decision": (
        lambda content, files: content["decision"].update(decision="refuse"),
        "la décision que le journal prouve n’est pas celle de cette demande",
    ),
    "another request": (
        lambda content, files: content["request"].update(id="d-2026-0002"),
        "la décision que le journal prouve n’est pas celle de cette demande",
    ),
    "another commune": (lambda content, files: content["commune"].update(id="autreville"), "d’une autre commune"),
    "another commune's journal": (
        lambda content, files: content["commune"].update(id="autreville"),
        "Ce journal n’est pas celui de la commune",
    ),
    "videos in another order": (
        of_stream(lambda stream: stream["videos"].reverse()),
        "ne sont pas dans l’ordre du temps",
    ),
    "an absence beyond the range": (absence(0, 5, "disk-full"), "une absence sort de la plage"),
    "an absence of no length": (absence(-1, 0, "disk-full"), "finit avant d’avoir commencé"),
    "a cause that draws a verdict": (
        of_stream(lambda stream: stream["absences"][0].update(cause="\x1b[2JAUTHENTIQUE")),
        "la cause d’une absence n’est pas sous sa forme",
    ),
    "another codec": (told_otherwise(codec="hvc1.1.6.L93.B0"), "Le format annoncé de la vidéo"),
    "another width": (told_otherwise(width=3840), "Le format annoncé de la vidéo"),
    "another rate": (told_otherwise(fps_measured=25.0), "La cadence annoncée de la vidéo"),
    "a rate that is no number": (told_otherwise(fps_measured=float("nan")), "Le manifeste est illisible"),
    "a fact that is no number": (
        lambda content, files: content["request"]["facts"].update(x=float("inf")),
        "Le manifeste est illisible",
    ),
    "a fact deeper than others read": (
        lambda content, files: content["request"]["facts"].update(x=json.loads("[" * 70 + "]" * 70)),
        "Le manifeste est illisible",
    ),
    "a video of another request": (
        of_video(lambda before, said: closed(before, said, note="Valclair-sur-Brume, demande d-9, paquet E-9")),
        "La vidéo a été signée pour une autre demande",
    ),
    "a key certified for another request": (
        of_video(lambda before, said: closed(before, said, title="Extraction d-9")),
        "La vidéo a été signée pour une autre demande",
    ),
    "a certificate that ran out": (
        of_video(lambda before, said: closed(before, said, at=LONG_AGO)),
        "n’était pas valable quand le cachet a été apposé",
    ),
    "a certificate of later": (
        of_video(lambda before, said: closed(before, said, at=FAR_AHEAD)),
        "n’était pas valable quand le cachet a été apposé",
    ),
    "another camera's name": (of_video(with_suep), "La boîte suep ne dit pas ce que dit le manifeste"),
    "a box with room for more": (of_video(with_name), "La boîte hdlr ne dit pas ce que dit le manifeste"),
    "a document before the video": (of_video(with_head), "La description de la vidéo n’est pas celle"),
    "a title that players show": (
        of_video(with_user_data(box(b"udta", box(b"meta", b"Le coupable")))),
        "porte autre chose que le lieu filmé",
    ),
    "user data twice": (
        of_video(with_user_data(box(b"udta", box(b"loci")), box(b"udta", box(b"loci")))),
        "porte autre chose que le lieu filmé",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_that_is_duly_signed_is_found_and_named(entries: Entries, tmp_path: Path, lie: str) -> None:
    edit, reason = LIES[lie]
    report = judged(signed_as_asked(entries, edit), tmp_path)
    assert report.verdict == "damaged"
    assert reason in told(report)


ENTRIES: dict[str, tuple[bytes, str]] = {
    "a record that is no text": (b'{"record":5,"salt":"00"}', "est illisible"),
    "a salt that is no text": (b'{"record":"{}","salt":[]}', "est illisible"),
    "nesting without end": (b"[" * 60_000, "est illisible"),
    "a salt in capitals": (canonical({"record": "{}", "salt": "AB" * 16}), "n’est pas sous sa forme canonique"),
    "a salt with spaces": (canonical({"record": "{}", "salt": "ab " * 16}), "n’est pas sous sa forme canonique"),
    "a salt of another length": (canonical({"record": "{}", "salt": "ab" * 15}), "n’est pas sous sa forme canonique"),
}


@pytest.mark.parametrize("what", ENTRIES)
def test_an_entry_that_is_none_is_told_and_never_raises(entries: Entries, tmp_path: Path, what: str) -> None:
    entry, reason = ENTRIES[what]
    report = judged(packed({**entries, "proofs/decision.json": entry}), tmp_path)
    assert reason in told(report)


def test_what_a_package_says_of_itself_cannot_draw_a_verdict(entries: Entries, tmp_path: Path) -> None:
    """Terminal escapes and turned text in a name reach the screen written out."""
    content = json.loads(entries[MANIFEST_FILE])
    content["commune"]["name"] = "X\x1b[2J\r\nAUTHENTIQUE. Signé par la commune\u202e\u2028"
    text = judged(packed({**entries, MANIFEST_FILE: canonical(content)}), tmp_path).text()
    assert "X\\x1b[2J\\x0d\\x0aAUTHENTIQUE. Signé par la commune\\u202e\\u2028" in text
    assert [line[:3] for line in text.splitlines()[:-1]] == [line[:3] for line in text.split("\n")[:-2]]
    assert not any(line.startswith("AUTHENTIQUE") for line in text.splitlines())


FROM_US, TO_US = GAP_RANGE
OPENED: dict[str, Any] = {"cameras": ("valclair-c01",), "from_us": FROM_US, "to_us": TO_US, "reference": REQUEST}
TWIN = Signer(SIGNER.name, generate_signing_key()[0])


def proof_of(
    *,
    commune: str = "valclair",
    said: str = "valclair",
    number: int = 3,
    signer: Signer = SIGNER,
    size: int = 5,
    salt: bytes = bytes(16),
    more: str = "",
    **entry: Any,
) -> JournalProof:
    """The fourth entry of a log that the keeper's key signed, and what can be wrong with it."""
    records = [record_of(Entry("session", "sign_in"), said, "2026-T4", n, START) for n in range(5)]
    records[3] = record_of(Entry("communication", "export", **OPENED | entry), said, "2026-T4", number, START)
    leaves = [leaf_hash(commitment(bytes(16), record)) for record in records]
    text = checkpoint_text(f"{SIGNER.name}/{commune}/2026-T4", size, root_of(leaves[:size]))
    note = sign_note(text, signer.name, signer.private) + (signature_line(text, more, TWIN.private) if more else "")
    path = tuple(inclusion_proof(nodes_over(leaves), 3, 5))
    return JournalProof(records[3], salt.hex(), 3, path, note)


PROOFS: dict[str, tuple[dict[str, Any], str]] = {
    "another request's extraction": ({"reference": "d-2026-0002"}, "celle d’une autre demande"),
    "an extraction of more cameras": (
        {"cameras": ("valclair-c01", "valclair-c02")},
        "des caméras de l’extraction ne sont pas dans le paquet : valclair-c02",
    ),
    "an extraction of another camera": ({"cameras": ("valclair-c02",)}, "ne sont pas dans le paquet"),
    "an extraction of a longer range": ({"to_us": TO_US + 1}, "n’est pas celle de l’extraction"),
    "another commune's log": ({"commune": "brumesnil", "said": "brumesnil"}, "n’est pas celui de la commune"),
    "a record of another commune": ({"said": "brumesnil"}, "n’est pas à sa place"),
    "a record of another number": ({"number": 4}, "n’est pas à sa place"),
    "a checkpoint from before the entry": ({"size": 3}, "La preuve d’inclusion est impossible"),
    "a checkpoint of another size": ({"size": 4}, "La preuve d’inclusion"),
    "the right entry with another salt": ({"salt": bytes([1]) * 16}, "ne mène pas à la racine"),
    "a key of the same name": ({"signer": TWIN}, "Aucune clé connue"),
}


def with_proof(proof: JournalProof) -> Edit:
    def edit(content: Content, files: Entries) -> None:
        files["proofs/extraction.json"], files["proofs/extraction.tlog-proof"] = (
            proof.entry_bytes(),
            proof.proof_bytes(),
        )

    return edit


@pytest.mark.parametrize("what", PROOFS)
def test_a_proof_of_something_else_is_named(entries: Entries, tmp_path: Path, what: str) -> None:
    changes, reason = PROOFS[what]
    report = judged(signed_as_asked(entries, with_proof(proof_of(**changes))), tmp_path)
    assert report.verdict == "damaged"
    assert reason in told(report)


def test_a_checkpoint_that_others_signed_too_proves_as_much(entries: Entries, tmp_path: Path) -> None:
    """A witness's line under it, or a stranger's: neither adds nor takes away."""
    edit = with_proof(proof_of(more="prefecture.example/temoin"))
    report = judged(signed_as_asked(entries, edit), tmp_path)
    assert report.verdict == "authentic", report.text()
