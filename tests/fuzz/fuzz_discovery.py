"""Fuzz what arrives on the discovery socket: ``python tests/fuzz/fuzz_discovery.py -runs=100000``.

Any datagram is a device, or one of our errors; and no device ever leads to another host than the one that answered.
"""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import atheris

with atheris.instrument_imports(include=["vms.onvif"]):
    from vms.errors import Damaged
    from vms.onvif import discovery

SENDER = "10.42.16.48"


def one(data: bytes) -> None:
    """One datagram."""
    try:
        matches = discovery.parse_answer(data, SENDER)
    except Damaged:
        return
    for match in matches:
        chosen = discovery.choose_url(match, SENDER)
        if chosen is not None and urlsplit(chosen.url).hostname != SENDER:
            raise AssertionError(f"led to {chosen.url!r}")
        texts = (match.scopes.name, match.scopes.hardware, match.scopes.location, match.scopes.serial)
        if not all(text.isprintable() for text in texts):
            raise AssertionError(f"unprintable: {texts!r}")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
