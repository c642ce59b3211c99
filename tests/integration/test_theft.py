"""Theft drills: what a thief takes away, everything that a capable one tries on it, and that nothing recorded opens.

Each drill also plants the real key in the same loot and sees that the thief then opens everything: his silence counts.
``docs/operate/security.md`` keeps the table of what was stolen and what could be opened.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.bench.servers import client_environment, object_store
from recorder.drain_spool import SpoolDrain
from recorder.recording.hour_keys import KeySpool
from recorder.segment.format import SegmentName
from recorder.store.bucket import Bucket
from recorder.store.s3 import SpooledStore
from tests.fakes.camera.clips import load_clip
from tests.fakes.extraction import record_clip
from tests.fakes.recorder_keeper import RecorderKeeper, camera_plan
from tests.fakes.recorder_town import CAMERA, town, write_clips
from tests.fakes.recording import COMMUNE, START, Rig
from tests.fakes.soft_token import MODULE, PIN, SoftTokens
from tests.fakes.theft_town import RichTown, replayed, rich_town
from tests.integration.keeper_town import MAYOR, PASSPHRASE, Town
from tests.judges.clear_bytes import Needles, open_for_writing
from tests.judges.thief import Opening, Thief
from vms.errors import BadInput, Damaged, GuetError, Refused, Unavailable
from vms.keeper.files.records import COMMUNE_ID, CommuneRecord, Holder
from vms.keeper.files.store import Tx
from vms.keeper.identity import passwords
from vms.keeper.keys.token_reader import TokenReader
from vms.keeper.protocol import HOST_OPS, KEY_WINDOW_INFO, PROVISIONER_OPS, RECORDER_OPS, WEB_OPS
from vms.keys import derive, wrapping
from vms.keys.passphrase import wrap_private
from vms.wire import Answer, WireClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

THIEF_PASSWORD = "le voleur est passé par là"
ENDING = ("act_for", "end", "end_session", "sign_out")  # asked last: they close what is left
OPEN_FILE_LIMIT_BYTES = 8 * 1024 * 1024


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rich(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RichTown]:
    async with rich_town(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture(scope="module")
def thief() -> Thief:
    """One thief for the drills on the same town: what he tried on one loot he need not try again on another."""
    return Thief()


def taken(source: Path, to: Path, *without: str) -> Path:
    """A copy of a home as it lies at this moment, without its sockets and some folders."""
    for path in source.rglob("*"):
        inside = path.relative_to(source)
        if path.is_file() and inside.parts[0] not in without:
            (to / inside).parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # a file that is renamed or gone while the thief copies
                shutil.copyfile(path, to / inside)
    return to


def planted(loot: Path, data: bytes) -> Path:
    """Something more in the loot, at an odd place of a file."""
    path = loot / "planted"
    path.write_bytes(os.urandom(101) + data + os.urandom(57))
    return path


def clear(loot: Path, nals: Iterable[bytes]) -> list[str]:
    """Files that hold 32 bytes of a recorded picture, after seeing that such a file would be found."""
    needles, control = Needles(nals), loot / "control"
    control.write_bytes(b"x" * 33 + max(nals, key=len)[:200])
    assert needles.search_tree(loot), "the search finds what is there"
    control.unlink()
    return [hit.where for hit in needles.search_tree(loot)]


def pictures(found: list[Opening], nals: Iterable[bytes]) -> bool:
    """Whether what opened holds every recorded unit, whole."""
    return all(any(nal in one.plaintext for one in found) for nal in nals)


async def test_theft_of_a_recorder_opens_nothing(
    short_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken while it records and its keeper is away, so that the wrapped keys of its spool are in the loot too."""

    async def away(self: RecorderKeeper, args: dict[str, Any], body: bytes) -> Answer:
        raise Unavailable("Le gardien ne répond pas.")

    monkeypatch.setattr(RecorderKeeper, "_put_hour_key", away)
    clips = write_clips(tmp_path)
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        loot = taken(short_home, tmp_path / "loot")
        (loot / "fd").mkdir()
        for path in open_for_writing(os.getpid()):  # the recorder runs in this process
            if path.stat().st_size <= OPEN_FILE_LIMIT_BYTES:
                shutil.copyfile(path, loot / "fd" / path.name)
        sent = [nal for part in ("main", "sub") for unit in load_clip(clips[part]).units for nal in unit.nals]
        private = made.keeper.commune_private
    assert list(loot.rglob("*.seg")), "it was recording"
    waiting = KeySpool(loot / "recorder" / "keys-waiting.sqlite").waiting()
    assert waiting, "its wrapped keys were in its spool"
    assert (loot / "recorder" / "identity.key").exists()
    robber = Thief()
    assert robber.opened(loot) == []
    assert clear(loot, sent) == []
    planted(loot, private)
    assert {one.how for one in robber.opened(loot)} == {"clé privée trouvée, heure"}


async def test_theft_of_a_whole_disk_opens_nothing(rich: RichTown, thief: Thief, tmp_path: Path) -> None:
    """All of VMS_HOME; the thief runs the product on it as its master, and the keeper's key stays locked."""
    loot = taken(rich.home, tmp_path / "loot")
    assert thief.opened(loot) == []
    assert clear(loot, rich.nals) == []
    key = planted(loot, rich.private)
    found = thief.opened(loot)
    assert {one.how for one in found} == {"clé privée trouvée, heure", "clé privée trouvée, paquet"}
    assert pictures(found, rich.nals)
    key.write_text(f"à ne pas perdre :\n{PASSPHRASE}\n")
    assert {one.how.split(",")[0] for one in thief.opened(loot)} == {"phrase secrète trouvée"}
    key.unlink()
    with closing(sqlite3.connect(loot / "keeper" / "host.sqlite")) as db, db:
        db.execute("UPDATE account SET password = ?", (passwords.HASHER.hash(THIEF_PASSWORD),))
    with tempfile.TemporaryDirectory(prefix="k-") as run:
        own = Town(loot, Path(run), rich.place.clock, "")
        await own.keeper.start()
        try:
            await as_its_master(rich, own)
        finally:
            await own.keeper.stop()


async def as_its_master(rich: RichTown, own: Town) -> None:
    """Every account is the thief's, every habilitation with it; the commune's key is not."""
    for login in (MAYOR, "agent"):
        own.tokens[login] = (await own.web.sign_in(login, THIEF_PASSWORD, "poste-9")).token
        await own.web.step_up(own.tokens[login], THIEF_PASSWORD)
        await own.web.act_for(own.tokens[login], COMMUNE, "5")
    with pytest.raises(Unavailable, match="verrouillée"):
        await replayed(rich, own, "agent")
    with pytest.raises(Refused):
        await own.web.unlock(own.tokens[MAYOR], COMMUNE, THIEF_PASSWORD)
    # He forges a key of his own as the commune's, with its holder, under the keeper's own checksums: it opens nothing.
    commune, (forged, public) = own.keeper.house.communes.get(COMMUNE), wrapping.generate_commune_key()
    person = rich.place.people[MAYOR]

    def forge(tx: Tx) -> None:
        record = CommuneRecord(commune.record.name, base64.b64encode(public).decode(), tx.now.us)
        commune.records.put(tx.db, "commune", COMMUNE_ID, record, tx.now.us)
        box = wrap_private(forged, THIEF_PASSWORD)
        commune.records.put(tx.db, "holder", person, Holder(person, "Le maire", box, tx.now.us), tx.now.us)

    await commune.store.write(forge)
    commune.refresh()
    assert (await own.web.unlock(own.tokens[MAYOR], COMMUNE, THIEF_PASSWORD))["unlocked"]
    with pytest.raises(Damaged):
        await replayed(rich, own, "agent")


async def test_theft_of_a_disk_without_its_token_opens_nothing(
    rich: RichTown, thief: Thief, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mayor's box for a token is in the loot, its PIN on a note, the thief at the keyboard; the token is not."""
    tokens, mairie = SoftTokens.begin(tmp_path / "hsm", monkeypatch), {"label": "mairie", "pin": PIN}
    tokens.add("mairie")
    monkeypatch.setattr(rich.place.keeper.house, "tokens", TokenReader(MODULE))
    await rich.place.web.accounts.add_token(rich.place.tokens[MAYOR], COMMUNE, PASSPHRASE, mairie)
    loot = taken(rich.home, tmp_path / "loot")
    (loot / "note").write_text(f"jeton de la mairie, code secret :\n{PIN}\n")
    assert any(b"ecdh-p384-hkdf-sha384" in path.read_bytes() for path in loot.rglob("*") if path.is_file())
    assert thief.opened(loot) == []
    assert clear(loot, rich.nals) == []
    tokens.take_out()
    tokens.add("mairie")  # one of his own, of the same name and PIN
    with closing(sqlite3.connect(loot / "keeper" / "host.sqlite")) as db, db:
        db.execute("UPDATE account SET password = ?", (passwords.HASHER.hash(THIEF_PASSWORD),))
    with tempfile.TemporaryDirectory(prefix="k-") as run:
        own = Town(loot, Path(run), rich.place.clock, "", token_module=MODULE)
        await own.keeper.start()
        try:
            token = (await own.web.sign_in(MAYOR, THIEF_PASSWORD, "poste-9")).token
            with pytest.raises(Refused, match="ne porte pas la clé"):
                await own.web.accounts.unlock_by_token(token, COMMUNE, mairie)
            assert not own.keeper.house.communes.get(COMMUNE).unlocked
            tokens.put_back()  # with the token itself he is the mayor: his silence before counts
            assert (await own.web.accounts.unlock_by_token(token, COMMUNE, mairie))["unlocked"]
            assert own.keeper.house.communes.get(COMMUNE).private_key() == rich.private
        finally:
            await own.keeper.stop()


async def test_the_same_road_opens_everything_to_a_holder(rich: RichTown) -> None:
    """What the thief is refused on his copy is given to who has the right and the key: the road itself is open."""
    await rich.place.enter("agent", purpose="5")
    plain = await replayed(rich, rich.place, "agent")
    assert all(any(nal in one for one in plain) for nal in rich.nals)


async def test_theft_of_database_backups_opens_nothing(rich: RichTown, thief: Thief, tmp_path: Path) -> None:
    """A dump of the shared database and copies of the keeper's files, beside a stray copy of the footage itself."""
    loot = taken(rich.home, tmp_path / "loot", "keeper", "keys.sqlite")
    with closing(sqlite3.connect(rich.home / "guet.sqlite")) as db:
        (loot / "guet.sql").write_text("\n".join(db.iterdump()))
    (loot / "keeper").mkdir()
    for path in (rich.home / "keeper").glob("*.sqlite"):
        with closing(sqlite3.connect(path)) as db, closing(sqlite3.connect(loot / "keeper" / path.name)) as copy:
            db.backup(copy)
            (loot / "keeper" / f"{path.name}.sql").write_text("\n".join(db.iterdump()))
    assert (loot / "guet.sql").read_text().count(rich.segment) > 0
    assert thief.opened(loot) == []
    assert clear(loot, rich.nals) == []
    planted(loot, base64.b64encode(rich.private))
    found = thief.opened(loot)
    assert {one.how.rsplit(", ", 1)[1] for one in found} == {"heure", "paquet"}
    assert pictures(found, rich.nals)


async def test_theft_of_a_bucket_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every object, with the account that reads them, and the store's own disk."""
    async with object_store(tmp_path / "s3") as server:
        for name, value in client_environment(server).items():
            monkeypatch.setenv(name, value)
        rig, bucket, loot = await Rig(tmp_path / "rig").prepare(), Bucket(server.url), tmp_path / "loot"
        rig.store = store = SpooledStore.of(rig.home / "store", rig.home / "store-id", bucket, 1000, floor_bytes=0)
        writer = rig.writer()
        await writer.start()
        nals = await record_clip(rig, writer, "main", 2, START)
        await writer.close()
        await SpoolDrain(rig.engine, store, rig.clock, rig.home / "bucket-id").round()
        [row] = await rig.segments()
        assert (row.state, store.waiting()) == ("sealed", []), "it lies in the bucket and nowhere else"
        for number, key in enumerate(bucket.keys()):
            (loot / "objects").mkdir(parents=True, exist_ok=True)
            (loot / "objects" / str(number)).write_bytes(bucket.get(key))
        taken(server.folder, loot / "disk")
        hour_key = rig.hour_key(SegmentName.parse(row.name).hour_key_id)
        await rig.close()
    robber = Thief()
    assert robber.opened(loot) == []
    assert clear(loot, nals) == []
    planted(loot, derive.segment_key(hour_key, row.name).hex().upper().encode())
    found = robber.opened(loot)
    assert {one.how for one in found} == {"clé trouvée, segment"}
    assert pictures(found, nals)


async def test_theft_of_the_web_server_opens_nothing(rich: RichTown, thief: Thief, tmp_path: Path) -> None:
    """Its disk, its sockets, and what ended sessions left in it: tokens, permits, keys sealed to a page."""
    place = rich.place
    token = await place.enter("agent", purpose="5")
    page, public = wrapping.generate_peer_key()
    view = await place.watch("agent", "replay")
    window = await place.web.key_window(view.id, CAMERA, public, rich.asked, *rich.span)
    thief_private, thief_public = wrapping.generate_peer_key()
    with pytest.raises(Refused, match="autre page"):
        await place.web.key_window(view.id, CAMERA, thief_public, rich.asked, *rich.span)
    await place.web.sign_out(token)
    loot = taken(rich.home, tmp_path / "loot", "keeper")
    (loot / "memory").write_bytes(window + json.dumps([token, view.permit, view.id]).encode())
    assert thief.opened(loot) == []
    assert clear(loot, rich.nals) == []

    def unsealed() -> list[bytes]:
        found = []
        for key in (thief_private, *_runs_of(loot)):
            try:
                found.append(wrapping.open_from(key, window, KEY_WINDOW_INFO, view.id.encode()))
            except Damaged:
                continue
        return found

    assert unsealed() == []
    planted(loot, page)
    assert unsealed(), "with the page's own key the window opens"

    secret = [form for key in rich.secrets() for form in (key, base64.b64encode(key), key.hex().encode())]
    needles = Needles([*secret, *rich.nals])
    left = {"token": token, "permit": view.id, "ids": [view.id], "code": "aaaa-aaaa-aaaa-aaaa"}
    said = await everything_said(rich, left, thief_public)
    assert said, "some operations are open to all"
    assert not [op for op, told, body in said if list(needles.search(told + body))]
    assert not [op for op, told, body in said if body and _opens(thief_private, body, view.id)]
    await as_a_stranger(rich, thief_public)

    assert list(needles.search(json.dumps([base64.b64encode(rich.hour_key).decode()]).encode())), "a told key is found"
    alive = left | {"token": await place.enter("agent", purpose="5")}
    more = {op for op, *_ in await everything_said(rich, alive, thief_public)} - {op for op, *_ in said}
    assert {"session", "act_for"} <= more, "the questions are real: a session that lives gets answers"


def _runs_of(loot: Path) -> set[bytes]:
    """Every run of 32 bytes in what is not footage or a database."""
    files = [path for path in loot.iterdir() if path.is_file() and path.suffix != ".sqlite"]
    small = [path.read_bytes() for path in files if path.stat().st_size < 20_000]
    return {data[at : at + 32] for data in small for at in range(len(data) - 31)}


def _opens(private: bytes, sealed: bytes, view: str) -> bool:
    try:
        return bool(wrapping.open_from(private, sealed, KEY_WINDOW_INFO, view.encode()))
    except Damaged:
        return False


async def everything_said(rich: RichTown, left: dict[str, Any], public: bytes) -> list[tuple[str, bytes, bytes]]:
    """Every operation of every socket, asked with what is left: (operation, what it told, its bytes)."""
    low, high = rich.span
    args = {
        "commune": COMMUNE, "camera": CAMERA, "cameras": [CAMERA], "act": "replay", "from_us": low, "to_us": high,
        "segments": rich.asked, "login": "agent", "password": THIEF_PASSWORD, "passphrase": THIEF_PASSWORD,
        "workstation": "poste-9", "package": "E-1", "known": "", "day": "2026-11-24", "limit": 50, "after": "",
        "keys": [], "log": "2026-T4", "first": 1, "second": 1, "person": rich.place.people["agent"], "args": {},
    }  # fmt: skip
    said = []
    sockets = {"k-web": WEB_OPS, "k-rec": RECORDER_OPS, "k-prov": PROVISIONER_OPS, "k-adm": HOST_OPS}
    for socket, ops in sockets.items():
        client = WireClient(rich.place.run / f"{socket}.sock")
        for op in sorted(ops, key=lambda one: (one in ENDING, one)):
            for name in ("journal", "retention") if op == "read" else ("unknown",):
                try:
                    told, body = await client.call(op, {**args, "name": name, **left}, public)
                except GuetError:
                    continue
                said.append((op, json.dumps(told).encode(), body))
    return said


async def as_a_stranger(rich: RichTown, public: bytes) -> None:
    """The host's socket makes accounts and communes: none of them sees this commune's pictures (P-57, P-62)."""
    place, name = rich.place, f"voleur-{secrets.token_hex(3)}"
    await place.host.add_host_admin(name, "Voleur", THIEF_PASSWORD)
    token = (await place.web.sign_in(name, THIEF_PASSWORD, "poste-9")).token
    with pytest.raises(Refused):
        await place.web.act_for(token, COMMUNE, "5")
    with pytest.raises(Refused):
        await place.web.unlock(token, COMMUNE, PASSPHRASE)  # even with the right words: not a holder
    holders = [
        {"login": f"{name}-{n}", "label": "V", "password": THIEF_PASSWORD, "passphrase": THIEF_PASSWORD} for n in "ab"
    ]
    await place.host.init_commune({"commune": name, "name": "Volée", "holders": holders})
    token = (await place.web.sign_in(f"{name}-a", THIEF_PASSWORD, "poste-9")).token
    await place.web.act_for(token, name, "")
    for cameras in ([CAMERA], []):
        with pytest.raises((Refused, BadInput)):
            await place.web.admit(token, "replay", cameras)
