"""From NAL units to access units: where one picture ends and the next begins, and which ones are whole.

A unit ends at the marker bit or when the time stamp changes. Cameras that set the marker on every slice are found out
by the first slice that goes on a picture already ended; from then on only time stamps count for them. Where neither
time nor marker parts two pictures, the first slice of the second one does. So that no torn picture is handed on but the
one by which such a camera is found out, a wary assembler lets a marked unit wait for what follows when it is the first
of its kind, or has fewer slices than others of its kind lately, and one that only a new time ends for the slice that
follows. A unit with a hole in it is dropped, never handed on in part, and the next one says ``lost_before``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final, Protocol

from recorder.access_unit import AccessUnit, StreamFormat
from recorder.rtsp.errors import ParameterSetsMissing
from recorder.rtsp.fragments import ENDS, MARKED, START_CODE, STARTS, Place

UNIT_LIMIT_BYTES: Final = 8 * 1024 * 1024
# As many as a picture of the largest size has in slices of one packet each.
NALS_LIMIT_COUNT: Final = 8192
# Packets of kinds that the RFCs reserve before they are taken for a maker's own data, and not for damage.
RESERVED_DOUBTED_COUNT: Final = 3


class Sets(Protocol):
    """Parameter sets of one codec."""

    def add(self, nal: bytes) -> None:
        """Take a parameter set."""
        ...

    def format(self) -> StreamFormat:
        """The format they make."""
        ...


class UnitAssembler(ABC):
    """What the depacketisers of both codecs share. They add NAL units; finished access units wait in ``ready``."""

    fragmentation: ClassVar[int]
    nal_header_bytes: ClassVar[int]

    def __init__(self, sets: Sets, *, wary: bool = False) -> None:
        """``wary``: units that a marker may have cut wait for the packet after it."""
        self.sets = sets
        self._wary = wary
        self.ready: list[AccessUnit] = []
        self.format_error: ParameterSetsMissing | None = None
        self.dropped_units = 0
        self.awaits_key = False  # something was lost, and no picture came since that a decoder could start at
        self.keys = 0
        self.markers_trusted = True
        self._marked = 0  # a unit in doubt: how many NAL units it had when its marker came
        self._slices = 0
        # The most slices that key units, and others, had in the group of pictures before this one or in this one.
        self._usual: dict[bool, int] = {}
        self._lately: dict[bool, int] = {}  # in this one alone
        self._withheld: AccessUnit | None = None  # ended by a new time alone, until a slice shows that this was its end
        self._confirmed = False  # a unit that was withheld has turned out to be whole
        self._jumbled = False  # a fragment began before the one at hand had ended
        self._reserved = 0
        self._time: int | None = None
        self._ended_time: int | None = None
        self._nals: list[bytes] = []
        self._fragment: bytearray | None = None
        self._size = 0
        self._key = False
        self._has_picture = False
        self._damaged = False
        self._lost = False
        self._key_opening: int | None = None
        # Whether slices with start codes between them come as one unit; None before the first key picture.
        self._joined: bool | None = None
        self._received_us = self._now_us = 0

    def take(self) -> list[AccessUnit]:
        """The access units finished since the last call."""
        ready = self.ready
        if ready:
            self.ready = []
        return ready

    def run(self, rtp_time: int, flags: int, body: bytes, received_us: int) -> None:
        """Take the fragments of one run (``fragments.take_run``): what taking them one by one would do."""
        self._now_us = received_us
        if rtp_time != self._time:
            self._begin(rtp_time)
        self._fragments(flags, body)
        if flags & MARKED:
            self._marker(received_us)

    @property
    def rests(self) -> bool:
        """Whether a picture has ended, nothing is at hand, lost or withheld since, and a marker ends pictures of one
        slice in this stream.
        """
        return (
            self._ended_time is not None
            and self.markers_trusted
            and (not self._wary or self._usual.get(False) == 1)
            and not (self._nals or self._lost or self._damaged or self._joined)
            and self._fragment is None
            and self._withheld is None
        )

    def pictures(self, data: bytes, places: list[Place], received_us: int) -> None:
        """Take plain pictures (``fragments.take_pictures``) while it ``rests``: what taking each as runs would do."""
        self._time = self._ended_time = places[-1][0]
        self._size = 0
        self._received_us = self._now_us = received_us
        self.ready += [AccessUnit(data, start, stop, time, False, received_us) for time, start, stop in places]

    def _fragments(self, flags: int, body: bytes) -> None:
        """Take what follows of a NAL unit; what STARTS one has its header in front."""
        fragment = self._fragment
        if flags & STARTS:
            if fragment is not None:
                self._damaged = self._jumbled = True
            self._fragment = None if flags & ENDS else bytearray(body)
            if self._grow(len(body) - self.nal_header_bytes) and flags & ENDS:
                self._nal(body)
        elif fragment is None:
            self._damaged = True
        elif self._grow(len(body)):
            fragment += body
            if flags & ENDS:
                self._fragment = None
                self._nal(bytes(fragment))

    @abstractmethod
    def _nal(self, nal: bytes) -> None:
        """Take a whole NAL unit."""

    @staticmethod
    @abstractmethod
    def _leads(nal: bytes) -> bool:
        """Whether a NAL unit comes before the picture that it belongs to: no slice, and nothing that ends one."""

    @abstractmethod
    def _begins_picture(self, nal: bytes) -> bool:
        """Whether a first slice begins another picture when one is at hand: not where it may be its second field."""

    def lost(self, *, before: bool = False) -> None:
        """Packets are missing here; ``before``: it is the unit at hand that lacks its beginning."""
        if not before:
            self._settle()
        if self._marked and not before:  # nothing will tell now, and others of its kind must not wait in vain
            self._usual.setdefault(self._key, self._slices)
            if self._key and not self._lost:
                self._key_opening = self._nals[0][0]
        self._lost = True
        self._fragment = None
        if self._nals or self._time != self._ended_time:
            self._damaged = True

    def finish(self) -> None:
        """Nothing more comes: what is in doubt is whole as far as the stream has shown, or goes."""
        if self._withheld is not None and self._confirmed:
            self._hand_on()
        self._withheld = None
        self._settle()

    def _settle(self) -> None:
        """What would have told of a marked picture in doubt does not come: with as many slices as any, it is whole."""
        if self._marked and self._slices >= max(self._usual.values(), default=NALS_LIMIT_COUNT):
            self._part()

    def _begin(self, rtp_time: int) -> None:
        """A payload with a new time stamp: end the unit at hand, if any, and start one.

        NAL units that came without a picture (parameter sets sent ahead) stay, and open the next unit.
        """
        if self._has_picture or self._fragment is not None or self._damaged:
            if self._fragment is not None:
                self._damaged = True
            if self._marked:
                self._part()
            else:
                self._finish()
            if self._wary and not self._lost:
                self._withheld = self.ready.pop()
        self._time, self._received_us = rtp_time, self._now_us

    def _reserved_kind(self) -> None:
        """A packet of a reserved kind: damage, or what a maker's cameras put between units (VStarcam)."""
        self._reserved += 1
        if self._reserved <= RESERVED_DOUBTED_COUNT or self._fragment is not None:
            self._spoil()

    def _spoil(self) -> None:
        """The unit at hand cannot become whole."""
        self._damaged = True
        self._fragment = None

    def _grow(self, count: int) -> bool:
        """Account for ``count`` more bytes; False when the unit would pass its limit."""
        self._size += count
        if self._size <= UNIT_LIMIT_BYTES:
            return True
        self._spoil()
        self._nals.clear()
        self._marked = 0
        return False

    def _keep(self, nal: bytes, *, picture: bool, first_slice: bool, key: bool, suffix: bool = False) -> None:
        """Add a whole NAL unit to the unit at hand; ``suffix``: one that can only follow a picture."""
        if self._marked and picture and first_slice:
            self._part()
        elif (self._marked and (picture or suffix)) or (
            suffix and not self._has_picture and self._time == self._ended_time
        ):
            self.markers_trusted, self._marked = False, 0
        if picture:
            if first_slice and self._has_picture and not self._jumbled and self._begins_picture(nal):
                self._part()
            self._slices += 1
            if not self._has_picture and not first_slice:
                self._damaged = True
                if self._withheld is not None and not self._lost:
                    # Nothing was lost, so the picture before was cut by a time of its own for each slice.
                    self._withheld = None
                    self._usual.clear()
                    self._lately.clear()
                    self.dropped_units += 1
                    self._lost = True
                elif self._time == self._ended_time and self.markers_trusted:
                    # This slice belongs to a picture that a marker had ended.
                    self.markers_trusted = False
                    self._lost = True
            self._hand_on(shown=first_slice)
            self._has_picture, self._jumbled = True, False
            self._key = self._key or key
        if len(self._nals) >= NALS_LIMIT_COUNT:
            self._spoil()
        elif not self._damaged:
            self._nals.append(nal)

    def _part(self) -> None:
        """End the picture at hand, though time and marker do not say so: what came after its slices opens the next."""
        at = self._marked or len(self._nals)
        while not self._marked and at and self._leads(self._nals[at - 1]):
            at -= 1
        ahead = [] if self._damaged else self._nals[at:]  # what came before a hole may lack what came in it
        del self._nals[at:]
        self._finish()
        self._nals, self._size, self._received_us = ahead, sum(map(len, ahead)), self._now_us

    def _marker(self, received_us: int) -> None:
        """The marker bit: the picture ends, once there is one. Some cameras mark parameter sets too."""
        self._received_us = received_us
        if self._fragment is not None and not self._damaged:  # in the middle of a NAL unit: it says nothing
            self.markers_trusted, self._marked = False, 0
        elif self.markers_trusted and (self._has_picture or self._damaged):
            if self._wary and not self._damaged and self._slices < self._usual.get(self._key, NALS_LIMIT_COUNT):
                self._marked = len(self._nals)
            else:
                self._finish()

    def _hand_on(self, *, shown: bool = False) -> None:
        """Let go of what was withheld; ``shown``: the first slice of the next picture shows that it was whole."""
        if self._withheld is None:
            return
        if shown or self._confirmed:
            self.ready.append(self._withheld)
            self._confirmed = True
        else:
            self.dropped_units += 1
            self._lost = True
        self._withheld = None

    def _finish(self) -> None:
        self._hand_on()
        whole = self._has_picture and not self._damaged and not self._beheaded()
        fmt = None
        if self._lost or not whole:
            self.awaits_key = True
        if whole:
            if self._key:
                self._usual |= self._lately
                self._lately = {}
            for most in (self._usual, self._lately):
                most[self._key] = max(self._slices, most.get(self._key, 0))
            if self._key:
                fmt = self._format()
                self.awaits_key = fmt is None
                if fmt is not None:
                    self.keys, self.format_error = self.keys + 1, None
                if not self._lost:
                    self._key_opening = self._nals[0][0]
            self.ready.append(AccessUnit.of(self._nals, self._time or 0, self._key, self._received_us, fmt, self._lost))
        elif self._has_picture or self._damaged:
            self.dropped_units += 1
        self._lost = not whole and (self._lost or self._has_picture or self._damaged)
        self._ended_time = self._time
        self._nals = []
        self._fragment = None
        self._size = 0
        self._key = self._has_picture = self._damaged = self._jumbled = False
        self._marked = self._slices = 0

    def _beheaded(self) -> bool:
        """Whether a key unit after a loss lacks what key units of this stream open with (delimiter, parameter sets)."""
        opening = self._key_opening
        return self._lost and self._key and opening is not None and self._nals[0][0] != opening

    def _format(self) -> StreamFormat | None:
        try:
            return self.sets.format()
        except ParameterSetsMissing as error:
            self.format_error = error
            return None


def split_start_codes(nal: bytes) -> list[bytes]:
    """The NAL units in a payload where a camera left start codes; a valid unit never holds one, so this is safe."""
    if START_CODE not in nal:
        return [nal]
    return [part for part in (piece.rstrip(b"\0") for piece in nal.split(START_CODE)) if part]
