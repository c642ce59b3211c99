"""H.265 parameter sets: size, frame rate and profile from the SPS (H.265 §7.3.2.2, §7.3.3, Annex E)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder.access_unit import StreamFormat
from recorder.rtsp.bits import BitReader, BitsExhausted
from recorder.rtsp.errors import ParameterSetsMissing
from recorder.rtsp.h264_sets import put_first

VPS: Final = 32
SPS: Final = 33
PPS: Final = 34
SIDE_LIMIT_PIXELS: Final = 16_384
SET_LIMIT_BYTES: Final = 4096
SETS_LIMIT_COUNT: Final = 16
PROFILE_TIER_LEVEL_BYTES: Final = 12
FPS_LIMIT: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Sps:
    """What the recorder needs of a sequence parameter set. ``profile_tier_level`` is its general part, 12 bytes."""

    id: int
    width: int
    height: int
    fps: float | None
    profile_tier_level: bytes
    chroma: int
    depth_luma: int
    depth_chroma: int
    sub_layers: int
    temporal_nesting: bool

    @property
    def codec_string(self) -> str:
        """RFC 6381 and ISO/IEC 14496-15 Annex E, e.g. ``hvc1.1.6.L93.B0``."""
        general = self.profile_tier_level
        space = ("", "A", "B", "C")[general[0] >> 6]
        tier = "H" if general[0] & 0x20 else "L"
        compatibility = int(f"{int.from_bytes(general[1:5], 'big'):032b}"[::-1], 2)
        constraints = general[5:11].rstrip(b"\0")
        tail = "".join(f".{byte:X}" for byte in constraints)
        return f"hvc1.{space}{general[0] & 0x1F}.{compatibility:X}.{tier}{general[11]}{tail}"


def parse_sps(nal: bytes) -> Sps:
    """The SPS in a NAL unit; ParameterSetsMissing when it is damaged or describes no sane picture."""
    try:
        return _parse(nal)
    except (BitsExhausted, IndexError) as error:
        raise ParameterSetsMissing("Jeu de paramètres H.265 (SPS) illisible.", where=str(error)) from error


def _parse(nal: bytes) -> Sps:
    reader = BitReader(nal[2:])
    reader.skip(4)  # sps_video_parameter_set_id
    sub_layers = reader.bits(3)
    nesting = reader.flag()
    general = reader.bits(8 * PROFILE_TIER_LEVEL_BYTES).to_bytes(PROFILE_TIER_LEVEL_BYTES, "big")
    _sub_layer_profiles(reader, sub_layers)
    set_id = reader.ue()
    chroma = reader.ue()
    separate_planes = chroma == 3 and reader.flag()
    width, height = reader.ue(), reader.ue()
    if reader.flag():
        left, right, top, bottom = (reader.ue() for _ in range(4))
        unit_x = 2 if chroma in (1, 2) else 1
        unit_y = 2 if chroma == 1 else 1
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    depth_luma, depth_chroma = reader.ue(), reader.ue()
    sane = 0 < width <= SIDE_LIMIT_PIXELS and 0 < height <= SIDE_LIMIT_PIXELS
    if set_id > 15 or chroma > 3 or depth_luma > 8 or depth_chroma > 8 or not sane:
        raise ParameterSetsMissing(f"Jeu de paramètres H.265 : image de {width}×{height} pixels.")
    return Sps(
        set_id, width, height, None, general, 0 if separate_planes else chroma, depth_luma, depth_chroma,
        sub_layers + 1, nesting,
    )  # fmt: skip


def _sub_layer_profiles(reader: BitReader, sub_layers: int) -> None:
    present = [(reader.flag(), reader.flag()) for _ in range(sub_layers)]
    if sub_layers:
        reader.skip(2 * (8 - sub_layers))
    for profile, level in present:
        reader.skip((88 if profile else 0) + (8 if level else 0))


def frame_rate(vps: bytes) -> float | None:
    """The rate that a VPS announces, None when it says nothing sane.

    Read there and not in the SPS, whose VUI lies behind short-term reference sets that are long to walk through.
    """
    try:
        reader = BitReader(vps[2:])
        reader.skip(4 + 2 + 6)
        sub_layers = reader.bits(3)
        reader.skip(1 + 16 + 8 * PROFILE_TIER_LEVEL_BYTES)
        _sub_layer_profiles(reader, sub_layers)
        for _ in range(sub_layers + 1 if reader.flag() else 1):
            for _ in range(3):
                reader.ue()
        highest_layer = reader.bits(6)
        for _ in range(min(reader.ue(), 1023)):
            reader.skip(highest_layer + 1)
        if not reader.flag():
            return None
        units, scale = reader.bits(32), reader.bits(32)
    except BitsExhausted:
        return None
    rate = scale / units if units else 0.0
    return rate if 0 < rate <= FPS_LIMIT else None


class H265Sets:
    """The parameter sets seen so far, and the format they make."""

    def __init__(self) -> None:
        self._known: dict[int, dict[int, bytes]] = {VPS: {}, SPS: {}, PPS: {}}
        self._format: StreamFormat | None = None

    def add(self, nal: bytes) -> None:
        """Take a VPS, SPS or PPS; a new one with the same id replaces the old. Others are ignored.

        An unreadable set voids all of its kind: what the old ones described may no longer be what is sent.
        """
        kind = nal[0] >> 1 & 0x3F if nal else 0
        known = self._known.get(kind)
        if known is None or nal in known.values():
            return
        self._format = None
        try:
            key = _set_id(nal, kind)
        except (ParameterSetsMissing, BitsExhausted, IndexError):
            known.clear()
            return
        if len(nal) <= SET_LIMIT_BYTES and (key in known or len(known) < SETS_LIMIT_COUNT):
            put_first(known, key, nal)

    def format(self) -> StreamFormat:
        """The stream's format; ParameterSetsMissing while the sets do not suffice."""
        if self._format is None:
            vps, sps, pps = (tuple(self._known[kind].values()) for kind in (VPS, SPS, PPS))
            if not vps or not sps or not pps:
                raise ParameterSetsMissing("La caméra n’envoie pas ses jeux de paramètres H.265 (VPS, SPS, PPS).")
            parsed = parse_sps(sps[0])
            rate = frame_rate(vps[0])
            sets = (*vps, *sps, *pps)
            self._format = StreamFormat("h265", parsed.width, parsed.height, rate, sets, parsed.codec_string)
        return self._format


def _set_id(nal: bytes, kind: int) -> int:
    if kind == VPS:
        return nal[2] >> 4
    return BitReader(nal[2:10]).ue() if kind == PPS else parse_sps(nal).id
