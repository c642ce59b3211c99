"""A package judged twice: by ``vms evidence verify``, and by openssl, sha256sum and ffprobe as the French page has it.

One package, time-stamped, with a gap. Both accept it. Then one change at a time, in each field of the manifest, each
file, and each box of each video: both refuse, and both say what it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.extraction import SEAL, SIGNER, package_with_a_gap
from tests.judges import c2pa_library, public_tools
from tests.judges.forgery import entries_of, packed
from tests.peers.timestamping import Authority
from vms.evidence import mp4
from vms.evidence.manifest import MANIFEST_FILE, canonical
from vms.evidence.timestamp import request
from vms.evidence.verify import verify_package
from vms.keys import seal

Entries = dict[str, bytes]
# Which step of the page finds a change of one of these; any other file is found by its hash.
STEPS = {
    "signer.pem": "Le certificat",
    "manifest.json": "Le cachet",
    "manifest.p7s": "Le cachet",
    "manifest.tsr": "L’horodatage",
    "SHA256SUMS": "La liste des fichiers",
    "manifest.sig": "La clé du journal",
    "signer.vkey": "La clé du journal",
}
COUNTED = "Rien en trop, rien qui manque"
COUNTED_FILES = ("manifest.sig", "signer.vkey", "manifest.tsr")
# Which of our own steps must be among those that fail.
OUR_STEPS = {
    "signer.pem": "cachet",
    "manifest.p7s": "cachet",
    "manifest.tsr": "horodatage",
    "manifest.sig": "signature",
    "signer.vkey": "signature",
}
CONTAINERS = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"mvex", b"moof", b"traf", b"sinf", b"schi"}
)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of one file: what it is, the file, and the package's files after it."""

    what: str
    file: str
    entries: Callable[[Entries], Entries]


@dataclass(frozen=True, slots=True)
class Place:
    """An extracted package in ``folder``, the published keys beside it."""

    entries: Entries
    folder: Path

    def with_files(self, entries: Entries) -> None:
        """Make the folder hold these files: only those that differ are written."""
        for name in self.entries.keys() | entries.keys():
            path = self.folder / name
            if name not in entries:
                path.unlink(missing_ok=True)
            elif not path.exists() or entries[name] != self.entries.get(name):
                path.write_bytes(entries[name])

    def restore(self, entries: Entries) -> None:
        """Undo ``with_files(entries)``."""
        for name in self.entries.keys() | entries.keys():
            if name not in self.entries:
                (self.folder / name).unlink()
            elif entries.get(name) != self.entries[name]:
                (self.folder / name).write_bytes(self.entries[name])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The package, made once."""
    folder = tmp_path_factory.mktemp("evidence")
    authority = Authority(folder / "tsa")

    def stamped(data: bytes) -> bytes:
        return authority.answer(request(data).der)

    package = package_with_a_gap(folder, 1, stamped, authority.roots)
    made = Place(entries_of(package), folder / "paquet")
    for name, content in made.entries.items():
        path = made.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "commune.pem").write_bytes(seal.to_pem(SEAL.certificate))
    (folder / "commune.vkey").write_text(SIGNER.vkey() + "\n")
    (folder / "autorite.pem").write_bytes(authority.roots)
    return made


def test_both_accept_the_package_as_it_was_handed_over(place: Place, tmp_path: Path) -> None:
    assert public_tools.verify(place.folder) == public_tools.Verdict("", "")
    for name in place.entries:
        if name.startswith("video/") and name.endswith(".mp4"):
            assert public_tools.verify_alone(place.folder, name).failed == ""
    (tmp_path / "p.zip").write_bytes(packed(place.entries))
    report = verify_package(tmp_path / "p.zip", SIGNER.vkey())
    assert report.verdict == "authentic", report.text()
    assert "horodatage : le cachet existait le" in report.text()
    assert len(public_tools.commands()) == 10


def test_the_c2pa_library_trusts_each_sidecar_with_its_video_and_with_no_other(place: Place) -> None:
    sidecars = [name for name in place.entries if name.endswith(".c2pa")]
    videos = [name.removesuffix(".c2pa") + ".mp4" for name in sidecars]
    anchors = seal.to_pem(SEAL.certificate) + place.entries["proofs/timestamp-roots.pem"]
    for sidecar, video, other in zip(sidecars, videos, reversed(videos), strict=True):
        told = c2pa_library.judged(place.entries[video], place.entries[sidecar], anchors)
        assert (told.state, told.bad) == ("Trusted", frozenset())
        assert told.good >= c2pa_library.TRUSTED | c2pa_library.STAMPED
        told = c2pa_library.judged(place.entries[other], place.entries[sidecar], anchors)
        assert (told.state, told.bad) == ("Invalid", frozenset({"assertion.dataHash.mismatch"}))


def test_both_refuse_every_mutation_and_say_which_file(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    made = list(mutations(place.entries))
    assert len(made) >= 200
    wrong = []
    for one in made:
        entries = one.entries(dict(place.entries))
        assert entries != place.entries, one.what
        place.with_files(entries)
        try:
            public = public_tools.verify(place.folder)
        finally:
            place.restore(entries)
        path.write_bytes(packed(entries))
        report = verify_package(path, SIGNER.vkey())
        if problem := _problem(one, public, {c.step: c.detail for c in report.checks if not c.ok}):
            wrong.append(f"{one.what} : {problem}")
    assert not wrong, "\n".join(wrong)
    assert public_tools.verify(place.folder).failed == ""


def test_a_video_alone_is_refused_when_any_box_changed(place: Place) -> None:
    """The export's own signature covers every byte, its certificate included."""
    video = next(name for name in place.entries if name.startswith("video/"))
    whole = place.entries[video]
    boxes = dict(_box_contents(whole))
    for kind in (b"ftyp", b"avcC", b"tfdt", b"mdat", b"suep", b"cstb", b"schm", b"sibo", b"cert", b"auib"):
        (place.folder / video).write_bytes(_flipped(whole, boxes[kind]))
        try:
            assert public_tools.verify_alone(place.folder, video).failed, kind
        finally:
            (place.folder / video).write_bytes(whole)


def test_an_encrypted_package_opens_with_the_services_key_alone_and_whole(tmp_path: Path) -> None:
    """The page encrypts in the browser (tests/browser/test_request_story.py); here age itself does."""
    (tmp_path / "paquet.zip").write_bytes(b"PK" * 100_000)
    key = (
        "age-keygen -o service.key && age -r $(age-keygen -y service.key) -o paquet.zip.age paquet.zip && rm paquet.zip"
    )
    assert public_tools.run(key, tmp_path).returncode == 0
    assert public_tools.decrypt(tmp_path).failed == ""
    assert (tmp_path / "paquet.zip").read_bytes() == b"PK" * 100_000
    sealed = (tmp_path / "paquet.zip.age").read_bytes()
    (tmp_path / "paquet.zip.age").write_bytes(_flipped(sealed, len(sealed) // 2))
    assert public_tools.decrypt(tmp_path).failed == public_tools.ENCRYPTED


def mutations(entries: Entries) -> Iterator[Mutation]:
    """One for each field of the manifest, four for each file, one for each box of each video."""
    manifest = json.loads(entries[MANIFEST_FILE])
    for path in _leaves(manifest):
        yield Mutation(f"manifeste {'.'.join(map(str, path))}", MANIFEST_FILE, _edited(path))
    for name, content in entries.items():
        middle = len(content) // 2
        yield Mutation(f"{name}, un bit", name, _replaced(name, _flipped(content, middle)))
        yield Mutation(f"{name}, coupé", name, _replaced(name, content[:-1]))
        yield Mutation(f"{name}, allongé", name, _replaced(name, content + b"\n"))
        yield Mutation(f"{name}, retiré", name, lambda found, gone=name: {k: v for k, v in found.items() if k != gone})
        if name.startswith("video/") and name.endswith(".mp4"):
            for kind, at in _box_contents(content):
                yield Mutation(f"{name}, boîte {kind.decode()}", name, _replaced(name, _flipped(content, at)))
    for extra in ("video/autre.mp4", "ajout.txt", "proofs/ajout.json"):
        yield Mutation(f"{extra} ajouté", extra, lambda found, name=extra: {name: b"x", **found})


def _problem(one: Mutation, public: public_tools.Verdict, ours: dict[str, str]) -> str:
    """What is wrong with how a mutation was refused; empty when both said the right thing."""
    uncounted = "ajouté" in one.what or ("retiré" in one.what and one.file in COUNTED_FILES)
    expected = COUNTED if uncounted else STEPS.get(one.file, "Les fichiers")
    if public.failed != expected:
        return f"outils publics : « {public.failed} » au lieu de « {expected} » ({public.output[-200:]})"
    if expected in ("Les fichiers", COUNTED) and one.file not in public.output:
        return f"outils publics : {one.file} n’est pas nommé"
    if one.file == MANIFEST_FILE:
        if "manifeste" in ours or {"signature", "cachet"} <= ours.keys():
            return ""
        return f"vms : {sorted(ours)}"
    step = OUR_STEPS.get(one.file, "fichiers")
    if step not in ours:
        return f"vms : {sorted(ours)} sans « {step} »"
    if one.file not in " ".join(ours.values()):
        return f"vms ne nomme pas {one.file} : {ours}"
    return ""


def _leaves(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _leaves(value, (*path, number))
    else:
        yield path


def _edited(path: tuple[str | int, ...]) -> Callable[[Entries], Entries]:
    def edit(entries: Entries) -> Entries:
        content = json.loads(entries[MANIFEST_FILE])
        inner = content
        for key in path[:-1]:
            inner = inner[key]
        value = inner[path[-1]]
        inner[path[-1]] = value + 1 if isinstance(value, (int, float)) else f"{value or ''}x"
        return {**entries, MANIFEST_FILE: canonical(content)}

    return edit


def _replaced(name: str, content: bytes) -> Callable[[Entries], Entries]:
    return lambda entries: {**entries, name: content}


def _flipped(content: bytes, at: int) -> bytes:
    changed = bytearray(content)
    changed[at] ^= 1
    return bytes(changed)


def _box_contents(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int]]:
    """Each box with content of its own, and a byte in the middle of it."""
    for box in mp4.boxes(data, start, end):
        skipped = {b"meta": 4, b"ipro": 6, b"stsd": 8, b"avc1": 78, b"hvc1": 78}.get(box.kind)
        if box.kind in CONTAINERS or skipped is not None:
            yield from _box_contents(data, box.body + (skipped or 0), box.end)
        elif box.end > box.body:
            yield box.kind, (box.body + box.end) // 2
