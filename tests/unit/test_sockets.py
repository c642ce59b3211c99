"""What a page says on a WebSocket: text, or nothing that counts; a page that is gone is gone in one way."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from web.api.live import said, signed_in


async def heard(*messages: dict[str, Any]) -> WebSocket:
    """An accepted socket on which these messages come."""
    coming = iter([{"type": "websocket.connect"}, *messages])

    async def receive() -> dict[str, Any]:
        return next(coming)

    async def send(message: Any) -> None:
        return

    socket = WebSocket({"type": "websocket", "headers": []}, receive, send)
    await socket.accept()
    return socket


async def test_bytes_say_nothing_and_text_is_text() -> None:
    socket = await heard(
        {"type": "websocket.receive", "bytes": b"\x00" * 100},
        {"type": "websocket.receive", "text": None, "bytes": b""},
        {"type": "websocket.receive", "text": '{"type":"open","statement":"s"}'},
    )
    assert [await said(socket), await said(socket)] == ["", ""]
    assert signed_in(await said(socket), "open") == "s"


async def test_a_page_that_is_gone_is_told_once_and_again() -> None:
    socket = await heard({"type": "websocket.disconnect", "code": 1006})
    for _ in range(2):
        with pytest.raises(WebSocketDisconnect):
            await said(socket)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"type":' * 500, '{"type":"open"}', '{"type":["open"]}', "\x00"]
)
def test_what_is_no_signed_message_signs_nothing(text: str) -> None:
    assert signed_in(text, "open") == ""
