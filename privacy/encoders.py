"""Which H.264 encoder burns the masks in, with which settings, and whether one works on this machine.

Settings common to all: no B-frames, no look-ahead, key frames only where the caller asks, one packet out for each
picture in, at once. Quality is bounded from below, whatever the scene: no quantiser coarser than QUANTISER_LIMIT, at
which a picture of pure noise still comes back at 35 dB (measured; the clips come back at 44 to 53 dB).

A hardware encoder is used only after it has passed ``works``: a machine whose driver is missing, or whose encoder holds
pictures back or blurs them, falls back to libx264. Run it in a process of its own: drivers crash.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.video.frame import PictureType

from privacy.paint import planes

SOFTWARE: Final = "libx264"
TIME_BASE: Final = Fraction(1, 90_000)
QUANTISER_LIMIT: Final = 25
# Key frames come from the source; this only keeps the encoder from making its own.
KEY_INTERVAL_PICTURES: Final = 1_000_000
LEVEL_RATE_FALLBACK_FPS: Final = 25

# zerolatency: no look-ahead, no frame threads. psy and aq off: they trade fidelity for looks, and this is evidence.
# forced-idr: a key frame is an IDR frame. a53cc, udu_sei off: nothing of the source passes beside the picture.
_X264: Final = {
    "preset": "veryfast",
    "tune": "zerolatency",
    "crf": "20",
    "qmax": str(QUANTISER_LIMIT),
    "psy": "0",
    "aq-mode": "0",
    "sc_threshold": "0",
    "forced-idr": "1",
    "a53cc": "0",
    "udu_sei": "0",
}
OPTIONS: Final[dict[str, dict[str, str]]] = {
    "h264_nvenc": {
        "preset": "p4",
        "tune": "ull",
        "rc": "constqp",
        "qp": "21",
        "delay": "0",
        "zerolatency": "1",
        "forced-idr": "1",
        "no-scenecut": "1",
        "a53cc": "0",
    },
    "h264_qsv": {"global_quality": "21", "async_depth": "1", "low_power": "0", "forced_idr": "1", "a53cc": "0"},
    "h264_amf": {"usage": "ultralowlatency", "rc": "cqp", "qp_i": "21", "qp_p": "21", "forced_idr": "1"},
    SOFTWARE: _X264,
}
PROBE_PICTURES: Final = 12
PROBE_SIDE_PIXELS: Final = 320
PROBE_PSNR_MIN_DB: Final = 38.0


def make_encoder(name: str, width: int, height: int, fps: float | None) -> av.VideoCodecContext:
    """An encoder for 4:2:0 pictures of this size; av.FFmpegError or ValueError when it cannot be had."""
    encoder = av.CodecContext.create(name, "w")
    if not isinstance(encoder, av.VideoCodecContext):
        raise ValueError(f"{name} encodes no video")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = TIME_BASE
    encoder.framerate = Fraction(fps or LEVEL_RATE_FALLBACK_FPS).limit_denominator(1001)
    encoder.gop_size = KEY_INTERVAL_PICTURES
    encoder.max_b_frames = 0
    # One thread: with several cameras on a machine the cores are shared by processes, and slices cost quality.
    encoder.thread_count = 1
    encoder.options = dict(OPTIONS[name])
    return encoder


def works(name: str) -> bool:
    """Whether this encoder gives, here and now, one packet for each picture, IDR where asked, near the source."""
    try:
        return _trial(name)
    except (av.FFmpegError, ValueError, OSError, RuntimeError, MemoryError):
        return False


def _trial(name: str) -> bool:
    encoder = make_encoder(name, PROBE_SIDE_PIXELS, PROBE_SIDE_PIXELS, 25.0)
    decoder = av.CodecContext.create("h264", "r")
    if not isinstance(decoder, av.VideoCodecContext):
        return False
    decoder.thread_count = 1
    random = np.random.default_rng(1)
    for number in range(PROBE_PICTURES):
        frame = av.VideoFrame(PROBE_SIDE_PIXELS, PROBE_SIDE_PIXELS, "yuv420p")
        for plane in planes(frame):
            ramp = np.add.outer(np.arange(plane.shape[0]), np.arange(plane.shape[1]))
            plane[:] = (ramp // 2 + random.integers(0, 12, plane.shape) + number * 3) % 200 + 20
        frame.pts, frame.time_base = number * 3600, TIME_BASE
        key = number % 6 == 0
        frame.pict_type = PictureType.I if key else PictureType.NONE
        packets = encoder.encode(frame)
        if len(packets) != 1 or packets[0].is_keyframe != key:
            return False
        back = decoder.decode(av.Packet(bytes(packets[0])))
        if len(back) != 1 or _psnr_db(planes(frame)[0], planes(back[0])[0]) < PROBE_PSNR_MIN_DB:
            return False
    return True


def _psnr_db(one: np.ndarray, two: np.ndarray) -> float:
    error = float(np.mean((one.astype(np.float64) - two.astype(np.float64)) ** 2))
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))


def best() -> str:
    """The first encoder of OPTIONS that works here; software comes last and is not tried, since it must work."""
    return next((name for name in OPTIONS if name == SOFTWARE or works(name)), SOFTWARE)


if __name__ == "__main__":
    av.logging.set_level(None)
    sys.stdout.write(best() + "\n")
