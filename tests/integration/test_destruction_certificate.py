"""The destruction certificate of a day: what it says, what it cannot be made to say, and that it verifies offline
(P-29, P-30, P-32, P-42).
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.cli import main
from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, Town, town
from vms.clock import HOUR_US, UtcTime
from vms.errors import BadInput, NotFound, Refused
from vms.keeper.keys.destruction import destroy_due
from vms.keeper.proof.certificate_check import Checked, check_certificate, read_certificate, told_in_french
from vms.keys.note import vkey
from vms.keys.signing import generate_signing_key

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = "2026-11-20"
FIRST = UtcTime.parse("2026-11-19T23:00:00Z")  # midnight in Paris
SECOND_CAMERA = "valclair-c02"
Forge = Callable[[dict[str, Any]], object]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A day of two cameras: one hour held, the rest destroyed in time, bytes erased, a loss documented."""
    async with town(tmp_path_factory.mktemp("town")) as made:
        await made.commission()
        await made.enrol(SECOND_CAMERA)
        for hour in (-1, 0, 1, 5, 23, 24):
            start = UtcTime(FIRST.us + hour * HOUR_US + 60_000_000)
            await made.segment(start)
        await made.hour_key(FIRST.us + 5 * HOUR_US, camera=SECOND_CAMERA)
        held = {"from_us": FIRST.us + 5 * HOUR_US, "to_us": FIRST.us + 5 * HOUR_US + 10**9}
        await made.act(
            CHIEF, "place_hold", cameras=[CAMERA], procedure="flagrance", authority="Parquet", reference="2026/77",
            requester="Adjudant X", **held,
        )  # fmt: skip
        made.clock.advance(seconds=20 * 86_400)
        await destroy_due(made.keeper.house.communes.get("valclair"), made.clock.utc().us)
        erased = {"camera": CAMERA, "from_us": FIRST.us, "to_us": FIRST.us + HOUR_US, "count": 4, "bytes": 4_000_000}
        await made.recorder.report_erased("valclair", [erased | {"mode": "due"}, erased | {"mode": "early"}])
        await made.recorder.report_erased(
            "valclair", [erased | {"mode": "due", "to_us": FIRST.us, "from_us": FIRST.us - HOUR_US}]
        )
        await made.enter(MAYOR)
        yield made


async def made_for(place: Town, day: str = DAY, camera: str = "") -> dict[str, Any]:
    return read_certificate(await place.host.prove_destruction("valclair", day, camera))


def signer_of(place: Town) -> str:
    return place.keeper.house.host.keys.signer.vkey()


async def test_it_says_what_is_gone_what_is_held_and_proves_it(place: Town) -> None:
    whole = await made_for(place)
    checked = check_certificate(whole, signer_of(place))
    assert checked.ok, checked.faults
    of = whole["certificate"]["cameras"][CAMERA]
    hours = [(line["hour_us"] - FIRST.us) // HOUR_US for line in of["destroyed"]]
    assert hours == [0, 1, 23]  # the day's own, not its neighbours'
    assert {(line["why"], line["days"]) for line in of["destroyed"]} == {("due", 15)}
    assert all(line["due_us"] <= line["destroyed_us"] for line in of["destroyed"])
    assert [(line["why"], line["segments"]) for line in of["bytes"]] == [("due", 4), ("documented-loss", 4)]
    assert [(line["hour_us"], line["state"]) for line in of["remaining"]] == [(FIRST.us + 5 * HOUR_US, "held")]
    assert [line["reference"] for line in of["held"]] == ["2026/77"]
    # A camera without an order keeps what it has for the legal maximum: not yet due.
    other = whole["certificate"]["cameras"][SECOND_CAMERA]
    assert (other["destroyed"], [line["state"] for line in other["remaining"]]) == ([], ["kept"])
    text = told_in_french(checked)
    assert "GELÉ" in text
    assert "perte documentée" in text
    assert "15 jours" in text
    one = await made_for(place, camera=CAMERA)
    assert list(one["certificate"]["cameras"]) == [CAMERA]
    assert check_certificate(one).ok


async def test_a_day_without_footage_and_wrong_questions(place: Town) -> None:
    empty = check_certificate(await made_for(place, "2026-01-01"))
    assert empty.ok
    assert empty.body["proofs"] == []
    for day, camera in (("2026-02-30", ""), ("hier", ""), ("2026-11-20", "valclair-c99"), ("9999-12-31", "")):
        with pytest.raises(BadInput):
            await place.host.prove_destruction("valclair", day, camera)
    with pytest.raises(NotFound):
        await place.host.prove_destruction("ailleurs", DAY)


def _drop_proof(body: dict[str, Any]) -> object:
    return body["proofs"].pop(0)


def _another_day(body: dict[str, Any]) -> object:
    return body.update(day="2026-11-21")


def _hide(body: dict[str, Any]) -> object:
    return body["cameras"][CAMERA]["destroyed"].pop()


def _invent(body: dict[str, Any]) -> object:
    return body["cameras"][SECOND_CAMERA]["destroyed"].append(dict(body["cameras"][CAMERA]["destroyed"][0]))


def _no_camera(body: dict[str, Any]) -> object:
    return body["cameras"].pop(CAMERA)


def _alter_record(body: dict[str, Any]) -> object:
    proof = body["proofs"][0]
    return proof.update(record=proof["record"].replace('"auto"', '"auto-held"'))


def _swap_proofs(body: dict[str, Any]) -> object:
    first, second = body["proofs"][:2]
    first["path"], second["path"] = second["path"], first["path"]
    return None


def _not_held(body: dict[str, Any]) -> object:
    return body["cameras"][CAMERA]["held"].clear()


@pytest.mark.parametrize(
    "forge",
    [_drop_proof, _another_day, _hide, _invent, _no_camera, _alter_record, _swap_proofs, _not_held],
)
async def test_no_forged_certificate_verifies(place: Town, forge: Forge) -> None:
    whole = json.loads(json.dumps(await made_for(place)))
    forge(whole["certificate"])
    checked = check_certificate(whole, signer_of(place))
    assert checked.faults
    assert "NE se vérifie PAS" in told_in_french(checked)


async def test_another_signer_checkpoint_or_note_is_refused(place: Town) -> None:
    whole = await made_for(place)
    stranger = vkey("guet/inconnu", generate_signing_key()[1])
    assert check_certificate(whole, stranger).faults
    other = await made_for(place, "2026-11-21")
    assert check_certificate({**whole, "note": other["note"]}, signer_of(place)).faults
    point = (await place.read(MAYOR, "journal_checkpoint"))["checkpoint"]
    assert check_certificate({**whole, "note": point}, signer_of(place)).faults
    for broken in (b"", b"{}", b"[]", b'{"certificate":{"v":1},"note":""}', b'{"certificate":[],"note":""}', b"x" * 9):
        with pytest.raises(BadInput):
            check_certificate(read_certificate(broken))


async def test_a_key_past_its_term_is_said_to_be_late(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    commune = place.keeper.house.communes.get("valclair")
    late = (f"{9:032x}", CAMERA, FIRST.us + 2 * HOUR_US, b"w")
    await commune.keys.write(lambda tx: tx.db.execute("INSERT INTO hour_key VALUES (?, ?, ?, ?)", late))
    try:
        checked: Checked = check_certificate(await made_for(place), signer_of(place))
        assert (checked.ok, checked.overdue, checked.faults) == (False, 1, [])
        assert "n’ont PAS été détruites" in told_in_french(checked)
    finally:
        await commune.keys.write(lambda tx: tx.db.execute("DELETE FROM hour_key WHERE key_id = ?", late[:1]))


async def test_it_is_for_those_who_may_read_the_journal_and_is_itself_an_entry(place: Town) -> None:
    await place.add("agent", "officer")
    with pytest.raises(Refused) as refused:
        await place.web.prove_destruction(place.tokens["agent"], DAY)
    assert refused.value.rule == "D-12"
    assert check_certificate(read_certificate(await place.web.prove_destruction(place.tokens[MAYOR], DAY))).ok
    last = (await place.read(MAYOR, "journal", kind="consultation", limit=1))["entries"][0]["record"]
    assert (last["act"], last["detail"]) == ("prove_destruction", {"day": DAY})
    assert last["author"]["person"] == place.people[MAYOR]


async def test_the_commands_prove_and_verify(
    place: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def run(*words: str) -> tuple[object, str]:
        """The command's exit code and what it prints; in a thread, as it has a loop of its own."""
        monkeypatch.setattr(sys, "argv", ["vms", "retention", *words])
        with pytest.raises(SystemExit) as stopped:
            await asyncio.to_thread(main)
        return stopped.value.code, capfd.readouterr().out

    file, forged = str(tmp_path / "certificat.json"), tmp_path / "faux.json"
    with tempfile.TemporaryDirectory(prefix="k-") as home:
        (Path(home) / "run").symlink_to(place.run)
        code, text = await run("prove", "valclair", DAY, "--home", home, "--output", file)
        assert (code, "GELÉ" in text) == (0, True)
        code, text = await run("prove", "valclair", DAY, "--home", home, "--json", "--camera", CAMERA)
        assert (code, json.loads(text)["certificate"]["camera"]) == (0, CAMERA)
        assert (await run("prove", "valclair", "hier", "--home", home))[0] == 2
        assert (await run("prove", "ailleurs", DAY, "--home", home))[0] == 1
    code, text = await run("verify", file, "--signer", signer_of(place), "--json")
    assert (code, json.loads(text)["ok"], json.loads(text)["signer_given"]) == (0, True, True)
    good = json.loads(Path(file).read_bytes())
    _hide(good["certificate"])
    forged.write_text(json.dumps(good), encoding="utf-8")
    assert (await run("verify", str(forged)))[0] == 1
    assert (await run("verify", str(tmp_path / "absent")))[0] == 2
