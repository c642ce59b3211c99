"""Timed units of a clip without any network: what the pipeline, the fragmenter and the hub are fed in tests."""

from __future__ import annotations

from recorder.access_unit import AccessUnit, StreamFormat, TimedUnit
from recorder.rtsp.h264_sets import H264Sets
from recorder.rtsp.h265_sets import H265Sets
from tests.fakes.camera.clips import Clip
from vms.clock import UtcTime

START = UtcTime.parse("2026-11-24T14:00:00Z")


def format_of(clip: Clip) -> StreamFormat:
    sets = H264Sets() if clip.codec == "h264" else H265Sets()
    for nal in clip.parameter_sets:
        sets.add(nal)
    return sets.format()


def timed_units(clip: Clip, start: UtcTime = START) -> list[TimedUnit]:
    fmt = format_of(clip)
    return [
        TimedUnit(
            AccessUnit.of(unit.nals, unit.pts_90k, unit.key, unit.pts_90k * 100 // 9, fmt if unit.key else None),
            start.us + unit.pts_90k * 100 // 9,
            3600,
        )
        for unit in clip.units
    ]
