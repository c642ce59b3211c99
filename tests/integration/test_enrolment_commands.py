"""The command line around cameras: what the host may look at, and what only a signed-in person may do."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.camera_town import PREFIX, camera, farm
from tests.fakes.provisioning_town import order_town
from tests.fakes.scripted_http import Host, answer, scripted


async def vms(*arguments: str, home: Path, stdin: str = "") -> tuple[int, str, str]:
    """Run ``vms`` in a process of its own; exit code, stdout, stderr."""
    env = {**os.environ, "VMS_HOME": str(home), "VMS_SESSION_FILE": str(home / "session.json"), "COLUMNS": "200"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli", *arguments, env=env, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate(stdin.encode())
    return process.returncode or 0, out.decode(), err.decode()


async def test_discover_prints_what_answers_and_changes_nothing(short_home: Path) -> None:
    async with farm(camera(7), camera(8, media2=False)) as cameras:
        port = str(cameras.discovery.port)
        code, out, _ = await vms(
            "discover", "127.77.0.6/31", "127.77.0.8/31", "--port", port, "--json", home=short_home
        )
        rows = json.loads(out)
        assert code == 0
        seen = [(r["address"], r["state"], r["rule"]) for r in rows]
        assert seen == [("127.77.0.7", "new", ""), ("127.77.0.8", "refused", "O-10")]
        assert rows[0]["mac"] == cameras["cam-7"].config.mac_address
        code, out, _ = await vms("discover", "127.77.0.8/31", "--port", port, home=short_home)
        assert (code, "127.77.0.8" in out, "O-10" in out) == (0, True, True)
        assert [a.name for a in cameras["cam-7"].accounts.all()] == ["admin"]
    assert list(short_home.iterdir()) == []


async def test_with_a_home_only_declared_prefixes_are_searched(short_home: Path) -> None:
    async with farm(camera(7)) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        port = str(cameras.discovery.port)
        code, _, err = await vms("discover", "127.78.0.0/30", "--port", port, home=short_home)
        assert (code, "O-22" in err, err.count("\n")) == (1, True, 1)
        code, out, _ = await vms("discover", "127.77.0.6/31", "--port", port, "--json", home=short_home)
        assert (code, json.loads(out)[0]["state"]) == (0, "new")
        assert (await town.found(), await town.cameras(), await town.incidents()) == ([], [], [])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("discover",), 2),
        (("discover", "not-a-prefix"), 2),
        (("discover", "10.0.0.0/8"), 1),
        (("camera", "list"), 1),
        (("camera", "enrol", "x"), 2),
        (("camera", "no-such-act"), 2),
        (("logout",), 1),
    ],
)
async def test_wrong_use_is_one_sentence_and_an_exit_code(
    short_home: Path, arguments: tuple[str, ...], code: int
) -> None:
    got, out, err = await vms(*arguments, home=short_home)
    assert (got, out) == (code, "")
    assert err.strip()
    assert "Traceback" not in err


SESSION = {"person": {"label": "Installateur"}, "communes": [{"id": "valclair", "available": True}], "acting": None}


@asynccontextmanager
async def api(routes: dict[str, Any]) -> AsyncIterator[Host]:
    """A server that answers ``METHOD /path`` with what the test says."""

    async def script(host: Host, request: bytes, writer: asyncio.StreamWriter) -> None:
        method, path, _ = request.decode().split(" ", 2)
        found = routes.get(f"{method} {path.removeprefix('/api/v1').partition('?')[0]}")
        body = json.dumps(found if found is not None else {"type": "urn:guet:not-found", "title": "Rien ici."})
        status = "200 OK" if found is not None else "404 Not Found"
        writer.write(answer(body.encode(), status).replace(b"soap+xml", b"json"))

    async with scripted(script) as host:
        host.url = host.url.removesuffix("/onvif/device_service")
        yield host


async def test_a_person_signs_in_and_acts_through_the_api(short_home: Path) -> None:
    acting = {**SESSION, "acting": {"commune": "valclair"}}
    steps = [{"name": "identify", "words": "Identifier", "detail": "Guet", "rule": "", "todo": "", "state": "done"}]
    order = {"id": "o1", "status": "done", "progress": {"steps": steps}, "camera": "valclair-c07", "error": {}}
    routes = {
        "POST /session/token": {"token": "t0p-secret", "session": SESSION},
        "POST /session/act": acting,
        "GET /session": acting | {"id": "s1", "moment": "m1"},  # what an act is signed for
        "POST /session/step-up": acting,
        "GET /communes/valclair/cameras": [{"id": "valclair-c07", "name": "Halle", "legal": {"state": "enrolled"}}],
        "POST /communes/valclair/enrol": {"id": "o1"},
        "GET /orders/o1": order,
        "POST /cameras/valclair-c07/suspend": {},
        "DELETE /session": {},
    }
    async with api(routes) as host:
        login = ("login", "agent", "--url", host.url, "--purpose", "prevention", "--password-stdin")
        code, out, err = await vms(*login, home=short_home, stdin="open sesame\n")
        assert (code, "pour valclair" in out, err) == (0, True, "")
        saved = short_home / "session.json"
        assert saved.stat().st_mode & 0o777 == 0o600
        assert "open sesame" not in saved.read_text()
        code, out, _ = await vms("camera", "list", home=short_home)
        assert (code, "enrolled" in out) == (0, True)
        enrol = ("camera", "enrol", "f1", "--number", "7", "--name", "Halle", "--username", "admin", "--password-stdin")
        code, out, _ = await vms(*enrol, home=short_home, stdin="factory\n")
        assert (code, "Identifier : Guet" in out, "valclair-c07" in out, "factory" in out) == (0, True, True, False)
        assert (await vms("camera", "suspend", "valclair-c07", "--motive", "panne", home=short_home))[0] == 0
        code, _, err = await vms("camera", "show", "valclair-c99", home=short_home)
        assert (code, err.strip()) == (1, "Rien ici.")
        assert (await vms("logout", home=short_home))[0] == 0
        assert not saved.exists()
    acts = [r for r in host.requests if b"/session/token" not in r]
    assert all(b"bearer t0p-secret" in r.lower() for r in acts)
    assert not any(b"t0p-secret" in r.split(b"\r\n")[0] for r in host.requests)


async def test_no_commune_no_act(short_home: Path) -> None:
    """P-62: a session that acts for no commune moves no camera."""
    two = {**SESSION, "communes": [{"id": c, "available": True} for c in ("valclair", "brumesnil")]}
    async with api({"POST /session/token": {"token": "t", "session": two}}) as host:
        assert (await vms("login", "a", "--url", host.url, "--password-stdin", home=short_home, stdin="p\n"))[0] == 0
        code, _, err = await vms("camera", "list", home=short_home)
    assert (code, "P-62" in err) == (1, True)
