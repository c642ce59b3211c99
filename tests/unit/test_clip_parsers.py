"""What our parsers read out of whole clips, rendered and real, beside what FFmpeg reads out of them."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest

from recorder.access_unit import AccessUnit, TimedUnit
from recorder.rtsp.h264_sets import H264Sets
from recorder.rtsp.h265_sets import H265Sets
from recorder.stream.fragmenter import fragment, init_segment
from tests.fakes.clips import RECIPES, ClipTooShort, known_facts, read_units, rendered
from tests.fakes.extraction import timed_groups
from tests.fakes.recording import START


def test_sizes_and_groups_are_those_that_ffmpeg_finds(any_clip: Path) -> None:
    """Fails when a size is read out of the parameter sets without their cropping, or a fragment loses a picture."""
    spec, units = read_units(any_clip)
    sets = H264Sets() if spec.codec == "h264" else H265Sets()
    for nal in units[0].nals:
        sets.add(nal)
    fmt = sets.format()
    assert (fmt.codec, fmt.width, fmt.height) == (spec.codec, spec.width, spec.height)
    if not known_facts(any_clip).streamable:
        return
    keys = [number for number, unit in enumerate(units) if unit.key]
    step_us = 40_000
    group = [
        TimedUnit(AccessUnit.of(unit.nals, 0, unit.key, 0, fmt if unit.key else None), START.us + n * step_us, None)
        for n, unit in enumerate(units[: keys[1]])
    ]
    stored = init_segment(fmt) + fragment(group, fmt, 1, START.plus(us=len(group) * step_us))
    with av.open(io.BytesIO(stored)) as container:
        assert len(list(container.decode(video=0))) == len(group)


@pytest.mark.parametrize("kind", RECIPES)
def test_a_rendered_clip_is_what_its_recipe_says(kind: str) -> None:
    """Fails when groups are open, of another length, or B pictures are there or not against the recipe."""
    recipe = RECIPES[kind]
    _, units = read_units(rendered(kind))
    assert len(units) == recipe.pictures
    keys = [number for number, unit in enumerate(units) if unit.key]
    assert keys == list(range(0, recipe.pictures, recipe.group))
    times = [unit.utc_us for unit in units]
    assert (times != sorted(times)) == bool(recipe.options)
    for start, end in zip(keys, [*keys[1:], len(units)], strict=True):
        assert max(times[:start], default=0) < min(times[start:end]), "a group shows a picture before it begins"


def test_a_test_that_needs_more_than_its_clip_holds_is_told() -> None:
    """Fails when a clip that is too short gives what it has: the recording then ends early, far from the cause."""
    with pytest.raises(ClipTooShort, match=r"small_320x240.mp4 holds 50 pictures; this test needs 51"):
        read_units(rendered("small"), 51)
    with pytest.raises(ClipTooShort, match=r"small_320x240.mp4 holds 2 whole groups; this test needs 3"):
        timed_groups("small", 3, START)
