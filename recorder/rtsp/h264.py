"""H.264 over RTP (RFC 6184): single NAL units, STAP-A, FU-A. Interleaved modes are refused when the track is chosen."""

from __future__ import annotations

from typing import Final

from recorder.rtsp.assembly import UnitAssembler, split_start_codes
from recorder.rtsp.fragments import FU_H264, START_CODE, flags_of
from recorder.rtsp.h264_sets import PPS, SPS, H264Sets

IDR: Final = 5
LAST_PICTURE_TYPE: Final = 5
SEI: Final = 6
DELIMITER: Final = 9
# A payload that begins so is a byte stream (Annex B): no NAL unit has a header of zero.
LEADING_START_CODE: Final = (b"\0\0\0\1", b"\0\0\1")
STAP_A: Final = 24
LAST_KNOWN_KIND: Final = 29
# End of sequence, end of stream, filler: nothing of the next picture.
SUFFIXES: Final = frozenset({10, 11, 12})
# Of the others, those that come before the picture that they belong to.
LEADING: Final = frozenset({SEI, SPS, PPS, DELIMITER, 13, 14, 15, 16, 17, 18})
PARTITIONS: Final = (3, 4)


class H264Depacketizer(UnitAssembler):
    """Payloads in order become access units."""

    fragmentation = FU_H264
    nal_header_bytes = 1

    def __init__(self, parameter_sets: tuple[bytes, ...] = (), *, wary: bool = False) -> None:
        """``parameter_sets`` are those announced in the description; ``wary`` as in ``UnitAssembler``."""
        self._h264_sets = H264Sets()
        super().__init__(self._h264_sets, wary=wary)
        for nal in parameter_sets:
            self.sets.add(nal)

    def push(
        self, data: bytes | bytearray | memoryview, start: int, end: int, rtp_time: int, marker: bool, received_us: int
    ) -> None:
        """Take the payload ``data[start:end]`` of one packet."""
        self._now_us = received_us
        if rtp_time != self._time:
            self._begin(rtp_time)
        if start < end:
            kind = data[start] & 0x1F
            if kind == FU_H264:
                self._fu(data, start, end)
            elif kind < STAP_A:
                if self._grow(end - start):
                    self._nal(bytes(data[start:end]))
            elif kind == STAP_A:
                self._stap(data, start + 1, end)
            elif kind > LAST_KNOWN_KIND:
                self._reserved_kind()
            else:
                self._spoil()
        if marker:
            self._marker(received_us)

    def _fu(self, data: bytes | bytearray | memoryview, start: int, end: int) -> None:
        if end - start < 3:
            return self._spoil()
        header = data[start + 1]
        first = bytes(((data[start] & 0xE0) | (header & 0x1F),)) if header & 0x80 else b""
        return self._fragments(flags_of(header), first + data[start + 2 : end])

    def _stap(self, data: bytes | bytearray | memoryview, position: int, end: int) -> None:
        while position + 2 <= end:
            size = data[position] << 8 | data[position + 1]
            position += 2
            if size == 0:
                continue  # an empty entry, or zeros behind the last one
            if position + size > end:
                return self._spoil()
            if not self._grow(size):
                return None
            self._nal(bytes(data[position : position + size]))
            position += size
        return self._spoil() if position != end and data[position] else None

    def _nal(self, nal: bytes) -> None:
        kind = nal[0] & 0x1F
        if 1 <= kind <= LAST_PICTURE_TYPE:
            joined = self._joined
            if joined or (joined is None and kind == IDR):
                self._joined = joined or START_CODE in nal
                if START_CODE in nal:
                    for part in split_start_codes(nal):
                        self._nal(part)
                    return
            # first_mb_in_slice is 0 exactly when the first bit after the header is 1.
            first = len(nal) > 1 and nal[1] & 0x80 != 0
            self._keep(nal, picture=True, first_slice=first or kind in PARTITIONS, key=kind == IDR)
            return
        if (SEI <= kind <= DELIMITER and START_CODE in nal) or nal.startswith(LEADING_START_CODE):
            self._joined = True
            for part in split_start_codes(nal):
                self._nal(part)
            return
        if kind == 0:
            return
        if kind in (SPS, PPS):
            self.sets.add(nal)
        self._keep(nal, picture=False, first_slice=False, key=False, suffix=kind in SUFFIXES)

    @staticmethod
    def _leads(nal: bytes) -> bool:
        return nal[0] & 0x1F in LEADING

    def _begins_picture(self, nal: bytes) -> bool:
        return nal[0] & 0x1F not in PARTITIONS and not self._h264_sets.fields
