"""The token worker: a short-lived process that loads a maker's PKCS#11 module, asks the token one thing, and ends.

A module is somebody else's C, loaded into the process that calls it: it may crash, hang, or keep what it saw. So the
keeper, which holds open keys, never loads one. This process gets the PIN and a public point over its one socket, gives
back the secret that the token computes from it, and never sees a commune's key. No core dump, nothing inherited that
it does not need, bounded memory, files and time; the keeper kills it when it does not answer. It runs under the
keeper's account all the same: it contains accidents, not a module that means harm (decision 0023).

In and out: one line of JSON each. Out is ``{"key", "point", "shared"}`` or ``{"fault", "detail"}``.
"""

from __future__ import annotations

import base64
import ctypes
import json
import resource
import secrets
import signal
import socket
import sys
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, TokenFlag
from pkcs11.util.ec import encode_named_curve_parameters

LINE_LIMIT_BYTES: Final = 8192
KEY_ID_BYTES: Final = 16
SHARED_BITS: Final = 384
UNCOMPRESSED: Final = 4
MEMORY_LIMIT_BYTES: Final = 1 << 30
FILE_LIMIT_BYTES: Final = 1 << 20  # a software token writes its own small files
OPEN_FILES_LIMIT: Final = 64
CPU_LIMIT_S: Final = 20
PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38
P384: Final = encode_named_curve_parameters("secp384r1")

FAULTS: Final[dict[type[pkcs11.PKCS11Error], str]] = {
    pkcs11.PinIncorrect: "pin",
    pkcs11.PinInvalid: "pin",
    pkcs11.PinLenRange: "pin",
    pkcs11.PinLocked: "pin-locked",
    pkcs11.PinExpired: "pin-expired",
    pkcs11.UserPinNotInitialized: "pin-unset",
    pkcs11.NoSuchToken: "absent",
    pkcs11.TokenNotPresent: "absent",
    pkcs11.TokenNotRecognised: "absent",
    pkcs11.DeviceRemoved: "absent",
    pkcs11.MultipleTokensReturned: "many",
    pkcs11.MultipleObjectsReturned: "many-keys",
    pkcs11.NoSuchKey: "no-key",
    pkcs11.MechanismInvalid: "unfit",
}


class Fault(Exception):
    """Something that this process itself found wrong: its name in the answer."""


def harden() -> None:
    """Before any foreign code is loaded: bounds, no core dump, no debugger of the same account, die with the keeper."""
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MEMORY_LIMIT_BYTES),
        (resource.RLIMIT_FSIZE, FILE_LIMIT_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES_LIMIT),
        (resource.RLIMIT_CPU, CPU_LIMIT_S),
    ):
        resource.setrlimit(limit, (value, value))
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def answer(asked: dict[str, Any]) -> dict[str, str]:
    """What the token computes, or why it does not."""
    try:
        library = pkcs11.lib(asked["module"])
    except pkcs11.PKCS11Error as error:
        # Exactly this class: the file could not be loaded; a subclass is what the module itself said.
        return {"fault": "module" if type(error) is pkcs11.PKCS11Error else "failed", "detail": type(error).__name__}
    try:
        token = library.get_token(token_label=asked["token"])
        if TokenFlag.USER_PIN_LOCKED in token.flags:
            raise Fault("pin-locked")
        if TokenFlag.USER_PIN_FINAL_TRY in token.flags:
            raise Fault("pin-final")  # whoever has stolen a session shall not lock the token by it
        return _made(token, asked) if "label" in asked else _derived(token, asked)
    except Fault as fault:
        return {"fault": str(fault), "detail": ""}
    except pkcs11.PKCS11Error as error:
        return {"fault": FAULTS.get(type(error), "failed"), "detail": type(error).__name__}


def _derived(token: pkcs11.Token, asked: dict[str, Any]) -> dict[str, str]:
    with token.open(user_pin=asked["pin"]) as session:
        key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=bytes.fromhex(asked["key"]))
        return {"shared": _shared(key, asked["point"])}


def _made(token: pkcs11.Token, asked: dict[str, Any]) -> dict[str, str]:
    """The key pair with this label, made where there is none; it never leaves the token."""
    with token.open(user_pin=asked["pin"]) as session:
        known = len(
            list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: asked["label"]}))
        )
    with token.open(user_pin=asked["pin"], rw=not known) as session:
        if not known:
            parameters = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: P384}, local=True)
            key_id = secrets.token_bytes(KEY_ID_BYTES)
            parameters.generate_keypair(
                store=True, id=key_id, label=asked["label"], capabilities=MechanismFlag.DERIVE,
                private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )  # fmt: skip
        key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=asked["label"])
        if key.key_type is not KeyType.EC or key[Attribute.EC_PARAMS] != P384:
            raise Fault("unfit")
        if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
            raise Fault("extractable")
        public = session.get_key(object_class=ObjectClass.PUBLIC_KEY, id=key.id)
        return {"key": key.id.hex(), "point": _text(_point(public)), "shared": _shared(key, asked["point"])}


def _point(public: pkcs11.Key) -> bytes:
    """The uncompressed point: DER's octet string by the standard, bare with some makers."""
    found = bytes(public[Attribute.EC_POINT])
    return found if len(found) == 2 * SHARED_BITS // 8 + 1 and found[0] == UNCOMPRESSED else found[2:]


def _shared(key: Any, point: str) -> str:
    secret = key.derive_key(
        KeyType.GENERIC_SECRET, SHARED_BITS, mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=(pkcs11.KDF.NULL, None, base64.b64decode(point)),
        template={Attribute.TOKEN: False, Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    )  # fmt: skip
    return _text(bytes(secret[Attribute.VALUE]))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def main() -> None:
    """Answer the one line on the socket that was inherited."""
    harden()
    with socket.socket(fileno=int(sys.argv[1])) as channel, channel.makefile("rwb") as lines:
        asked = json.loads(lines.readline(LINE_LIMIT_BYTES))
        lines.write(json.dumps(answer(asked)).encode() + b"\n")


if __name__ == "__main__":
    main()
