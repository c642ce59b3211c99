"""H.265 over RTP (RFC 7798): single NAL units, aggregation and fragmentation units, without decoding order numbers."""

from __future__ import annotations

from typing import Final

from recorder.rtsp.assembly import UnitAssembler, split_start_codes
from recorder.rtsp.fragments import FU_H265, START_CODE, flags_of, in_base_layer
from recorder.rtsp.h265_sets import PPS, VPS, H265Sets

LAST_PICTURE_TYPE: Final = 31
# Intra random access pictures: BLA, IDR and CRA. Pictures that lead a CRA cannot be decoded when one starts there;
# cameras send none.
FIRST_KEY_TYPE: Final = 16
LAST_KEY_TYPE: Final = 21
AGGREGATION: Final = 48
CONTENT_INFORMATION: Final = 50
# End of sequence, end of stream, filler, suffix SEI: nothing of the next picture.
SUFFIXES: Final = frozenset({36, 37, 38, 40})
# A payload that begins so is a byte stream (Annex B): the second byte of a NAL unit's header is never zero.
LEADING_START_CODE: Final = (b"\0\0\0\1", b"\0\0\1")


class H265Depacketizer(UnitAssembler):
    """Payloads in order become access units."""

    fragmentation = FU_H265
    nal_header_bytes = 2

    def __init__(self, parameter_sets: tuple[bytes, ...] = (), *, wary: bool = False) -> None:
        """``parameter_sets`` are those announced in the description; ``wary`` as in ``UnitAssembler``."""
        super().__init__(H265Sets(), wary=wary)
        for nal in parameter_sets:
            self.sets.add(nal)

    def push(
        self, data: bytes | bytearray | memoryview, start: int, end: int, rtp_time: int, marker: bool, received_us: int
    ) -> None:
        """Take the payload ``data[start:end]`` of one packet."""
        self._now_us = received_us
        if rtp_time != self._time:
            self._begin(rtp_time)
        if start + 2 <= end:
            kind = data[start] >> 1 & 0x3F
            if kind == FU_H265:
                self._fu(data, start, end)
            elif kind < AGGREGATION:
                if self._grow(end - start):
                    self._nal(bytes(data[start:end]))
            elif kind == AGGREGATION:
                self._aggregate(data, start + 2, end)
            elif kind == CONTENT_INFORMATION:
                self._content(data, start, end, rtp_time, received_us)
            else:
                self._reserved_kind()
        elif start < end:
            self._spoil()
        if marker:
            self._marker(received_us)

    def _fu(self, data: bytes | bytearray | memoryview, start: int, end: int) -> None:
        if end - start < 4:
            return self._spoil()
        header = data[start + 2]
        first = bytes(((data[start] & 0x81) | (header & 0x3F) << 1, data[start + 1])) if header & 0x80 else b""
        return self._fragments(flags_of(header), first + data[start + 3 : end])

    def _content(
        self, data: bytes | bytearray | memoryview, start: int, end: int, rtp_time: int, received_us: int
    ) -> None:
        """A payload behind a content information header (RFC 7798 §4.4.4): taken out, and taken as what it is."""
        payload = start + 4 + ((data[start + 2] << 8 | data[start + 3]) >> 4 & 0x1F) if start + 4 <= end else end
        kind = data[start + 2] >> 1 & 0x3F if payload < end else CONTENT_INFORMATION
        if kind == CONTENT_INFORMATION:
            return self._spoil()
        header = bytes((data[start] & 0x81 | data[start + 2] & 0x80 | kind << 1, data[start + 1]))
        inner = header + bytes(data[payload:end])
        return self.push(inner, 0, len(inner), rtp_time, False, received_us)

    def _aggregate(self, data: bytes | bytearray | memoryview, position: int, end: int) -> None:
        while position + 2 <= end:
            size = data[position] << 8 | data[position + 1]
            position += 2
            if size == 0:
                continue  # an empty entry, or zeros behind the last one
            if size < 2 or position + size > end:
                return self._spoil()
            if not self._grow(size):
                return None
            self._nal(bytes(data[position : position + size]))
            position += size
        return self._spoil() if position != end and data[position] else None

    def _nal(self, nal: bytes) -> None:
        if len(nal) < 2:
            return
        if nal.startswith(LEADING_START_CODE):
            self._joined = True
            for part in split_start_codes(nal):
                self._nal(part)
            return
        kind = nal[0] >> 1 & 0x3F
        base = in_base_layer(nal)
        if kind <= LAST_PICTURE_TYPE and base:
            joined = self._joined
            if joined or (joined is None and FIRST_KEY_TYPE <= kind <= LAST_KEY_TYPE):
                self._joined = joined or START_CODE in nal
                if START_CODE in nal:
                    for part in split_start_codes(nal):
                        self._nal(part)
                    return
            first = len(nal) > 2 and nal[2] & 0x80 != 0  # first_slice_segment_in_pic_flag
            self._keep(nal, picture=True, first_slice=first, key=FIRST_KEY_TYPE <= kind <= LAST_KEY_TYPE)
            return
        if START_CODE in nal:
            self._joined = True
            for part in split_start_codes(nal):
                self._nal(part)
            return
        if VPS <= kind <= PPS and base:
            self.sets.add(nal)
        self._keep(nal, picture=False, first_slice=False, key=False, suffix=kind in SUFFIXES or not base)

    @staticmethod
    def _leads(nal: bytes) -> bool:
        kind = nal[0] >> 1 & 0x3F
        return kind > LAST_PICTURE_TYPE and kind not in SUFFIXES and in_base_layer(nal)

    def _begins_picture(self, nal: bytes) -> bool:
        return True  # H.265 codes fields as pictures of their own
