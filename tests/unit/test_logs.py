"""Logs hold no secret, whatever a caller passes."""

from __future__ import annotations

import json

import pytest

from vms import logs


def test_secrets_and_long_values_never_reach_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    logs.configure("essai")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(), cache_logger_on_first_use=False)
    logs.get("x").info("fait", password="hunter2", session_token="abc", data=b"pixels", text="a" * 9000, camera="c07")
    line = json.loads(capsys.readouterr().out)
    assert line["camera"] == "c07"
    assert "hunter2" not in json.dumps(line)
    assert line["session_token"] == "…"
    assert line["data"] == "6 octets"
    assert len(line["text"]) < 600
    structlog.reset_defaults()
