"""Time-stamps from an authority made of openssl, and from authorities that answer anything else (E-10)."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder.export.timestamping import Authorities, stamp
from tests.peers.timestamping import Authority, served
from vms.clock import SystemClock
from vms.errors import BadInput, Damaged, Unavailable
from vms.evidence import timestamp
from vms.settings import Settings

DATA = b"the seal over a manifest"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


def test_a_token_is_fetched_checked_and_read_by_openssl(authority: Authority, tmp_path: Path) -> None:
    with served(authority.answer) as server:
        answer = asyncio.run(stamp(Authorities((server.url,), authority.roots), DATA))
    roots = timestamp.read_roots(authority.roots)
    assert abs(timestamp.check(answer, DATA, roots).us - SystemClock().utc().us) < 60_000_000
    # The authority learns a hash and nothing else.
    assert hashlib.sha256(DATA).digest() in server.queries[0]
    assert DATA not in server.queries[0]
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "answer").write_bytes(answer)
    command = (
        "openssl",
        "ts",
        "-verify",
        "-data",
        "data",
        "-in",
        "answer",
        "-CAfile",
        str(authority.folder / "ca.pem"),
    )
    assert b"Verification: OK" in subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout


def replayed(authority: Authority) -> Callable[[bytes], bytes]:
    """An answer to somebody else's query over the same data: everything right but the nonce."""
    kept = authority.answer(timestamp.request(DATA).der)
    return lambda query: kept


def over_other_data(authority: Authority) -> Callable[[bytes], bytes]:
    return lambda query: authority.answer(timestamp.request(b"other").der)


def flipped(authority: Authority) -> Callable[[bytes], bytes]:
    def answer(query: bytes) -> bytes:
        data = bytearray(authority.answer(query))
        data[-10] ^= 1
        return bytes(data)

    return answer


def trailing(authority: Authority) -> Callable[[bytes], bytes]:
    return lambda query: authority.answer(query) + b"\0"


def refusing(_: Authority) -> Callable[[bytes], bytes]:
    return lambda query: bytes.fromhex("30053003020102")


def endless(_: Authority) -> Callable[[bytes], bytes]:
    return lambda query: bytes(1 << 20)


@pytest.mark.parametrize("lying", [replayed, over_other_data, flipped, trailing, refusing, endless])
async def test_an_answer_that_proves_nothing_is_refused(
    authority: Authority, lying: Callable[[Authority], Callable[[bytes], bytes]]
) -> None:
    with served(lying(authority)) as server, pytest.raises(Unavailable) as refused:
        await stamp(Authorities((server.url,), authority.roots), DATA)
    assert refused.value.rule == "E-10"
    assert len(server.queries) == 1


async def test_a_token_of_an_authority_nobody_named_is_refused(authority: Authority, stranger: Authority) -> None:
    with served(stranger.answer) as server, pytest.raises(Unavailable):
        await stamp(Authorities((server.url,), authority.roots), DATA)


@pytest.mark.parametrize(("kind", "status"), [("text/html", 200), ("application/timestamp-reply", 302)])
async def test_what_is_no_answer_is_refused(authority: Authority, kind: str, status: int) -> None:
    with served(authority.answer, kind, status) as server, pytest.raises(Unavailable):
        await stamp(Authorities((server.url,), authority.roots), DATA)


async def test_the_second_authority_is_asked_when_the_first_is_away(authority: Authority) -> None:
    with served(lambda query: b"") as first, served(authority.answer) as second:
        urls = ("http://127.0.0.1:9/", "http://[", first.url, second.url)
        assert timestamp.check(
            await stamp(Authorities(urls, authority.roots), DATA), DATA, timestamp.read_roots(authority.roots)
        )
    assert len(first.queries) == len(second.queries) == 1


def test_every_cut_of_a_token_is_damaged(authority: Authority) -> None:
    answer = authority.answer(timestamp.request(DATA).der)
    roots = timestamp.read_roots(authority.roots)
    for length in range(0, len(answer), 13):
        with pytest.raises(Damaged):
            timestamp.check(answer[:length], DATA, roots)


def test_settings_name_authorities_only_with_their_roots(authority: Authority, tmp_path: Path) -> None:
    ca = authority.folder / "ca.pem"
    assert Authorities.of(Settings(home=tmp_path)) is None
    found = Authorities.of(Settings(home=tmp_path, timestamp_url="http://a http://b", timestamp_ca=ca))
    assert found is not None
    assert found.urls == ("http://a", "http://b")
    with pytest.raises(ValueError, match="VMS_TIMESTAMP_CA"):
        Settings(home=tmp_path, timestamp_url="http://a")
    (tmp_path / "no.pem").write_text("no certificate")
    with pytest.raises(BadInput):
        Authorities.of(Settings(home=tmp_path, timestamp_url="http://a", timestamp_ca=tmp_path / "no.pem"))
