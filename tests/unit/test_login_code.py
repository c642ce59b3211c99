"""``vms login`` for an account with a second factor: the code is asked for only when the server wants it."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deploy.admin import login
from vms.errors import SecondFactorNeeded


@pytest.mark.parametrize("wants_code", [True, False])
@pytest.mark.parametrize("arguments", [["maire", "--password-stdin"], ["maire"]])
def test_the_code_is_asked_for_when_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch, wants_code: bool, arguments: list[str]
) -> None:
    tried: list[tuple[str, ...]] = []

    async def server(account: str, password: str, code: str, *_: str) -> dict[str, Any]:
        tried.append((account, password, code))
        if wants_code and not code:
            raise SecondFactorNeeded
        return {"person": {"label": "Le maire"}}

    monkeypatch.setattr(login, "_login", server)
    app = typer.Typer()
    app.command()(login.login)
    ended = CliRunner().invoke(app, arguments, input="une phrase\n123456\n")
    assert ended.exit_code == 0, ended.output
    assert tried == [("maire", "une phrase", ""), ("maire", "une phrase", "123456")][: 1 + wants_code]
    assert "123456" not in ended.output.splitlines()[-1]
