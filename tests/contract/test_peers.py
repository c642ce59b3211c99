"""The peers written by others come up and count as they promise."""

from __future__ import annotations

import asyncio
import hashlib
import os
import urllib.request
from pathlib import Path

import pytest

from tests.contract.rtsp_by_hand import Client
from tests.fakes.clips import encode_clip
from tests.peers.gst import gst_rtsp
from tests.peers.ipycam_env import Ipycam, ipycam
from tests.peers.process import PeerFailed, running, wait_for

UNITS = 50
ASK = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetDeviceInformation xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
)


def cache() -> Path:
    """Where environments made once are kept between runs of the tests."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "guet" / "peers"


def slices_digest(nals: list[bytes]) -> str:
    digest = hashlib.sha256()
    for nal in nals:
        if 1 <= nal[0] & 0x1F <= 5:
            digest.update(len(nal).to_bytes(4, "big") + nal)
    return digest.hexdigest()


async def received(url: str) -> list[str]:
    async with Client(url) as client:
        sdp = (await client.ask("DESCRIBE")).body
        control = next(line for line in sdp.splitlines() if line.startswith("a=control:stream"))
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        assert (await client.ask("SETUP", f"{url}/{control.partition(':')[2]}", transport)).status == 200
        assert (await client.ask("PLAY")).status == 200
        return [slices_digest((await client.unit()).nals) for _ in range(UNITS)]


async def test_gstreamer_serves_the_clip_in_a_loop_and_counts_it(tmp_path: Path) -> None:
    encode_clip(tmp_path / "clip.mp4", "libx264", 320, 240, 20, g="10")
    with gst_rtsp(tmp_path / "clip.mp4", tmp_path, mounts=2) as peer:
        assert [url.rsplit("/", 1)[1] for url in peer.urls] == ["s0", "s1"]
        digests = await asyncio.gather(*(received(url) for url in peer.urls))
    assert len(peer.digests) == 20
    for got in digests:
        assert got == [peer.digests[n % 20] for n in range(UNITS)]
    sent = {client.mount: client for client in peer.sent()}
    for mount in ("/s0", "/s1"):
        assert UNITS <= sent[mount].units <= UNITS + 60
        assert sent[mount].packets >= sent[mount].units


def test_ipycam_answers_onvif_without_asking_who(tmp_path: Path) -> None:
    encode_clip(tmp_path / "clip.mp4", "libx264", 320, 240, 20)
    with ipycam(tmp_path / "clip.mp4", tmp_path, cache(), address="127.0.65.1") as peer:
        assert isinstance(peer, Ipycam)
        with urllib.request.urlopen(peer.device_url, ASK, timeout=60) as answer:
            assert b"PythonCam" in answer.read()


def test_a_peer_that_ends_early_says_what_it_wrote(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = ["/bin/sh", "-c", "echo no such luck; exit 3"]
    with running(command, log) as process, pytest.raises(PeerFailed, match="exit 3: no such luck"):
        wait_for(process, log, lambda: None)
