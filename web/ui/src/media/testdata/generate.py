"""Writes ``opening.json``: messages sealed by pyca/cryptography, an implementation independent of the page's.

Run from the repository's root: ``python web/ui/src/media/testdata/generate.py``. Salts and HPKE ephemeral keys are
fresh at each run, so the file changes; the test only asks that it opens.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from vms.keys.derive import group_context
from vms.keys.sealing import seal_group
from vms.keys.wrapping import generate_peer_key, seal_to

SIZES_BYTES = (0, 1, 16_383, 16_384, 16_385)
SEGMENT = "valclair-c07.main.20261124T141236123456Z.00112233445566778899aabbccddeeff.1"


def text(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode("ascii")


def pattern(size: int) -> bytes:
    """The plaintext of that size: byte *i* is ``7 i mod 251``, so that the test can make it again."""
    return bytes(7 * at % 251 for at in range(size))


def main() -> None:
    """Seals one message a size, and one HPKE message with and one without additional data."""
    groups = []
    for number, size in enumerate(SIZES_BYTES):
        key = bytes((number + at) % 256 for at in range(32))
        context = group_context("valclair-c07", SEGMENT, number)
        sealed = seal_group(key, context, pattern(size))
        groups.append({"number": number, "size": size, "key": text(key), "sealed": text(sealed)})
    private, public = generate_peer_key()
    info, aad, plain = b"guet/key-window/v1", b"permit-17", b'{"keys":[]}'
    hpke = {
        "private": text(private),
        "public": text(public),
        "info": info.decode(),
        "aad": aad.decode(),
        "plain": plain.decode(),
        "sealed": text(seal_to(public, plain, info, aad)),
        "sealed_without_aad": text(seal_to(public, plain, info)),
    }
    file = Path(__file__).with_name("opening.json")
    document = {"camera": "valclair-c07", "segment": SEGMENT, "groups": groups, "hpke": hpke}
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
