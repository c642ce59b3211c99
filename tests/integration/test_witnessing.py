"""Journals before witnesses: cosignatures come back and verify; a log that was cut back or forked is told (E-04)."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from deploy.mail import message_for
from deploy.stamping import Stamping
from deploy.witness_client import WitnessClient, parse_witness
from deploy.witnessing import Witnessing
from recorder.export.timestamping import Authorities
from tests.fakes.witnesses import RunningWitness, witness
from tests.integration.keeper_town import CAMERA, MAYOR, Town, town
from tests.peers.timestamping import Authority, served
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine, read, write
from vms.errors import BadInput, Damaged, Unavailable
from vms.keeper.files.store import open_file
from vms.keeper.identity.host import SCHEMA
from vms.keeper.journal.checkpoint import Signer
from vms.keeper.proof.audit import Report, verify_log, verify_store
from vms.keeper.proof.export import export_log
from vms.keeper.proof.witness_book import SIZE
from vms.keeper.service import Keeper
from vms.keys.signing import generate_signing_key
from vms.model import Commune, Incident
from vms.settings import Settings


@dataclass
class Place:
    """A town, its witness, and the loop between them."""

    town: Town
    witness: RunningWitness
    loop: Witnessing
    http: httpx.AsyncClient

    def client(self, setting: str = "") -> WitnessClient:
        return WitnessClient(parse_witness(setting or self.witness.setting), self.http)

    async def round(self, setting: str = "") -> None:
        await self.loop.round(self.client(setting))

    async def incidents(self) -> list[tuple[str, str, str, bool]]:
        async with read(self.loop._engine) as session:
            rows = (await session.execute(select(Incident).order_by("id"))).scalars()
            return [(one.commune_id, one.kind, one.severity, one.closed_us is None) for one in rows]

    async def grow(self, entries: int = 3) -> None:
        gap = {"camera": CAMERA, "from_us": 1, "to_us": 2, "cause": "camera-unreachable"}
        await self.town.recorder.report_gap("valclair", [gap] * entries)

    async def export(self, folder: Path) -> Path:
        token = (await self.town.enter(MAYOR)) if MAYOR not in self.town.tokens else self.town.tokens[MAYOR]
        return await export_log(lambda name, args: self.town.web.read(token, name, args), folder)

    def verify(self, folder: Path, *witnesses: str, checkpoint: str | None = None) -> Report:
        return verify_log(folder, self.town.keeper.house.host.keys.signer.vkey(), checkpoint, witnesses)

    async def served(self, log: str = "2026-T4") -> str:
        """What the witness shows of the commune's log."""
        origin = f"{self.town.keeper.house.host.keys.signer.name}/valclair/{log}"
        return (await self.http.get(f"{self.witness.url}/{sha256(origin.encode()).hexdigest()}/checkpoint")).text

    async def from_copy(self, copy: Path) -> None:
        """The keeper goes on from an earlier copy of its files, as a host that hides something makes it."""
        await self.town.keeper.stop()
        shutil.rmtree(self.town.home / "keeper")
        shutil.copytree(copy, self.town.home / "keeper")
        self.town.keeper = Keeper(self.town.home / "keeper", self.town.run, self.town.clock)
        await self.town.keeper.start()
        self.town.tokens.clear()

    async def copy(self, to: Path) -> Path:
        await self.town.keeper.stop()
        shutil.copytree(self.town.home / "keeper", to)
        self.town.keeper = Keeper(self.town.home / "keeper", self.town.run, self.town.clock)
        await self.town.keeper.start()
        return to


SIGNERS = [Signer(f"guet/{number:08x}", generate_signing_key()[0]) for number in range(9)]


@pytest.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[RunningWitness, RunningWitness]]:
    """Two witnesses of different hands, for all tests here: each test's keeper signs with a key of its own."""
    home, keys = tmp_path_factory.mktemp("w"), [one.vkey() for one in SIGNERS]
    async with witness(home / "1", *keys) as one, witness(home / "2", *keys, name="autre.example/temoin") as two:
        yield one, two


def seeded(home: Path, signer: Signer) -> None:
    """A keeper's file whose journal key is one that the witnesses know already."""
    (home / "keeper").mkdir(parents=True)
    with open_file(home / "keeper" / "host.sqlite", SCHEMA) as db:
        keys = {"permit": generate_signing_key()[0], "journal": signer.private, "facts": bytes(32)}
        rows = [*keys.items(), ("name", signer.name.encode())]
        db.executemany("INSERT INTO secret (name, value) VALUES (?, ?)", rows)


@asynccontextmanager
async def placed(tmp_path: Path, one: RunningWitness, signer: Signer) -> AsyncIterator[Place]:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'guet.sqlite'}")
    await ensure_schema(engine)
    async with write(engine) as session:
        session.add(Commune(id="valclair", name="Valclair-sur-Brume"))
    seeded(tmp_path / "home", signer)
    async with town(tmp_path / "home") as made:
        await made.enrol()
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            loop = Witnessing(engine, made.host, made.clock, [parse_witness(one.setting)], 60)
            yield Place(made, one, loop, http)
    await engine.dispose()


@pytest.fixture
async def place(tmp_path: Path, pair: tuple[RunningWitness, RunningWitness]) -> AsyncIterator[Place]:
    """A town that has shown nothing yet."""
    async with placed(tmp_path, pair[0], SIGNERS.pop()) as made:
        yield made


async def test_cosignatures_are_published_and_verify(place: Place, tmp_path: Path) -> None:
    await place.round()
    point = await place.town.read(MAYOR, "journal_checkpoint")
    assert point["checkpoint"].count("— prefecture.example/temoin ") == 2
    size = point["size"]
    await place.grow()
    await place.export(tmp_path / "out")
    report = place.verify(tmp_path / "out", *place.witness.vkeys)
    assert report.ok, report.faults
    assert [(one.kind, one.size) for one in report.logs[0].witnessed] == [("Ed25519", size), ("ML-DSA-44", size)]
    await place.round()
    await place.round()  # nothing new: nothing is asked
    assert await place.served() != ""
    keeper_dir = place.town.home / "keeper"
    whole = verify_store(keeper_dir, place.town.keeper.house.host.keys.signer.vkey(), None, place.witness.vkeys)
    assert whole.ok, whole.faults
    assert await place.incidents() == []


async def test_a_witness_that_never_cosigned_or_another_key_is_a_fault(place: Place, tmp_path: Path) -> None:
    folder = await place.export(tmp_path / "out")
    assert [fault.what for fault in place.verify(tmp_path / "out", place.witness.vkeys[0]).faults] == [
        "Aucune contresignature du témoin « prefecture.example/temoin » n’accompagne ce journal."
    ]
    await place.round()
    shutil.rmtree(tmp_path / "out")
    await place.export(tmp_path / "out")
    [kept] = (folder / "cosigned").glob("*" + place.witness.vkeys[0].split("+")[1])
    whole = kept.read_text(encoding="utf-8")
    kept.write_text(whole[:-10] + "AAAAAAAA=\n", encoding="utf-8")
    assert not place.verify(tmp_path / "out", place.witness.vkeys[0]).ok
    with pytest.raises(BadInput):
        place.verify(tmp_path / "out", "pas une clé")


async def test_a_log_cut_back_is_told_by_the_witness_and_by_its_checkpoint(place: Place, tmp_path: Path) -> None:
    earlier = await place.copy(tmp_path / "earlier")
    await place.town.enter(MAYOR)
    await place.grow()
    await place.round()
    served = await place.served()
    await place.from_copy(earlier)
    await place.round()
    assert ("valclair", "journal-contradicted", "grave", True) in await place.incidents()
    await place.export(tmp_path / "out")
    faults = place.verify(tmp_path / "out", checkpoint=served).faults
    assert [fault.where for fault in faults] == ["--checkpoint"]
    assert "raccourci" in faults[0].what
    assert not place.verify(tmp_path / "out", place.witness.vkeys[0]).ok


async def test_the_auditors_are_written_to_once_a_day_while_a_witness_contradicts(place: Place, tmp_path: Path) -> None:
    """Neither the mayor nor who hosts is written to: whoever controls is, and learns nothing but where to look."""
    await place.town.add("dpo", "auditor")
    former = await place.town.add("ancienne", "auditor")
    await place.town.act(MAYOR, "withdraw", habilitation=former, motive="fin de mission")
    email = "UPDATE account SET email = login || '@valclair.example'"
    await place.town.keeper.house.host.store.write(lambda tx: tx.db.execute(email))
    earlier = await place.copy(tmp_path / "earlier")
    await place.grow()
    await place.round()
    assert await place.town.host.outbox() == []
    await place.from_copy(earlier)
    for _ in range(2):
        place.town.clock.advance(seconds=7200)
        await place.round()
    [first] = await place.town.host.outbox()
    assert (first["kind"], first["email"], first["request"]) == ("journal-contradicted", "dpo@valclair.example", "")
    message = message_for(first, Settings(public_url="https://guet.example"))
    assert "témoin contredit le journal" in message["Subject"]
    assert "https://guet.example/journal" in message.get_content()
    assert "demandes" not in message.get_content()
    place.town.clock.advance(seconds=86_400)
    await place.round()
    assert len(await place.town.host.outbox()) == 2


async def test_a_forked_log_is_told_whatever_its_length(place: Place, tmp_path: Path) -> None:
    earlier = await place.copy(tmp_path / "earlier")
    await place.grow()
    await place.round()
    served = await place.served()
    await place.from_copy(earlier)
    await place.grow(30)  # longer than what the witness knows, and not its continuation
    await place.round()
    told = await place.incidents()
    assert ("valclair", "journal-contradicted", "grave", True) in told
    await place.round()
    assert await place.incidents() == told  # it rests, and an incident that is open is not opened again
    origin = f"{place.town.keeper.house.host.keys.signer.name}/valclair/2026-T4"
    [refused] = [one for one in (await place.witness.told())["refusals"] if one["origin"] == origin]
    assert "bifurqué" in refused["reason"]
    await place.export(tmp_path / "out")
    faults = place.verify(tmp_path / "out", checkpoint=served).faults
    assert "bifurqué" in faults[0].what
    assert await place.served() == served


async def test_a_fork_shown_to_one_of_two_witnesses_cannot_satisfy_both(
    place: Place, pair: tuple[RunningWitness, RunningWitness], tmp_path: Path
) -> None:
    first, second = pair
    earlier = await place.copy(tmp_path / "earlier")
    await place.grow()
    await place.round()  # the first witness sees one journal
    await place.town.enter(MAYOR)
    folder = await place.export(tmp_path / "one")
    await place.from_copy(earlier)
    await place.grow(5)
    await place.round(second.setting)  # the second sees another
    await place.export(tmp_path / "two")
    assert place.verify(tmp_path / "one", first.vkeys[0]).ok
    assert place.verify(tmp_path / "two", second.vkeys[0]).ok
    for name in ("one", "two"):
        assert len(place.verify(tmp_path / name, first.vkeys[0], second.vkeys[0]).faults) == 1
    # Even when the other's cosigned checkpoint is laid beside it.
    for one in (tmp_path / "two").rglob("cosigned/*"):
        shutil.copy(one, folder / "cosigned" / one.name)
    [fault] = place.verify(tmp_path / "one", first.vkeys[0], second.vkeys[0]).faults
    assert second.name in fault.what


async def test_a_witness_that_lies_or_is_away_changes_nothing(place: Place) -> None:
    said: list[tuple[int, bytes, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(said[-1][0], content=said[-1][1], headers={"content-type": said[-1][2]})

    before = await place.town.read(MAYOR, "journal_checkpoint")
    cases = [
        (HTTPStatus.OK, b"", "text/plain"),
        (HTTPStatus.OK, b"\xff\xfe", "text/plain"),
        (HTTPStatus.OK, "— prefecture.example/temoin AAAA\n".encode(), "text/plain"),
        (HTTPStatus.OK, b"x" * 100_000, "text/plain"),
        (HTTPStatus.CONFLICT, b"9999999999\n", SIZE),  # it claims to know more than there is
        (HTTPStatus.CONFLICT, b"many\n", SIZE),
        (HTTPStatus.CONFLICT, b"1\n", "text/html"),
        (HTTPStatus.UNPROCESSABLE_ENTITY, b"no", "text/plain"),
        (HTTPStatus.NOT_FOUND, b"no", "text/plain"),
        (HTTPStatus.FOUND, b"", "text/plain"),
    ]
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        for case in cases:
            said.append(case)
            loop = Witnessing(place.loop._engine, place.town.host, place.town.clock, [], 60)
            await loop.round(WitnessClient(parse_witness(place.witness.setting), http))
        assert {(kind, severity) for _, kind, severity, _ in await place.incidents()} == {
            ("witness-unwilling", "warn"),
            ("journal-contradicted", "warn"),  # its word, without a checkpoint of ours to prove it
        }
        said.append((HTTPStatus.SERVICE_UNAVAILABLE, b"", "text/plain"))
        with pytest.raises(Unavailable):
            await place.loop.round(WitnessClient(parse_witness(place.witness.setting), http))
    with pytest.raises(Unavailable):
        await place.round("http://127.0.0.1:1 " + place.witness.vkeys[0])
    assert await place.town.read(MAYOR, "journal_checkpoint") == before
    note = before["checkpoint"]
    with pytest.raises(Damaged):
        await place.town.host.put_cosignatures("valclair", "2026-T4", note + "— x AAAA\n", place.witness.vkeys)
    forged = note.partition("\n\n")[0].replace("valclair", "autre") + "\n\n" + note.partition("\n\n")[2]
    with pytest.raises(Damaged):
        await place.town.host.put_cosignatures("valclair", "2026-T4", forged, place.witness.vkeys)
    with pytest.raises(BadInput):
        await place.town.host.put_cosignatures("_host", "2026-T4", note, place.witness.vkeys)
    await place.round()
    assert all(not still_open for *_, still_open in await place.incidents())


async def test_checkpoints_are_time_stamped_once_a_day_and_public_tools_agree(place: Place, tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path / "tsa"), Authority(tmp_path / "other")
    clock = SystemClock()
    stamping = Stamping(place.town.host, clock, None)
    with served(authority.answer) as server:
        authorities = Authorities((server.url,), authority.roots)
        assert await stamping.round(authorities) == 2  # the commune's journal and the host's
        await place.grow()
        assert await stamping.round(authorities) == 0  # not again today
        log = await place.export(tmp_path / "out")
        place.town.clock.advance(seconds=86_401)
        await place.town.enter(MAYOR)
        assert await stamping.round(authorities) == 2
    signer = place.town.keeper.house.host.keys.signer.vkey()
    report = verify_log(tmp_path / "out", signer, stamp_roots=authority.roots)
    assert report.ok, report.faults
    stamped = report.logs[0].stamped
    assert stamped is not None
    assert stamped.size < report.logs[0].size
    openssl = ["openssl", "ts", "-verify", "-data", "stamp/checkpoint.note", "-in", "stamp/answer.tsr", "-CAfile"]
    await asyncio.to_thread(
        subprocess.run, [*openssl, str(authority.folder / "ca.pem")], cwd=log, check=True, capture_output=True
    )
    assert [one.where for one in verify_log(tmp_path / "out", signer, stamp_roots=stranger.roots).faults] == [
        "valclair/2026-T4/stamp/answer.tsr"
    ]
    for name in ("stamp/checkpoint.note", "stamp/answer.tsr"):
        whole = (log / name).read_bytes()
        (log / name).write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
        assert not verify_log(tmp_path / "out", signer, stamp_roots=authority.roots).ok
        (log / name).write_bytes(whole)
    (log / "stamp" / "answer.tsr").unlink()
    assert not verify_log(tmp_path / "out", signer, stamp_roots=authority.roots).ok
    with pytest.raises(Unavailable), served(stranger.answer) as server:
        place.town.clock.advance(seconds=86_401)
        await place.grow()
        await stamping.round(Authorities((server.url,), authority.roots))


@pytest.mark.parametrize("text", ["https://temoin.example", "temoin.example a+b+c", "https://temoin.example a+b+c"])
def test_a_wrong_setting_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        parse_witness(text)
