"""Ports of this machine that are chosen now and bound in a moment, by another process."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Final

RANGE_FILE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST: Final = 10_000
USUAL_EPHEMERAL: Final = 32_768
TRIES: Final = 100


def free_port() -> int:
    """A TCP port of loopback that nobody has now, and that nobody gets by accident before it is bound.

    The kernel gives each connection that goes out a port of its own range: one from there may be gone a moment later.
    """
    below = _ephemeral_from()
    for _ in range(TRIES if below > LOWEST else 0):
        port = LOWEST + secrets.randbelow(below - LOWEST)
        if _is_free(port):
            return port
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _ephemeral_from() -> int:
    """The first port that the kernel gives away."""
    try:
        return int(RANGE_FILE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return USUAL_EPHEMERAL


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
