"""H.264 parameter sets: size, frame rate and profile from the SPS (H.264 §7.3.2.1.1, Annex E)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder.access_unit import StreamFormat
from recorder.rtsp.bits import BitReader, BitsExhausted
from recorder.rtsp.errors import ParameterSetsMissing

SPS: Final = 7
PPS: Final = 8
SIDE_LIMIT_PIXELS: Final = 16_384
SET_LIMIT_BYTES: Final = 4096
SETS_LIMIT_COUNT: Final = 31  # ISO/IEC 14496-15 counts SPS in five bits
EXTENDED_SAR: Final = 255
FPS_LIMIT: Final = 1000.0

# Profiles whose SPS carries chroma format and scaling lists.
HIGH_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


@dataclass(frozen=True, slots=True)
class Sps:
    """What the recorder needs of a sequence parameter set; ``fields``: a picture may come as two fields."""

    id: int
    profile: int
    constraints: int
    level: int
    width: int
    height: int
    fps: float | None
    chroma: int
    depth_luma: int
    depth_chroma: int
    fields: bool = False

    @property
    def codec_string(self) -> str:
        """RFC 6381, e.g. ``avc1.64001F``."""
        return f"avc1.{self.profile:02X}{self.constraints:02X}{self.level:02X}"


def parse_sps(nal: bytes) -> Sps:
    """The SPS in a NAL unit; ParameterSetsMissing when it is damaged or describes no sane picture."""
    try:
        return _parse(nal)
    except (BitsExhausted, IndexError) as error:
        raise ParameterSetsMissing("Jeu de paramètres H.264 (SPS) illisible.", where=str(error)) from error


def _parse(nal: bytes) -> Sps:
    profile, constraints, level = nal[1], nal[2], nal[3]
    reader = BitReader(nal[4:])
    set_id = reader.ue()
    chroma, depth_luma, depth_chroma = _high_profile(reader) if profile in HIGH_PROFILES else (1, 0, 0)
    reader.ue()  # log2_max_frame_num_minus4
    _picture_order(reader)
    reader.ue()  # max_num_ref_frames
    reader.flag()  # gaps_in_frame_num_value_allowed_flag
    width = 16 * (reader.ue() + 1)
    map_units = reader.ue() + 1
    frames_only = reader.flag()
    if not frames_only:
        reader.flag()  # mb_adaptive_frame_field_flag
    height = 16 * map_units * (1 if frames_only else 2)
    reader.flag()  # direct_8x8_inference_flag
    if reader.flag():
        left, right, top, bottom = (reader.ue() for _ in range(4))
        unit_x = 2 if chroma in (1, 2) else 1
        unit_y = (2 if chroma == 1 else 1) * (1 if frames_only else 2)
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    if set_id > 31 or not (0 < width <= SIDE_LIMIT_PIXELS and 0 < height <= SIDE_LIMIT_PIXELS):
        raise ParameterSetsMissing(f"Jeu de paramètres H.264 : image de {width}×{height} pixels.")
    fps = _frame_rate(reader) if reader.left and reader.flag() else None
    return Sps(
        set_id, profile, constraints, level, width, height, fps, chroma, depth_luma, depth_chroma, not frames_only
    )  # fmt: skip


def _high_profile(reader: BitReader) -> tuple[int, int, int]:
    """Chroma format, and the two bit depths less 8."""
    chroma = reader.ue()
    separate_planes = chroma == 3 and reader.flag()
    depth_luma, depth_chroma = reader.ue(), reader.ue()
    if chroma > 3 or depth_luma > 6 or depth_chroma > 6:
        raise ParameterSetsMissing("Jeu de paramètres H.264 : format de chrominance ou profondeur impossibles.")
    reader.flag()  # qpprime_y_zero_transform_bypass_flag
    if reader.flag():
        for index in range(8 if chroma != 3 else 12):
            if reader.flag():
                _scaling_list(reader, 16 if index < 6 else 64)
    return 0 if separate_planes else chroma, depth_luma, depth_chroma


def _scaling_list(reader: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + reader.se()) % 256
        last = following or last


def _picture_order(reader: BitReader) -> None:
    kind = reader.ue()
    if kind == 0:
        reader.ue()
    elif kind == 1:
        reader.flag()
        reader.se()
        reader.se()
        for _ in range(min(reader.ue(), 255)):
            reader.se()


def _frame_rate(reader: BitReader) -> float | None:
    """The rate that the VUI announces; None when it says nothing sane. Damage in the VUI costs only the rate."""
    try:
        if reader.flag() and reader.bits(8) == EXTENDED_SAR:
            reader.skip(32)
        if reader.flag():  # overscan
            reader.flag()
        if reader.flag():  # video signal type
            reader.skip(4)
            if reader.flag():
                reader.skip(24)
        if reader.flag():  # chroma location
            reader.ue()
            reader.ue()
        if not reader.flag():
            return None
        units, scale = reader.bits(32), reader.bits(32)
    except BitsExhausted:
        return None
    rate = scale / (2 * units) if units else 0.0
    return rate if 0 < rate <= FPS_LIMIT else None


def put_first(known: dict[int, bytes], key: int, nal: bytes) -> None:
    """Add a set in front of the others: a new one is the one in use, whatever number a description gave before."""
    others = {other: kept for other, kept in known.items() if other != key}
    known.clear()
    known[key] = nal
    known.update(others)


class H264Sets:
    """The parameter sets seen so far, and the format they make."""

    def __init__(self) -> None:
        self._sps: dict[int, bytes] = {}
        self._pps: dict[int, bytes] = {}
        self._format: StreamFormat | None = None
        self.fields = False  # whether the latest SPS allows fields

    def add(self, nal: bytes) -> None:
        """Take an SPS or PPS; a new one with the same id replaces the old. Others are ignored.

        An unreadable set voids all of its kind: what the old ones described may no longer be what is sent.
        """
        kind = nal[0] & 0x1F if nal else 0
        known = self._sps if kind == SPS else self._pps
        if kind not in (SPS, PPS) or nal in known.values():
            return
        self._format = None
        try:
            if kind == SPS:
                parsed = parse_sps(nal)
                key, self.fields = parsed.id, parsed.fields
            else:
                key = BitReader(nal[1:9]).ue()
        except (ParameterSetsMissing, BitsExhausted):
            known.clear()
            return
        if len(nal) <= SET_LIMIT_BYTES and (key in known or len(known) < SETS_LIMIT_COUNT):
            put_first(known, key, nal)

    def format(self) -> StreamFormat:
        """The stream's format; ParameterSetsMissing while the sets do not suffice."""
        if self._format is None:
            if not self._sps or not self._pps:
                raise ParameterSetsMissing("La caméra n’envoie pas ses jeux de paramètres H.264 (SPS, PPS).")
            sets = (*self._sps.values(), *self._pps.values())
            sps = parse_sps(sets[0])
            self._format = StreamFormat("h264", sps.width, sps.height, sps.fps, sets, sps.codec_string)
        return self._format
