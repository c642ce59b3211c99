"""Discovery, enrolment and declaration against devices that nobody here wrote: ipycam and GStreamer's RTSP server."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fakes.camera_town import clip
from tests.fakes.provisioning_town import order_town
from tests.peers.gst import gst_rtsp
from tests.peers.ipycam_env import ipycam
from vms.onvif import sweep
from vms.services import camera_clock


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "ANSWER_WAIT_S", 0.4)
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "guet" / "peers"


async def test_ipycam_is_found_and_refused_by_name_of_rule(short_home: Path, tmp_path: Path) -> None:
    """It is of profile S (O-10) and shows its accounts to anybody (O-25): a camera that cannot be protected."""
    with ipycam(clip("libx264", 704, 576), tmp_path, cache(), address="127.0.65.1") as peer:
        async with order_town(short_home) as town:
            town.settings.onvif_ports = [peer.onvif_port]
            await town.prefix("127.0.65.0/30")
            search = await town.run("discover", {"addresses": [peer.address]})
            [found] = await town.found(search.id)
            assert (found.address, found.state, found.detail["rule"]) == (peer.address, "refused", "O-10")
            row = await town.run("enrol", {"found_id": found.id, "name": "Autre", "number": 1})
            assert (row.status, row.error["rule"]) == ("failed", "O-25")
            assert row.error["todo"]
            assert (await town.cameras(), town.enrolled) == ([], [])
            assert town.vault.read("valclair-c01") is None


async def test_streams_of_gstreamer_are_declared_without_a_picture(short_home: Path, tmp_path: Path) -> None:
    with gst_rtsp(clip("libx264", 704, 576), tmp_path, mounts=3) as peer:
        async with order_town(short_home) as town:
            await town.prefix(f"{urlsplit(peer.urls[0]).hostname}/32")
            for number, url in enumerate(peer.urls, 1):
                row = await town.run("declare_rtsp", {"url": url, "name": f"Source {number}", "number": number})
                assert row.status == "done", row.error
            sources = await town.cameras()
            assert [(s.main_profile["codec"], s.main_profile["width"], s.hardened) for s in sources] == [
                ("h264", 704, False)
            ] * 3
            assert [s.credential_sealed for s in sources] == [b""] * 3
        assert sum(client.units for client in peer.sent()) == 0
