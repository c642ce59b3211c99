"""Everything a virtual camera can do wrong on command, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.camera import wrong_answers
from tests.fakes.camera.camera import VirtualCamera
from tests.fakes.camera.stream import LiveStream

MAX_GARBAGE_OCTETS = 1 << 20

Order = dict[str, Any]


class UnknownMisbehaviour(ValueError):
    """The order names no misbehaviour, or one of its values cannot be used."""


def misbehave(camera: VirtualCamera, kind: str, **order: Any) -> None:
    """Carry out one order.

    Of the camera: ``wrong-password`` on, ``drop``, ``refuse-connections`` on, ``garbage`` octets,
    ``rtsp-garbage`` on, ``soap`` answer (one of ``wrong_answers.KINDS`` or ""), ``slow`` seconds,
    ``clock-jump`` seconds, ``audio`` on, ``forget-sessions``, ``stale-nonces``,
    ``cut`` on (the network; given back, what was connected is dead), ``card`` on (off: the card records nothing).

    Of its streams (``stream`` names one; both without): ``stall`` on (RTCP goes on), ``silence`` on (nothing
    goes on), ``no-parameter-sets`` on, ``no-key-frames`` on, ``rtp-jump`` ticks (90 kHz), ``lose-packets``
    every, ``oversized`` mib, ``other-clip`` clip.
    """
    try:
        if kind in _CAMERA:
            _CAMERA[kind](camera, order)
            return
        if kind in _STREAM:
            names = [order["stream"]] if order.get("stream") else list(camera.streams)
            for name in names:
                _STREAM[kind](camera, camera.streams[name], order)
            return
    except (KeyError, TypeError) as error:
        raise UnknownMisbehaviour(f"{kind}: {error} is missing or wrong") from error
    raise UnknownMisbehaviour(f"{kind}: a camera cannot do that; it can do {', '.join(sorted({*_CAMERA, *_STREAM}))}")


def _on(order: Order) -> bool:
    return bool(order.get("on", True))


def _wrong_password(camera: VirtualCamera, order: Order) -> None:
    camera.door.refuse_everybody = _on(order)


def _drop(camera: VirtualCamera, order: Order) -> None:
    camera.drop()


def _refuse_connections(camera: VirtualCamera, order: Order) -> None:
    camera.faults.refuse_connections = _on(order)


def _cut(camera: VirtualCamera, order: Order) -> None:
    camera.faults.cut = _on(order)
    if not camera.faults.cut:
        camera.drop()


def _card(camera: VirtualCamera, order: Order) -> None:
    for recording in camera.card.values():
        recording.recording = _on(order)


def _garbage(camera: VirtualCamera, order: Order) -> None:
    for connection in tuple(camera.connections):
        connection.write_garbage(min(int(order.get("octets", 4096)), MAX_GARBAGE_OCTETS))


def _rtsp_garbage(camera: VirtualCamera, order: Order) -> None:
    camera.faults.rtsp_garbage = _on(order)


def _soap(camera: VirtualCamera, order: Order) -> None:
    answer = str(order["answer"])
    if answer and answer not in wrong_answers.KINDS:
        raise UnknownMisbehaviour(f"soap: answer is one of {', '.join(wrong_answers.KINDS)}")
    camera.faults.soap = answer


def _slow(camera: VirtualCamera, order: Order) -> None:
    camera.faults.slow_s = float(order["seconds"])


def _clock_jump(camera: VirtualCamera, order: Order) -> None:
    camera.clock_offset_us += round(float(order["seconds"]) * 1e6)


def _audio(camera: VirtualCamera, order: Order) -> None:
    camera.audio = _on(order)


def _forget_sessions(camera: VirtualCamera, order: Order) -> None:
    for connection in tuple(camera.connections):
        connection.forget_session()


def _stale_nonces(camera: VirtualCamera, order: Order) -> None:
    camera.door.forget_nonces()


def _stall(camera: VirtualCamera, stream: LiveStream, order: Order) -> None:
    stream.faults.stall = _on(order)


def _silence(camera: VirtualCamera, stream: LiveStream, order: Order) -> None:
    stream.faults.silent = _on(order)


def _no_parameter_sets(camera: VirtualCamera, stream: LiveStream, order: Order) -> None:
    stream.faults.no_parameter_sets = _on(order)


def _no_key_frames(camera: VirtualCamera, stream: LiveStream, order: Order) -> None:
    stream.faults.no_key_frames = _on(order)


def _rtp_jump(camera: VirtualCamera, stream: LiveStream, order: Order) -> None:
    stream.jump(int(order["ticks"]))


def _lose_packets(camera: VirtualCamera, stream: LiveStream, order: Order) -> None:
    stream.faults.lose_every_packets = int(order["every"])


def _oversized(camera: VirtualCamera, stream: LiveStream, order: Order) -> None:
    stream.send_oversized(int(order.get("mib", 16)))


def _other_clip(camera: VirtualCamera, stream: LiveStream, order: Order) -> None:
    camera.switch_clip(stream.name, Path(str(order["clip"])))


_CAMERA: dict[str, Callable[[VirtualCamera, Order], None]] = {
    "wrong-password": _wrong_password,
    "drop": _drop,
    "refuse-connections": _refuse_connections,
    "cut": _cut,
    "card": _card,
    "garbage": _garbage,
    "rtsp-garbage": _rtsp_garbage,
    "soap": _soap,
    "slow": _slow,
    "clock-jump": _clock_jump,
    "audio": _audio,
    "forget-sessions": _forget_sessions,
    "stale-nonces": _stale_nonces,
}
_STREAM: dict[str, Callable[[VirtualCamera, LiveStream, Order], None]] = {
    "stall": _stall,
    "silence": _silence,
    "no-parameter-sets": _no_parameter_sets,
    "no-key-frames": _no_key_frames,
    "rtp-jump": _rtp_jump,
    "lose-packets": _lose_packets,
    "oversized": _oversized,
    "other-clip": _other_clip,
}
