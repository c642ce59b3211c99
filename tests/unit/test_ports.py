"""Ports chosen now and bound later."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy import ports


def test_a_port_that_is_taken_is_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
        monkeypatch.setattr(ports, "LOWEST", number)
        (tmp_path / "range").write_text(f"{number + 1}\t60999\n")  # one port to choose from
        monkeypatch.setattr(ports, "RANGE_FILE", tmp_path / "range")
        given = ports.free_port()
        assert given != number
    assert ports.free_port() == number


@pytest.mark.parametrize("said", ["20000\t60999\n", "1024\t65535\n", "nonsense", None])
def test_it_lies_outside_what_the_kernel_gives_to_connections_where_there_is_such_a_place(
    said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said is not None:
        (tmp_path / "range").write_text(said)
    monkeypatch.setattr(ports, "RANGE_FILE", tmp_path / "range")
    port = ports.free_port()
    if said == "1024\t65535\n":  # the kernel gives away everything: any free port will do
        assert port > 0
    else:
        assert ports.LOWEST <= port < (20_000 if said and said[0] == "2" else ports.USUAL_EPHEMERAL)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", port))
