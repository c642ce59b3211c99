"""One stream through the masker: decode, paint, encode, look again. Synchronous, in memory, no clock, no process.

Rules it keeps (P-10, P-11):

1. What is painted is a copy: the decoder's own pictures stay clear inside it, as later ones are predicted from them;
   painting those would smear paint outside the zones.
2. A picture leaves only through ``Painter.paint``, and only in the size that the raster was made for.
3. One unit in, one outcome out, in presentation order. A unit that the decoder cannot take whole is *damaged*: it
   and all up to the next key frame are dropped, each accounted for. Concealed pictures are the decoder's invention;
   they would be masked, but they are no evidence.
4. A key frame that cannot be decoded, a decoder or encoder that does not keep to one for one, and a self-check
   that fails raise MaskFailed: the camera goes dark.
5. Self-check: every picture of the first CHECKED_FIRST_PICTURES and every key frame after that is decoded again
   from our own bytes before they are handed out.

Nothing of the source but its slices and parameter sets reaches the decoder (no SEI), and nothing but our own encoder's
bytes comes out.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import av
from av.video.frame import PictureType

from privacy import annexb
from privacy.encoders import SOFTWARE, TIME_BASE, make_encoder
from privacy.paint import PICTURE_FORMATS, Painter
from privacy.raster import rasterise, too_small
from privacy.units import (
    KEY_AWAITED,
    NALS_LIMIT,
    PICTURE_LIMIT_PIXELS,
    PICTURE_MIN_SIDE_PIXELS,
    SIZE_CHANGED,
    STREAM_DAMAGED,
    UNIT_LIMIT_BYTES,
    DroppedUnit,
    EncodedUnit,
    MaskedUnit,
    MaskFailed,
    Outcome,
    StreamSpec,
)
from privacy.zones import Polygons

# Both standards let a decoder hold back at most 16 pictures for reordering.
REORDER_LIMIT_PICTURES: Final = 16
CHECKED_FIRST_PICTURES: Final = 10


class StreamMask:
    """The masker of one stream, from its first unit on."""

    def __init__(self, spec: StreamSpec, polygons: Polygons, *, encoder: str = SOFTWARE, where: str = "") -> None:
        if min(spec.width, spec.height) < PICTURE_MIN_SIDE_PIXELS or spec.width * spec.height > PICTURE_LIMIT_PIXELS:
            raise MaskFailed(f"Une image de {spec.width} × {spec.height} ne peut pas être masquée.", where=where)
        raster = rasterise(polygons, spec.width, spec.height)
        if small := too_small(raster):
            raise MaskFailed(
                f"La zone {small[0]} est trop petite pour une image de {spec.width} × {spec.height}.",
                where=where,
                todo="Agrandissez la zone, puis faites valider les zones.",
            )
        self._spec = spec
        self._where = where
        self._painter = Painter(raster)
        self._encoder_name = encoder
        self._encoder: av.VideoCodecContext | None = None
        self._checker = _decoder("h264")
        self._decoder = _decoder(spec.codec)
        self._waiting: OrderedDict[int, EncodedUnit] = OrderedDict()
        self._awaiting_key = KEY_AWAITED
        self._taken = 0
        self._primed = 0
        self._encoded = 0

    def push(self, unit: EncodedUnit) -> list[Outcome]:
        """The outcomes that this unit made ready (none while the decoder reorders); MaskFailed ends the stream."""
        if self._awaiting_key and not unit.key:
            return [DroppedUnit(unit.utc_us, unit.ticket, self._awaiting_key)]
        packet = self._packet(unit)
        self._waiting[self._taken] = unit
        self._taken += 1
        frames = self._decode(packet) if packet is not None else None
        if frames is None:
            return self._damaged(unit)
        self._awaiting_key = ""
        outcomes: list[Outcome] = [self._masked(frame) for frame in frames if not self._was_primed(frame)]
        if self._lost():
            outcomes += self._damaged(unit)
        return outcomes

    def prime(self, unit: EncodedUnit) -> None:
        """Decode a unit that is not to come out, before any that is; what cannot be decoded makes a key be awaited."""
        if self._awaiting_key and not unit.key:
            return
        packet = self._packet(unit)
        self._taken += 1
        self._primed = self._taken
        if packet is None or self._decode(packet) is None:
            self._decoder = _decoder(self._spec.codec)
            self._awaiting_key = STREAM_DAMAGED
        else:
            self._awaiting_key = ""

    def finish(self) -> list[Outcome]:
        """The outcomes of units that the decoder still held back; the stream is over."""
        outcomes: list[Outcome] = [
            self._masked(frame) for frame in self._decode(None) or [] if not self._was_primed(frame)
        ]
        outcomes += self._drop_waiting(STREAM_DAMAGED)
        return outcomes

    def _packet(self, unit: EncodedUnit) -> av.Packet[Any] | None:
        """The unit as the decoder gets it: parameter sets and slices only; None when there is no slice in it."""
        codec = self._spec.codec
        if len(unit.nals) > NALS_LIMIT or sum(map(len, unit.nals)) > UNIT_LIMIT_BYTES:
            return None
        own = [nal for nal in unit.nals if annexb.is_parameter_set(codec, nal)]
        slices = [nal for nal in unit.nals if annexb.is_slice(codec, nal)]
        if not slices:
            return None
        # The sets agreed at connection go first, so that sets in the unit itself override them.
        given = self._spec.parameter_sets if unit.key else ()
        packet: av.Packet[Any] = av.Packet(annexb.join((*given, *own, *slices)))
        packet.pts = packet.dts = self._taken
        packet.time_base = TIME_BASE
        return packet

    def _decode(self, packet: av.Packet[Any] | None) -> list[av.VideoFrame] | None:
        """The pictures that come out, or None when the decoder found damage."""
        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError:
            return None
        for frame in frames:
            if (frame.width, frame.height) != (self._spec.width, self._spec.height):
                raise MaskFailed(
                    f"L’image fait {frame.width} × {frame.height} au lieu de {self._spec.width} × {self._spec.height}.",
                    cause=SIZE_CHANGED,
                    where=self._where,
                    todo="Rétablissez le profil de la caméra, ou faites valider les zones pour la nouvelle image.",
                )
        return None if any(frame.is_corrupt for frame in frames) else frames

    def _was_primed(self, frame: av.VideoFrame) -> bool:
        return frame.pts is not None and frame.pts < self._primed

    def _masked(self, frame: av.VideoFrame) -> MaskedUnit:
        """Paint one decoded picture, encode it, check it: the only way out of this class for a picture."""
        unit = self._waiting.pop(frame.pts, None) if frame.pts is not None else None
        if unit is None:
            raise self._failed("Le décodeur a rendu une image qui ne lui avait pas été donnée.")
        if frame.format.name not in PICTURE_FORMATS:
            frame = frame.reformat(format="yuv420p")
        frame.make_writable()
        self._painter.paint(frame)
        frame.pts, frame.time_base = self._encoded * 3600, TIME_BASE
        # After priming the first picture that comes out is no key picture of the camera's, but must be one of ours.
        key = unit.key or self._encoded == 0
        frame.pict_type = PictureType.I if key else PictureType.P
        try:
            packets = self._encoder_for(frame).encode(frame)
        except (av.FFmpegError, ValueError) as error:
            raise self._failed("L’encodeur a échoué.") from error
        if len(packets) != 1 or packets[0].is_keyframe != key:
            raise self._failed("L’encodeur n’a pas rendu une image pour une.")
        data = bytes(packets[0])
        if key or self._encoded < CHECKED_FIRST_PICTURES:
            self._check(data, key)
        self._encoded += 1
        nals = annexb.split(data)
        sets = tuple(nal for nal in nals if annexb.is_parameter_set("h264", nal)) if key else ()
        return MaskedUnit(nals, unit.utc_us, key, unit.ticket, sets)

    def _encoder_for(self, frame: av.VideoFrame) -> av.VideoCodecContext:
        """The encoder, made at the first picture, since only then the colour description is known."""
        if self._encoder is None:
            encoder = make_encoder(self._encoder_name, frame.width, frame.height, self._spec.fps)
            encoder.color_range = frame.color_range
            encoder.color_primaries = frame.color_primaries
            encoder.color_trc = frame.color_trc
            encoder.colorspace = frame.colorspace
            if (ratio := self._decoder.sample_aspect_ratio) is not None and ratio > 0:
                encoder.sample_aspect_ratio = ratio
            self._encoder = encoder
        return self._encoder

    def _check(self, data: bytes, key: bool) -> None:
        """Decode our own bytes and look at the zones (rule 5)."""
        if key:
            self._checker.flush_buffers()
        try:
            frames = self._checker.decode(av.Packet(data))
        except av.FFmpegError as error:
            raise self._failed("Une image masquée ne se relit pas.") from error
        if len(frames) != 1 or not self._painter.opaque(frames[0]):
            raise self._failed("Une zone privée n’est pas opaque dans l’image encodée.")

    def _lost(self) -> bool:
        """Whether the decoder swallowed a unit: it holds more than it may for reordering."""
        allowed = REORDER_LIMIT_PICTURES if self._decoder.has_b_frames else 0
        return len(self._waiting) > allowed

    def _damaged(self, unit: EncodedUnit) -> list[Outcome]:
        """Drop what is inside and wait for the next key frame; a damaged key frame is the end (rule 4)."""
        if unit.key:
            raise MaskFailed(
                "Une image clé de la caméra ne se décode pas.",
                cause=STREAM_DAMAGED,
                where=self._where,
                todo="Vérifiez le lien et le profil vidéo de la caméra.",
            )
        # A fresh decoder: a flushed one may still hand out the picture it failed on.
        self._decoder = _decoder(self._spec.codec)
        self._awaiting_key = STREAM_DAMAGED
        return self._drop_waiting(STREAM_DAMAGED)

    def _drop_waiting(self, cause: str) -> list[Outcome]:
        dropped: list[Outcome] = [DroppedUnit(unit.utc_us, unit.ticket, cause) for unit in self._waiting.values()]
        self._waiting.clear()
        return dropped

    def _failed(self, what: str) -> MaskFailed:
        return MaskFailed(what, where=self._where, todo="La caméra reste noire ; le masquage redémarre.")


def _decoder(codec: str) -> av.VideoCodecContext:
    decoder = av.CodecContext.create("h264" if codec == "h264" else "hevc", "r")
    if not isinstance(decoder, av.VideoCodecContext):
        raise MaskFailed(f"Aucun décodeur vidéo pour {codec}.")
    decoder.thread_count = 1
    # explode: damage is an error, not something to paint over. max_pixels: a hostile size is refused before memory is.
    decoder.options = {"err_detect": "explode", "max_pixels": str(PICTURE_LIMIT_PIXELS)}
    return decoder
