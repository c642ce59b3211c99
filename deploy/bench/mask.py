"""``vms bench mask``: what masking costs, beside ffmpeg's own drawbox on the same pictures, in the same run.

Both decode, cover the same boxes, encode with the same encoder and settings, one thread each where one can choose;
ffmpeg runs its decoder, filter and encoder side by side, our worker one after the other, so both ratios are given, by
the clock and by the CPU.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from privacy import annexb
from privacy.encoders import OPTIONS, SOFTWARE
from privacy.paint import PAINT_CHROMA, PAINT_LUMA, STRAY_LIMIT_LEVELS, Painter, planes
from privacy.raster import rasterise
from privacy.stream_mask import StreamMask
from privacy.units import Codec, EncodedUnit, MaskedUnit, StreamSpec
from vms.errors import BadInput

RUNS: Final = 3
PICTURES: Final = 250
OPEN_TIMEOUT_S: Final = 10.0
FFMPEG_TIMEOUT_S: Final = 600.0
# Boxes, so that drawbox can draw them too: left, top, right, bottom in shares of the picture.
BOXES: Final = ((0.10, 0.05, 0.35, 0.30), (0.55, 0.40, 0.90, 0.75), (0.00, 0.85, 0.30, 1.00))


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    spec: StreamSpec
    units: tuple[EncodedUnit, ...]


def run(sources: Sequence[str], *, runs: int = RUNS, pictures: int = PICTURES) -> dict[str, Any]:
    """The bench's JSON object over files or RTSP addresses; BadInput when one holds no H.264 or H.265 video.

    Figures: ``frames_ratio_to_drawbox`` (pictures a second, ours over ffmpeg's), ``cpu_ratio_to_drawbox``,
    ``mask_only_ms_per_frame`` (painting alone), ``clear_pixels`` (in zones of every picture: must be 0).
    """
    read = [_read(source, pictures) for source in sources]
    rounds = [_round(source) for source in read for _ in range(runs)]
    figures = {name: round(statistics.median(each[name] for each in rounds), 4) for name in rounds[0]}
    figures["clear_pixels"] = float(sum(_clear_pixels(source) for source in read))
    return {
        "bench": "mask",
        "machine": {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()},
        "runs": runs,
        "sources": [f"{source.name} {source.spec.codec} {source.spec.width}x{source.spec.height}" for source in read],
        "figures": figures,
    }


def _read(source: str, pictures: int) -> _Source:
    """The first pictures of a file or stream, from a key frame on."""
    options = {"rtsp_transport": "tcp"} if source.startswith("rtsp") else {}
    units: list[EncodedUnit] = []
    with av.open(source, options=options, timeout=OPEN_TIMEOUT_S) as container:
        stream = next(iter(container.streams.video), None)
        if stream is None or stream.codec_context.name not in ("h264", "hevc"):
            raise BadInput("La source ne porte pas de vidéo H.264 ou H.265.", where=Path(source).name)
        context = stream.codec_context
        bitstream = av.bitstream.BitStreamFilterContext(f"{context.name}_mp4toannexb", stream)
        for packet in container.demux(stream):
            if not packet.size or (not units and not packet.is_keyframe):
                continue
            utc_us = int((packet.pts or 0) * packet.time_base * 1_000_000)
            for part in bitstream.filter(packet):
                units.append(EncodedUnit(annexb.split(bytes(part)), utc_us, part.is_keyframe, len(units)))
            if len(units) >= pictures:
                break
        rate = float(stream.average_rate) if stream.average_rate else None
        sets = annexb.split(context.extradata or b"") if source.startswith("rtsp") else ()
        codec: Codec = "h264" if context.name == "h264" else "h265"
        spec = StreamSpec(codec, context.width, context.height, rate, sets)
    return _Source("stream" if options else Path(source).name, spec, tuple(units))


def _zones() -> list[list[tuple[float, float]]]:
    return [[(left, top), (right, top), (right, bottom), (left, bottom)] for left, top, right, bottom in BOXES]


def _round(source: _Source) -> dict[str, float]:
    clock, cpu = time.perf_counter(), time.process_time()
    _mask(source)
    ours_s, ours_cpu_s = time.perf_counter() - clock, time.process_time() - cpu
    peer_s, peer_cpu_s = _drawbox(source)
    count = len(source.units)
    return {
        "frames_ratio_to_drawbox": peer_s / ours_s,
        "cpu_ratio_to_drawbox": ours_cpu_s / peer_cpu_s,
        "frames_per_s": count / ours_s,
        "drawbox_frames_per_s": count / peer_s,
        "total_ms_per_frame": 1000 * ours_s / count,
        "mask_only_ms_per_frame": _paint_ms(source.spec),
    }


def _mask(source: _Source) -> list[MaskedUnit]:
    mask = StreamMask(source.spec, _zones())
    outcomes = [outcome for unit in source.units for outcome in mask.push(unit)] + mask.finish()
    return [outcome for outcome in outcomes if isinstance(outcome, MaskedUnit)]


def _drawbox(source: _Source) -> tuple[float, float]:
    """Seconds by the clock and by the CPU that ffmpeg itself reports for the same work."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise BadInput("ffmpeg est introuvable.", todo="Installez ffmpeg : le banc le prend pour repère.")
    boxes = ",".join(
        f"drawbox=x=iw*{left}:y=ih*{top}:w=iw*{right - left:.4f}:h=ih*{bottom - top:.4f}:color=gray:t=fill"
        for left, top, right, bottom in BOXES
    )
    settings = [part for name, value in OPTIONS[SOFTWARE].items() for part in (f"-{name}", value)]
    demuxer = "h264" if source.spec.codec == "h264" else "hevc"
    sets = annexb.join(source.spec.parameter_sets)
    done = subprocess.run(
        [
            *(ffmpeg, "-hide_banner", "-benchmark", "-threads", "1", "-f", demuxer, "-i", "-"),
            *("-vf", boxes, "-c:v", "libx264", "-threads", "1", "-bf", "0", "-g", "50"),
            *(*settings, "-f", "null", "-"),
        ],
        input=sets + b"".join(annexb.join(unit.nals) for unit in source.units),
        capture_output=True,
        timeout=FFMPEG_TIMEOUT_S,
        check=False,
    )
    told = done.stderr.decode(errors="replace")
    found = re.search(r"bench: utime=([\d.]+)s stime=([\d.]+)s rtime=([\d.]+)s", told)
    if done.returncode != 0 or found is None:
        raise BadInput("ffmpeg n’a pas pu lire la source.", where=source.name)
    user, system, clock = map(float, found.groups())
    return clock, user + system


def _paint_ms(spec: StreamSpec, times: int = 200) -> float:
    """Milliseconds to paint one picture of this size."""
    painter = Painter(rasterise(_zones(), spec.width, spec.height))
    frame = av.VideoFrame(spec.width, spec.height, "yuv420p")
    begin = time.perf_counter()
    for _ in range(times):
        painter.paint(frame)
    return 1000 * (time.perf_counter() - begin) / times


def _clear_pixels(source: _Source) -> int:
    """Luma and chroma samples of zones that are not paint, over every picture that came out."""
    raster = rasterise(_zones(), source.spec.width, source.spec.height)
    decoder = av.CodecContext.create("h264", "r")
    if not isinstance(decoder, av.VideoCodecContext):
        raise BadInput("Aucun décodeur H.264.")
    clear = 0
    for unit in _mask(source):
        for frame in decoder.decode(av.Packet(annexb.join(unit.nals))):
            luma, *chroma = planes(frame)
            clear += _strays(luma[raster.zone_grid()], PAINT_LUMA)
            for part in raster.parts:
                rows, columns = part.zone_chroma.shape
                top, left = part.top // 2, part.left // 2
                for plane in chroma:
                    area = plane[top : top + rows, left : left + columns][part.zone_chroma]
                    clear += _strays(area, PAINT_CHROMA)
    return clear


def _strays(samples: np.ndarray, paint: int) -> int:
    return int(np.count_nonzero(np.abs(samples.astype(np.int16) - paint) > STRAY_LIMIT_LEVELS))
