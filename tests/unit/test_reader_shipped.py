"""The offline reader leaves the machine by three doors: a page's link, the command line, the story's folder (T-14)."""

from __future__ import annotations

from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response
from typer.testing import CliRunner

import web.reader
from deploy.cli import app
from vms.errors import GuetError
from web.app import create_app


async def _reader_from(pages: Path) -> Response:
    async with AsyncClient(transport=ASGITransport(create_app(None, pages)), base_url="http://guet.test") as client:
        return await client.get("/lecteur-guet.html")


async def test_the_server_gives_it_to_be_saved_and_never_shows_it(tmp_path: Path) -> None:
    """Its own script is inline: shown from the server, the pages' policy would stop it."""
    (tmp_path / "index.html").write_text("pages")
    assert (await _reader_from(tmp_path)).text == "pages"
    (tmp_path / "lecteur-guet.html").write_text("reader")
    answer = await _reader_from(tmp_path)
    assert answer.text == "reader"
    assert answer.headers["content-disposition"] == 'attachment; filename="lecteur-guet.html"'


def test_the_command_writes_it_or_says_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = tmp_path / "built.html"
    monkeypatch.setattr(web.reader, "READER", built)
    asked = ["evidence", "reader", str(tmp_path / "out.html")]
    refused = CliRunner().invoke(app, asked).exception
    assert isinstance(refused, GuetError)
    assert refused.rule == "T-14"
    built.write_bytes(b"reader")
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert (tmp_path / "out.html").read_bytes() == b"reader"
    nowhere = CliRunner().invoke(app, ["evidence", "reader", str(tmp_path / "no" / "out.html")]).exception
    assert isinstance(nowhere, GuetError)
