"""Reaching a camera, on real sockets.

On a kernel that does not raise the receive buffer with the low-water mark, or caps it below, there is no room and this
fails: cameras wait there as they did.
"""

from __future__ import annotations

import asyncio
import select
import socket
from contextlib import closing

from recorder.rtsp.dial import ROOM_BYTES, connect
from recorder.rtsp.urls import parse_url

LIMIT_S = 60.0


async def test_what_a_camera_sends_at_once_after_play_finds_room_though_nobody_reads_before_the_tick() -> None:
    with socket.create_server(("127.0.0.1", 0)) as camera:
        # What its own side holds back is room too: little of it.
        camera.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        url, _ = parse_url(f"rtsp://127.0.0.1:{camera.getsockname()[1]}/")
        ours = await connect(url, None)
        theirs, _ = camera.accept()
        with closing(ours), closing(theirs):
            theirs.settimeout(LIMIT_S)
            await asyncio.to_thread(theirs.sendall, bytes(ROOM_BYTES * 2 // 3))
            # The mark is low again: whoever waits for the first byte is told of it.
            readable, _, _ = await asyncio.to_thread(select.select, [ours], [], [], LIMIT_S)
            assert readable
