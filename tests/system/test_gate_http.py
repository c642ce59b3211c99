"""The gate on running processes: every route of the application's own table, and permits sent to a recorder itself."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from deploy.admin.api_client import ApiClient
from deploy.demo.town import ACCOUNTS, PASSPHRASE, PASSWORD
from tests.fakes.machine import eventually
from tests.system.gate_town import (
    FOREIGN,
    IMAGE_ACTS,
    MAY_HAVE,
    NEVER,
    OTHER_PURPOSE,
    SERVED,
    SOCKET_WAIT_S,
    SUSPENDED,
    GateTown,
    conversation,
    gate_town,
    groups_of,
)
from tests.system.open_ways import OPEN
from tests.system.page import LiveView, replay, socket_of, watch
from tests.system.pairwise import Row, selection
from tests.system.routes import Contract, Way, every_way
from vms.clock import MICRO
from vms.errors import GuetError, Refused, Unavailable
from vms.keeper.clients.audiences import KeeperForWeb
from vms.keeper.gate.permit import LIFETIME_US, PermitPayload, sign_permit
from vms.keys.signing import generate_signing_key
from vms.keys.wrapping import generate_peer_key
from vms.wire import WireClient
from web.app import PAGES, create_app

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

APP: Final = create_app(None)
WAYS: Final = every_way(APP)
STRANGERS: Final = ("foreign", "host", "nobody")
DENIED: Final = frozenset({400, 401, 403, 404})
# These act on the caller's own session alone, and end it last.
OWN_SESSION: Final = frozenset({Way("DELETE", "/api/v1/session")})
MEDIA: Final = (b"ftyp", b"moof", b"mdat")
BODY_MAX_BYTES: Final = 4 * 1024 * 1024
DARK_S: Final = 5.0
FRAMES_LEAST: Final = 5
RECORDER_TRIES: Final = 40
PERMIT_LIFE_S: Final = LIFETIME_US / MICRO


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene() -> AsyncIterator[GateTown]:
    async with gate_town() as made:
        yield made


async def stranger(scene: GateTown, who: str) -> dict[str, str]:
    """The headers of someone who has nothing to see in Valclair, with every right they can have elsewhere."""
    if who == "nobody":
        return {}
    role = "mayor" if who == "foreign" else "host_admin"
    account = next(one for one in ACCOUNTS if one.role == role and "valclair" not in one.communes)
    async with ApiClient(scene.machine.url) as client:
        await client.sign_in(account.login, PASSWORD)
        if who == "foreign":
            await client.post("/session/act", {"commune": "brumesnil", "purpose": "5", "motive": "essai"})
            await client.post("/session/step-up", {"password": PASSWORD})
        return {"Authorization": f"Bearer {client.token}"}


def contract(scene: GateTown, who: str) -> Contract:
    """Requests about Valclair, as well informed as can be."""
    today, (from_us, to_us) = scene.town.today.isoformat(), scene.range_us
    zone = {"points": [[0.1, 0.1], [0.3, 0.1], [0.2, 0.3]], "reason": "entrance"}
    return Contract(
        APP,
        {
            **scene.ids, "from_us": from_us, "to_us": to_us, "from": today, "until": today, "date": today,
            "cameras": [SERVED], "camera": SERVED, "passphrase": PASSPHRASE, "login": f"inconnu.{who}",
            "password": "mot de passe inventé", "public": base64.b64encode(generate_peer_key()[1]).decode(),
            "cidr": "127.250.0.0/24", "url": "rtsp://127.0.0.1/live", "role": "officer", "decision": "execute",
            "frame": "flagrance", "procedure": "flagrance", "polygons": [zone], "purposes": ["5"], "motive": "vol",
            "fields": {"authority": "Gendarmerie"}, "log": "valclair", "n": 0, "entry": 1, **scene.sealed_at,
            "kind": "equipment_and_staff",
        },
    )  # fmt: skip


def targets(scene: GateTown, way: Way) -> list[str]:
    """The paths to try: with Valclair's ids, and out of the folder where a path is served."""
    inside = f"..%2f..%2f..%2f..%2f{str(scene.machine.settings.store_dir).lstrip('/')}/valclair/{SERVED}"
    if way.method == "MOUNT":
        asset = next((PAGES / "assets").iterdir()).name
        return [f"{way.path}/{asset}", f"{way.path}/{inside}", f"{way.path}/..%2findex.html"]
    if "path" in way.parameters():
        stored = next(scene.machine.settings.store_dir.rglob("*.seg"))
        outside = "/%2e%2e/%2e%2e/etc/passwd"
        return ["/", "/mur", "/" + inside, "/" + str(stored).lstrip("/"), "/api/v1/nothing", outside]
    filled = {**scene.ids, "kind": "entries", "n": "0"}
    return [way.filled(filled)]


async def answer(client: httpx.AsyncClient, method: str, path: str, **given: Any) -> tuple[int, bytes]:
    """Status and body; of an endless answer its first piece."""
    async with client.stream(method, path, **given) as response:
        body = b""
        async for piece in response.aiter_bytes():
            body += piece
            if "event-stream" in response.headers.get("content-type", "") or len(body) > BODY_MAX_BYTES:
                break
        return response.status_code, body


def check_answer(scene: GateTown, way: Way, status: int, body: bytes, told: str) -> None:
    """A refusal, or something that is nobody's secret."""
    assert status < 500, told
    assert not list(scene.needles().search(body)), f"{told}: a picture or a key"
    ours = way.method == "MOUNT" or "path" in way.parameters()
    if not ours:
        assert not any(mark in body for mark in MEDIA), told
    if status >= 400:
        return
    assert ours or way in OPEN or not way.parameters(), f"{told}: {status} {body[:200]!r}"
    assert b"valclair-c" not in body, told


@pytest.mark.parametrize("who", STRANGERS)
async def test_no_route_gives_a_stranger_a_picture_or_a_key(scene: GateTown, who: str) -> None:
    headers, asked = await stranger(scene, who), contract(scene, who)
    statuses: dict[Way, int] = {}
    async with httpx.AsyncClient(base_url=scene.machine.url, headers=headers, trust_env=False, timeout=30) as client:
        for way in sorted(WAYS, key=lambda one: one in OWN_SESSION):
            if way.method == "WS":
                continue
            for path in targets(scene, way):
                method = "GET" if way.method == "MOUNT" else way.method
                body = asked.body(way)
                given = {} if body is None else {"json": body}
                status, got = await answer(client, method, path, params=asked.query(way), **given)
                statuses.setdefault(way, status)
                check_answer(scene, way, status, got, f"{who}: {method} {path}")
    about_valclair = {way: status for way, status in statuses.items() if way.parameters() and way not in OPEN}
    assert set(about_valclair.values()) <= DENIED, about_valclair
    # A read never fails for its form: it is refused for who asks.
    if who == "foreign":
        assert not [way for way, status in about_valclair.items() if way.method == "GET" and status == 400]
    if who == "nobody":
        assert not [way for way, status in statuses.items() if way not in OPEN and status not in (400, 401)]
        assert statuses[Way("GET", "/api/v1/events")] == 401


@pytest.mark.parametrize("who", STRANGERS)
async def test_no_websocket_gives_a_stranger_a_picture_or_a_key(scene: GateTown, who: str) -> None:
    headers = await stranger(scene, who)
    sockets = [way for way in WAYS if way.method == "WS"]
    assert len(sockets) >= 3
    for way in sockets:
        said = await conversation(scene, way.filled(scene.ids), headers)
        assert not [one for one in said if isinstance(one, bytes)], (who, way)
        kinds = [json.loads(one)["type"] for one in said]
        assert set(kinds) <= {"refused", "away"}, (who, way, said)
        assert kinds, (who, way)


async def test_the_same_requests_succeed_for_whoever_may(scene: GateTown) -> None:
    """The search finds what it looks for: the mayor gets pictures, keys and sealed bytes by these very routes."""
    mayor = await scene.town.as_("mayor")
    assert (await groups_of(mayor, scene))[0].key == scene.groups[0].key
    path = f"/replay/{scene.ids['permit_id']}/segments/{scene.ids['name']}"
    got = await mayor.request("GET", path, params=scene.sealed_at)
    assert list(scene.needles().search(got.content))
    package = await mayor.request("GET", f"/requests/{scene.ids['request']}/package")
    assert package.content


# element → acts that fall with it; "purpose" stands for one that is in another order than the cameras'.
LAPSES: Final[dict[str, frozenset[str]]] = {
    "none": frozenset(),
    "habilitation-withdrawn": frozenset(IMAGE_ACTS),
    "right-not-given": frozenset(IMAGE_ACTS),
    "no-commune-chosen": frozenset(IMAGE_ACTS),
    "no-purpose": frozenset({"live", "replay"}),
    "other-purpose": frozenset({"live", "replay"}),
    "camera-suspended": frozenset({"live", "framing"}),  # and no framing session is open there
    "camera-never-in-service": frozenset({"live", "replay"}),
    "framing-closed": frozenset({"framing"}),
    "request-of-nobody": frozenset({"export"}),
}
OF_THE_PERSON: Final = {"habilitation-withdrawn": "withdrawn", "right-not-given": "bare", "no-commune-chosen": "idle"}
CAMERA_OF: Final = {"camera-suspended": SUSPENDED, "camera-never-in-service": NEVER}
ROWS: Final[list[Row]] = sorted(
    {(role, act, "own", "none") for role in MAY_HAVE for act in IMAGE_ACTS}
    | set(selection((list(MAY_HAVE), IMAGE_ACTS, ("own", "other"), list(LAPSES))))
)


def may(role: str, act: str, whose: str, element: str) -> bool:
    """What the law says of the row."""
    return act in MAY_HAVE[role] and whose == "own" and act not in LAPSES[element]


async def people_of(scene: GateTown) -> dict[tuple[str, str], ApiClient]:
    """For each role: someone in order, one whose habilitation was withdrawn, one without a right, an idle one."""
    made: dict[tuple[str, str], ApiClient] = {}
    for role, acts in MAY_HAVE.items():
        for name in ("whole", *OF_THE_PERSON.values()):
            client, habilitation = await scene.newcomer(role, name, () if name == "bare" else acts)
            if name == "withdrawn":
                await scene.withdraw(habilitation)
            if name == "idle":
                await client.request("DELETE", "/session")
                await client.sign_in(f"{role}.{name}".replace("_", "-"), PASSWORD)
                await client.post("/session/step-up", {"password": PASSWORD})
            made[role, name] = client
    return made


async def opens(scene: GateTown, client: ApiClient, row: Row) -> str:
    """Try the act as a page would: ``yes``, or what refused it."""
    _, act, whose, element = row
    camera = FOREIGN if whose == "other" else CAMERA_OF.get(element, SERVED)
    if act == "export":
        request = "d-0000" if element == "request-of-nobody" or whose == "other" else scene.ids["request"]
        body = {"public": base64.b64encode(generate_peer_key()[1]).decode()}
        try:
            await client.post(f"/requests/{request}/package/key", body)
        except GuetError as error:
            return f"{error.kind} {error.rule}"
        return "yes"
    said: dict[str, Any] = {}
    for _ in range(RECORDER_TRIES):
        said = await first_words(client, f"/{act}/{camera}")
        if said.get("type") != "away":
            break
        await asyncio.sleep(0.5)  # allowed, but the recorder looks at its plan once a second
    return "yes" if said.get("type") in ("stream", "beat", "permit", "picture") else f"{said}"


async def first_words(client: ApiClient, path: str) -> dict[str, Any]:
    """The first message of a socket; binary first would be a picture out of order."""
    async with asyncio.timeout(SOCKET_WAIT_S), socket_of(client, path) as socket:
        message = await socket.recv()
    found: dict[str, Any] = {"type": "picture"} if isinstance(message, bytes) else json.loads(message)
    return found


async def test_role_act_commune_and_lapsed_element_pairwise(scene: GateTown) -> None:
    clients, mayor = await people_of(scene), await scene.town.as_("mayor")
    await mayor.post("/session/step-up", {"password": PASSWORD})
    for camera in (SERVED, NEVER):
        await mayor.post(f"/cameras/{camera}/framing/open", {"minutes": 15})
    wrong: dict[Row, str] = {}
    for row in ROWS:
        role, _, _, element = row
        client = clients[role, OF_THE_PERSON.get(element, "whole")]
        if element not in OF_THE_PERSON:
            purpose = {"no-purpose": "", "other-purpose": OTHER_PURPOSE}.get(element, "5")
            await client.post("/session/act", {"commune": "valclair", "purpose": purpose, "motive": "secteur gare"})
        if element == "framing-closed":
            await mayor.post(f"/cameras/{SERVED}/framing/close")
        got = await opens(scene, client, row)
        if element == "framing-closed":
            await mayor.post("/session/step-up", {"password": PASSWORD})
            await mayor.post(f"/cameras/{SERVED}/framing/open", {"minutes": 15})
        if (got == "yes") != may(*row):
            wrong[row] = got
    assert not wrong, "\n".join(f"{row}: {got}" for row, got in wrong.items())
    assert sum(may(*row) for row in ROWS) >= 20
    print(f"\n{len(ROWS)} rows, {sum(may(*row) for row in ROWS)} of them allowed")


async def recorder_answer(scene: GateTown, args: dict[str, Any], wait_s: float = 30.0) -> str:
    """What the recorder's own socket does with a permit: ``picture``, ``nothing`` or the refusal's rule."""
    wire = WireClient(scene.machine.settings.run_dir / "rec-0.sock")
    try:
        async with asyncio.timeout(wait_s), wire.stream("live", args) as channel:
            while True:
                _, body = await channel.receive()
                if body:
                    return "picture"
    except Refused as error:
        return error.rule
    except TimeoutError:
        return "nothing"


async def admitted(scene: GateTown, client: ApiClient, act: str, camera: str) -> str:
    """A permit of the keeper's own, held by the test as a web process would."""
    keeper, signed = KeeperForWeb(scene.machine.settings.run_dir / "k-web.sock"), client.signed(act, cameras=(camera,))
    return (await keeper.admit(client.token, act, [camera], statement=await signed)).permit


async def test_a_recorder_refuses_any_permit_but_the_keepers_own_in_time_for_that_camera(scene: GateTown) -> None:
    mayor = await scene.town.as_("mayor")
    foreign = await scene.machine.town("brumesnil").as_("mayor")
    view = {"camera": SERVED, "stream": "main"}
    good = await admitted(scene, mayor, "live", SERVED)
    assert await recorder_answer(scene, {**view, "permit": good}) == "picture"
    body, signature = good.split(".")
    own_key, _ = generate_signing_key()
    payload = PermitPayload.model_validate_json(base64.urlsafe_b64decode(body + "=="))
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    elsewhere = await admitted(scene, foreign, "live", FOREIGN)
    forged = {
        "no permit": None,
        "not a text": {"permit": good},
        "no signature": body,
        "flipped signature": f"{body}.{flipped}",
        "signed by another": sign_permit(payload, own_key),
        "another's body": f"{elsewhere.split('.')[0]}.{signature}",
        "other commune's": elsewhere,
        "for replay": await admitted(scene, mayor, "replay", SERVED),
        "other camera's": await admitted(scene, mayor, "replay", SUSPENDED),
    }
    for name, token in forged.items():
        assert (await recorder_answer(scene, {**view, "permit": token})).startswith("P-"), name
    fresh = await admitted(scene, mayor, "live", SERVED)
    assert (await recorder_answer(scene, {"camera": FOREIGN, "stream": "main", "permit": fresh})).startswith("P-")
    await asyncio.sleep(PERMIT_LIFE_S + 0.2)
    assert (await recorder_answer(scene, {**view, "permit": fresh})).startswith("P-"), "expired"


async def test_a_view_that_is_not_renewed_or_renewed_with_anothers_permit_ends(scene: GateTown) -> None:
    mayor, last_us = await scene.town.as_("mayor"), 0
    wire = WireClient(scene.machine.settings.run_dir / "rec-0.sock")
    token = await admitted(scene, mayor, "live", SERVED)
    permit = PermitPayload.model_validate_json(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    with pytest.raises(Unavailable):  # nobody refused it: nobody renewed it
        async with wire.stream("live", {"permit": token, "camera": SERVED, "stream": "main"}) as channel:
            while True:
                _, body = await channel.receive()
                last_us = scene.machine.clock.utc().us if body else last_us
    # Counted from when the keeper issued it, however long that took to arrive.
    assert permit.issued_us < last_us <= permit.issued_us + DARK_S * MICRO
    token, other = await admitted(scene, mayor, "live", SERVED), await admitted(scene, mayor, "live", SERVED)
    with pytest.raises(Refused):
        async with wire.stream("live", {"permit": token, "camera": SERVED, "stream": "main"}) as channel:
            await channel.send({"renew": other})
            while True:
                await channel.receive()


@pytest.mark.parametrize("how", ["withdrawn", "suspended"])
async def test_a_withdrawn_habilitation_darkens_live_and_ends_replay_within_five_seconds(
    scene: GateTown, how: str
) -> None:
    """On every live path there is: the picture, its smaller stream, and a framing session (law.md §9, 7)."""
    officer, habilitation = await scene.newcomer("officer", f"de.passage.{how}", ("live", "replay", "framing"))
    loop = asyncio.get_running_loop()
    await scene.frame()
    views = [LiveView(SERVED) for _ in range(3)]
    paths = (("main", "live"), ("sub", "live"), ("main", "framing"))
    watching = [asyncio.create_task(watch(officer, view, *path)) for view, path in zip(views, paths, strict=True)]

    async def lit() -> bool:
        return all(len(view.fragments) > FRAMES_LEAST for view in views)

    await eventually(lit, what="running views")
    async with replay(officer, SERVED) as page:
        opened = await page.window(*scene.range_us)
        assert opened
        await (scene.withdraw if how == "withdrawn" else scene.suspend)(habilitation)
        withdrawn = loop.time()
        with pytest.raises(GuetError) as ended:
            await page.said()
        replay_s = loop.time() - withdrawn
        await asyncio.gather(*watching)
    live_s = max(view.last_picture_s for view in views) - withdrawn
    for view in views:
        end = view.end_of(("withdrawn",))
        # The keeper said so, with the rule: none ended merely because a permit ran out.
        assert end is not None, view.texts[-3:]
        assert (end["rule"], ended.value.rule) == ("P-58", "P-58")
    assert max(live_s, replay_s) < DARK_S
    with pytest.raises(GuetError):
        await officer.request("GET", f"/replay/{page.permit}/segments/{opened[0].segment}", params=scene.sealed_at)
    print(f"\n{how}: last picture after {max(live_s, 0):.2f} s, replay ended after {replay_s:.2f} s")
