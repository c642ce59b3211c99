"""Structured logs: one JSON object a line on stderr, with no secret and no personal data in it (D-31, A-11)."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast


@contextmanager
def _as_if_not_installed(package: str) -> Iterator[None]:
    known = package in sys.modules
    if not known:
        sys.modules[package] = None  # type: ignore[assignment]  # as the import system documents it
    try:
        yield
    finally:
        if not known:
            del sys.modules[package]


# It would draw its tracebacks with rich, which costs each process four megabytes for what no service shows.
with _as_if_not_installed("rich"):
    import structlog

# Keys that must never reach a log, whatever a careless caller passes: their value is replaced, the key stays as a sign.
SECRET: Final = re.compile(
    r"password|passphrase|\bpin\b|secret|token|credential|private|authorization|cookie|\bkey\b", re.I
)
TEXT_LIMIT_CHARS: Final = 500

_process = "vms"


def _scrub(_: Any, __: str, event: Any) -> Any:
    for key, value in event.items():
        if SECRET.search(key):
            event[key] = "…"
        elif isinstance(value, str) and len(value) > TEXT_LIMIT_CHARS:
            event[key] = value[:TEXT_LIMIT_CHARS] + "…"
        elif isinstance(value, bytes | bytearray | memoryview):
            event[key] = f"{len(value)} octets"
    event["process"] = _process
    return event


def configure(process: str, level: int = logging.INFO) -> None:
    """Set up this process's logs; ``process`` is written on each line."""
    global _process
    _process = process
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _scrub,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one part, e.g. ``get("recorder.writer")``."""
    return cast(structlog.stdlib.BoundLogger, structlog.get_logger(part=name))
