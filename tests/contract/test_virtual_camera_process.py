"""The farm as a command, its control endpoint, and the HTTP answers that no honest camera gives."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.rtsp_by_hand import Client
from tests.fakes.camera import CameraConfig, Farm, FarmConfig
from tests.fakes.camera.clips import unit_digest
from tests.fakes.camera.wrong_answers import KINDS, bomb
from tests.fakes.clips import rendered

REPOSITORY = Path(__file__).parent.parent.parent
START_LIMIT_S = 60
CAMERA = {"id": "one", "address": "127.0.64.1", "main": "", "factory": False, "rtsp_authentication": False}


def configuration(**changes: Any) -> dict[str, Any]:
    camera = {**CAMERA, "main": str(rendered("small"))}
    ports = {"http_port": 0, "rtsp_port": 0, "discovery_port": 0, "multicast": False}
    return {"cameras": [camera], **ports, **changes}


@dataclass
class Running:
    ready: dict[str, Any]
    process: asyncio.subprocess.Process

    async def get(self, path: str) -> Any:
        async with httpx.AsyncClient(base_url=self.ready["control"], timeout=START_LIMIT_S) as client:
            return (await client.get(path)).raise_for_status().json()

    async def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.ready["control"], timeout=START_LIMIT_S) as client:
            return await client.post(path, json=body)


async def start(path: Path) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.fakes.camera", "--config", str(path))
    return await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=pipe, stderr=pipe)


@asynccontextmanager
async def farm_process(path: Path) -> AsyncIterator[Running]:
    process = await start(path)
    assert process.stdout
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT_S)
        yield Running(json.loads(line), process)
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), START_LIMIT_S) == 0


async def test_the_command_serves_counts_and_obeys(tmp_path: Path) -> None:
    (tmp_path / "farm.json").write_text(json.dumps(configuration()))
    async with farm_process(tmp_path / "farm.json") as running:
        assert running.ready["event"] == "ready"
        (camera,) = running.ready["cameras"]
        async with Client(camera["streams"]["main"]) as client:
            await client.play()
            units = [await client.unit() for _ in range(5)]
            state = await running.get("/cameras/one")
            assert state["streams"]["main"]["players"] == [1]
            assert state["counts"]["setups"] == {"video": 1, "audio": 0}
            sent = await running.get("/cameras/one/sent/main?player=1")
            assert [one["digest"] for one in sent[:5]] == [unit_digest(tuple(unit.nals)) for unit in units]
            later = await running.get(f"/cameras/one/sent/main?since_us={sent[2]['sent_us']}")
            assert later[0] == sent[2]
            assert (await running.post("/cameras/one/misbehave", {"kind": "drop"})).status_code == 200
            with pytest.raises((EOFError, ConnectionError)):
                while True:
                    await client.packet()


async def test_cameras_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "farm.json").write_text(json.dumps(configuration()))
    async with farm_process(tmp_path / "farm.json") as running:
        two = {**CAMERA, "id": "two", "address": "127.0.64.2", "main": str(rendered("small"))}
        assert (await running.post("/cameras", two)).status_code == 200
        assert [camera["id"] for camera in (await running.get("/"))["cameras"]] == ["one", "two"]
        assert (await running.post("/cameras/two/remove", {})).status_code == 200
        assert [camera["id"] for camera in (await running.get("/"))["cameras"]] == ["one"]
        for path, body in (
            ("/cameras/one/misbehave", {"kind": "fly"}),
            ("/cameras/none/misbehave", {"kind": "drop"}),
            ("/cameras", {"id": "three"}),
        ):
            assert (await running.post(path, body)).status_code == 400
        assert (await running.post("/elsewhere", {})).status_code == 404


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("{", 2),
        ('{"cameras": []}', 2),
        (json.dumps({"cameras": [{**CAMERA, "colour": "blue"}]}), 2),
        (json.dumps({"cameras": [{**CAMERA, "main": "nowhere.mp4"}]}), 1),
    ],
)
async def test_what_cannot_start_says_why(tmp_path: Path, text: str, status: int) -> None:
    (tmp_path / "farm.json").write_text(text)
    process = await start(tmp_path / "farm.json")
    output, errors = await asyncio.wait_for(process.communicate(), START_LIMIT_S)
    assert process.returncode == status
    assert output == b""
    assert b"Traceback" not in errors
    assert errors


@pytest.fixture
async def farm() -> AsyncIterator[Farm]:
    config = FarmConfig.model_validate_json(json.dumps(configuration()))
    async with Farm(config) as farm:
        yield farm


@pytest.mark.parametrize("kind", KINDS)
async def test_wrong_answers_are_wrong_and_bounded(farm: Farm, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fakes.camera.wrong_answers.ENDLESS_LIMIT_BYTES", 1 << 20)
    camera = farm["one"]
    camera.faults.soap = kind
    reader, writer = await asyncio.open_connection(camera.config.address, camera.http_port)
    writer.write(b"POST /onvif/device_service HTTP/1.1\r\nContent-Length: 4\r\n\r\n<a/>")
    answer = await asyncio.wait_for(reader.read(-1), START_LIMIT_S)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 ")
    assert b"GetSystemDateAndTimeResponse" not in answer
    if kind.startswith("endless"):
        assert len(answer) > 1 << 19
    camera.faults.soap = ""
    request = b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><d:GetSystemDateAndTime '
    request += b'xmlns:d="http://www.onvif.org/ver10/device/wsdl"/></e:Body></e:Envelope>'
    async with httpx.AsyncClient() as client:
        assert (await client.post(camera.device_url, content=request)).status_code == 200


def test_the_bomb_is_small_until_it_goes_off() -> None:
    assert len(bomb()) < 2000
    assert bomb().count(b"&e10;") == 10


async def test_other_paths_and_huge_requests(farm: Farm) -> None:
    camera = farm["one"]
    base = camera.device_url.removesuffix("/onvif/device_service")
    async with httpx.AsyncClient() as client:
        assert (await client.get(base + "/")).status_code == 404
        with pytest.raises(httpx.HTTPError):
            await client.post(camera.device_url, content=b"x" * (300 << 10))


def test_derived_identity_is_stable() -> None:
    one = CameraConfig.model_validate({**CAMERA, "main": "x.mp4"})
    again = CameraConfig.model_validate({**CAMERA, "main": "y.mp4", "address": "127.0.64.99"})
    other = CameraConfig.model_validate({**CAMERA, "main": "x.mp4", "id": "other"})
    for name in ("endpoint_reference", "mac_address", "serial_number"):
        assert getattr(one, name) == getattr(again, name) != getattr(other, name)
