"""A body is bounded before it is read, whatever its header says and whatever the route would do with it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from vms.errors import TooManyRequests
from web import problems
from web.body_limit import BodyLimit, BodyLimits

LIMITS = BodyLimits(other_bytes=1000, by_path=((re.compile("/upload$"), 5000),), unfinished_bytes=8000, small_bytes=100)


def app() -> FastAPI:
    """One route that reads JSON, one that streams, one that reads nothing, one that refuses for a rate."""
    made = FastAPI()
    made.add_middleware(BodyLimit, limits=LIMITS)
    problems.install(made)

    @made.post("/json")
    async def as_json(body: dict[str, Any]) -> int:
        return len(body)

    @made.post("/upload")
    async def upload(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    @made.post("/often")
    async def often() -> None:
        raise TooManyRequests("Trop.", retry_after_s=7)

    return made


class Sent:
    """How much of a body was asked for."""

    def __init__(self, size: int) -> None:
        self.size, self.taken = size, 0

    async def chunks(self) -> AsyncIterator[bytes]:
        while self.taken < self.size:
            self.taken += 100
            yield b" " * 100


async def post(path: str, **how: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://guet.test") as client:
        return await client.post(path, **how)


@pytest.mark.parametrize("path", ["/json", "/upload"])
async def test_a_declared_length_is_refused_before_the_body(path: str) -> None:
    """Fails when the header is not looked at: the body is then taken up to the bound."""
    sent = Sent(1_000_000)
    answer = await post(path, content=sent.chunks(), headers={"content-length": "1000000"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert answer.json()["type"] == "urn:guet:limit-exceeded"
    assert "au plus" in answer.json()["todo"]
    assert sent.taken == 0


@pytest.mark.parametrize(("path", "limit"), [("/json", 1000), ("/upload", 5000)])
@pytest.mark.parametrize("said", [{}, {"content-length": "10"}, {"content-length": "-1"}])
async def test_a_body_without_length_or_longer_than_it_says_is_read_to_the_bound_only(
    path: str, limit: int, said: dict[str, str]
) -> None:
    """Fails when only the header is judged: the million bytes are then read, and the answer is not a 413."""
    sent = Sent(1_000_000)
    answer = await post(path, content=sent.chunks(), headers=said)
    assert answer.status_code == 413
    assert sent.taken <= limit + 200


async def test_what_fits_is_taken_whole() -> None:
    assert (await post("/upload", content=b"x" * 2900)).json() == 2900
    assert (await post("/json", json={"a": 1, "b": 2})).json() == 2


async def test_unfinished_bodies_are_bounded_together_and_a_small_one_always_passes() -> None:
    """Fails when what is held is not counted over all bodies, or not let go of at the end."""
    limited = BodyLimit(app(), LIMITS)
    limited._held_bytes = 7990
    transport = httpx.ASGITransport(limited)
    async with httpx.AsyncClient(transport=transport, base_url="http://guet.test") as client:
        full = await client.post("/upload", content=b"x" * 900)
        assert (full.status_code, full.headers["retry-after"]) == (429, "2")
        assert (await client.post("/json", json={"a": 1})).status_code == 200
        assert limited._held_bytes == 7990
        limited._held_bytes = 0
        assert (await client.post("/upload", content=b"x" * 900)).json() == 900


async def test_too_often_is_a_429_that_says_when() -> None:
    """Fails when the wait does not become the header that clients obey."""
    answer = await post("/often")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
