"""One camera's connection: its bytes become messages, frames and access units; time passing becomes keepalives.

No I/O here: ``receive`` takes bytes, ``outgoing`` gives bytes, ``tick`` is told the time; what went wrong is raised as
an ``RtspError``. What is agreed with the camera is in ``conversation``, what to do about damage in ``resync``.
"""

from __future__ import annotations

from typing import Final

from recorder.access_unit import AccessUnit
from recorder.rtsp import message, resync
from recorder.rtsp.conversation import Conversation, State
from recorder.rtsp.errors import (
    CameraUnreachable,
    KeyFrameAwaited,
    ParameterSetsMissing,
    StreamDamaged,
    StreamStalled,
    dump,
)
from recorder.rtsp.rtp import RtpReceiver
from vms.clock import MICRO

REPLY_TIMEOUT_S: Final = 8.0
STALL_LIMIT_S: Final = 8.0
# How long a stream may go on after BYE before that is its end: cameras say it of a source that another replaces.
GOODBYE_PATIENCE_S: Final = 0.9
# More pictures than this in one read are counted, and refused past the limit: a minute's delay at 60 a second.
CROWD_UNITS: Final = 200
CROWD_LIMIT_UNITS: Final = 4000
KEY_LIMIT_S: Final = 30.0
# Pictures are followed to the channel that SETUP named once so many frames came there within so long.
PROMISED_LEAST_FRAMES: Final = 3
PROMISED_WITHIN_S: Final = 1.0
DOLLAR: Final = resync.DOLLAR
_LINE_ENDS: Final = resync.LINE_ENDS


class Session(Conversation):
    """One camera, one connection, one video track."""

    # Whether a picture that has begun may wait for the read that brings the rest: nobody looks at it meanwhile.
    patient = False

    def units(self) -> list[AccessUnit]:
        """Access units finished since the last call."""
        return self._depacketizer.take() if self._depacketizer is not None else []

    def finish(self) -> list[AccessUnit]:
        """Nothing more comes: the access units among what was held back, for a packet that is missing or in doubt."""
        if self.receiver is not None:
            self.receiver.finish()
        return self.units()

    def receive(self, data: bytes | bytearray | memoryview, received_us: int) -> int:
        """Take what has arrived; returns how many bytes were used up: the rest comes again with what follows."""
        self._now_us = received_us
        receiver = self.receiver
        video = self._video_channel
        position, end = self._body.skipped(len(data)), len(data)
        while position < end:
            if data[position] == DOLLAR:
                if end - position < 4:
                    break
                stop = position + 4 + (data[position + 2] << 8 | data[position + 3])
                if stop > end and (receiver is None or end - position < resync.PATIENCE_BYTES):
                    break
                if receiver is not None and (stop > end or (stop < end and data[stop] != DOLLAR)):
                    onward = self._uneven(data, position, stop, end)
                    if onward >= 0:
                        position = onward
                        continue
                if stop > end:
                    break
                channel = data[position + 1]
                if channel == video and receiver is not None:
                    onward = receiver.frames(data, position, end, channel, received_us, patient=self.patient)
                    if onward == position:
                        break
                    position = onward
                    continue
                self._other_frame(data, position, stop, receiver)
                video = self._video_channel
                position = stop
            elif data[position] in _LINE_ENDS and not self._body.open:
                position += 1
            else:
                used = self._words(data, position, end)
                if used == 0:
                    break
                receiver, video = self.receiver, self._video_channel
                position += used
        self._after_reading(received_us)
        return position

    def _after_reading(self, received_us: int) -> None:
        if self._body.open and self._body.measured:
            self._described(*self._body.take())
        depacketizer = self._depacketizer
        if depacketizer is not None and depacketizer.ready:
            self._last_unit_us = received_us
            self._dropped_at_last_unit = depacketizer.dropped_units
            self._garbage_bytes = 0
            if self.state is State.DESCRIBED and self._asks("PLAY"):  # pictures are as good an answer as any
                self._plays()
            if len(depacketizer.ready) > CROWD_UNITS:
                self._crowded(depacketizer.ready, received_us)

    def _crowded(self, ready: list[AccessUnit], now_us: int) -> None:
        """Far more pictures in one read than a camera takes: they must fill neither memory nor time to come."""
        if now_us - self._crowd_us > MICRO:
            self._crowd_us, self._crowd_units = now_us, 0
        left = CROWD_LIMIT_UNITS - self._crowd_units
        self._crowd_units += len(ready)
        if len(ready) > left and self.options.live:
            del ready[left:]
            raise StreamDamaged(f"Plus de {CROWD_LIMIT_UNITS} images par seconde.", where=self.where)

    def _uneven(self, data: bytes | bytearray | memoryview, position: int, stop: int, end: int) -> int:
        """For a frame that is not whole, or not followed by another: where to go on instead; -1 to treat it as usual.

        A frame head that was damaged may claim bytes that are other frames.
        """
        if stop <= end:
            return resync.instead_of_frame(data, position, stop, end, self._marks())
        return resync.find_start(data, position + resync.FRAME_BYTES, end, self._marks())

    def _marks(self) -> resync.Marks:
        receiver = self.receiver
        payload_type, ssrc = (receiver.payload_type, receiver.ssrc) if receiver is not None else (-1, None)
        return resync.Marks(self._video_channel, self._control_channel, payload_type, ssrc)

    def _other_frame(
        self, data: bytes | bytearray | memoryview, position: int, stop: int, receiver: RtpReceiver | None
    ) -> None:
        """A frame that is not on the channel of pictures: a report, pictures after all, or nothing of ours."""
        channel = data[position + 1]
        control = channel == self._control_channel
        if receiver is None or self._video_channel < 0:
            self.stray_frames += 1
        elif (control or not receiver.packets) and self._marks().is_rtp(data, position + 4, stop):
            if control:
                self._control_channel = self._video_channel
            self._video_channel = channel
            receiver.packet(data, position + 4, stop, self._now_us)
        elif self._is_promised(channel, data, position + 4, stop):
            self._hear_promised(bytes(data[position + 4 : stop]), receiver)
        elif control:
            self._control(bytes(data[position + 4 : stop]), receiver)
        else:
            self.stray_frames += 1

    def _is_promised(self, channel: int, data: bytes | bytearray | memoryview, start: int, stop: int) -> bool:
        """Whether a picture comes where SETUP said, after others were taken for ours: a track that nobody set up."""
        if channel != self._promised_channel or channel == self._control_channel:
            return False
        marks = self._marks()
        return resync.Marks(channel, marks.control, marks.payload_type, None).is_rtp(data, start, stop)

    def _hear_promised(self, packet: bytes, receiver: RtpReceiver) -> None:
        """Go on where pictures were promised, from the first of several: one alone is a stray."""
        if self._now_us - self._promised_us > PROMISED_WITHIN_S * MICRO:
            self.stray_frames += len(self._promised)
            self._promised, self._promised_us = [], self._now_us
        self._promised.append(packet)
        if len(self._promised) >= PROMISED_LEAST_FRAMES:
            packets, self._promised, self._video_channel = self._promised, [], self._promised_channel
            for one in packets:
                receiver.packet(one, 0, len(one), self._now_us)

    def _words(self, data: bytes | bytearray | memoryview, position: int, end: int) -> int:
        """What is neither a frame nor a line end: a message, the rest of a body, or damage. Bytes used up."""
        limit = min(end, position + message.HEAD_LIMIT_BYTES + message.BODY_LIMIT_BYTES + 4)
        head = min(limit, position + message.HEAD_LIMIT_BYTES + 4)
        if self._body.open and not resync.begins_message(data, position, end):
            self._body.add(bytes(data[position:limit]), self._now_us)
            return limit - position
        if self._body.open:
            self._described(*self._body.take())
        if self.receiver is not None and not resync.begins_message(data, position, end):
            return self._garbage(data, position, end)
        view = bytes(data[position:head])
        # Servers of two threads write pictures into an answer, and some forget its blank line.
        frame = resync.find_frame(view, 1, self._marks()) if self.receiver is not None else -1
        parsed = message.parse(view if frame < 0 else view[:frame], self.where)
        if parsed is None and frame > 0:
            whole = message.torn(view[:frame], self.where)
            if whole is not None:
                self._message(whole)
            return frame
        if parsed is None and head < limit:
            parsed = message.parse(bytes(data[position:limit]), self.where)
        if parsed is None:
            if self.state is not State.PLAYING:
                self._body.unfinished(bytes(data[position:limit]), self._now_us)
            return 0
        self._message(parsed[0])
        return parsed[1]

    def _garbage(self, data: bytes | bytearray | memoryview, position: int, end: int) -> int:
        """Pass over bytes that belong to nothing, up to where frames certainly go on."""
        onward = resync.find_start(data, position, end, self._marks())
        used = (onward if onward >= 0 else max(position + 1, end - resync.TAIL_BYTES)) - position
        self._garbage_bytes += used
        if self._garbage_bytes > resync.GARBAGE_LIMIT_BYTES:
            raise StreamDamaged(
                f"Plus de {resync.GARBAGE_LIMIT_BYTES} octets qui ne sont ni du RTSP ni des images.",
                where=f"{self.where}, {dump(data[position:end])}",
            )
        return used

    def tick(self, now_us: int) -> None:
        """Let time pass: keepalives and reports become due, silence becomes an error (StreamStalled and others).

        Silence is judged by access units, never by bytes: reports keep a dead stream's connection busy.
        """
        self._now_us = now_us
        if self.state is not State.PLAYING:
            late = self._body.given_up(now_us, described=self.description is None and self._asks("DESCRIBE"))
            if late is not None:
                self._message(late)
            if self._body.complete(now_us):
                self._described(*self._body.take())
            oldest = min((item.sent_us for item in self._pending.values()), default=now_us)
            if now_us - oldest > REPLY_TIMEOUT_S * MICRO:
                raise CameraUnreachable(f"La caméra ne répond plus depuis {REPLY_TIMEOUT_S:g} s.", where=self.where)
            return
        self._judge_goodbye(now_us)
        if now_us - self._last_unit_us > STALL_LIMIT_S * MICRO:
            self._stalled()
        self._require_keys(now_us)
        method = self._keepalive.due(now_us)
        if method:
            self._request(method, self._aggregate)
        report = self.reports.due(now_us, self.receiver) if self.receiver is not None else b""
        if report and self._control_channel >= 0:
            self._out += bytes((DOLLAR, self._control_channel)) + len(report).to_bytes(2, "big") + report

    def resume(self, now_us: int) -> None:
        """Reading goes on after a pause of ours: the silence so far was not the camera's."""
        self._last_unit_us = now_us

    def _require_keys(self, now_us: int) -> None:
        """After a loss, pictures without a key picture for long are worth no more: a new connection begins with one.

        So it is with cameras that refresh their pictures bit by bit, and with parameter sets that became unreadable.
        """
        depacketizer = self._depacketizer
        if depacketizer is None or not depacketizer.awaits_key or not self.options.live:
            self._keyless = None
        elif self._keyless is None or self._keyless[0] != depacketizer.keys:
            self._keyless = (depacketizer.keys, now_us)
        elif now_us - self._keyless[1] > KEY_LIMIT_S * MICRO:
            if depacketizer.format_error is not None:
                raise ParameterSetsMissing(depacketizer.format_error.what, where=self.where)
            raise KeyFrameAwaited(f"Aucune image clé depuis {KEY_LIMIT_S:g} s, après une perte.", where=self.where)

    def _stalled(self) -> None:
        depacketizer = self._depacketizer
        if depacketizer is not None and depacketizer.dropped_units > self._dropped_at_last_unit:
            raise StreamDamaged(
                f"Aucune image entière depuis {STALL_LIMIT_S:g} s : les paquets sont abîmés.", where=self.where
            )
        raise StreamStalled(
            f"Connexion établie, mais aucune image depuis {STALL_LIMIT_S:g} s.",
            where=self.where,
            todo="Vérifiez la caméra ; la reprise est automatique.",
        )

    def _control(self, packet: bytes, receiver: RtpReceiver) -> None:
        if self.reports.received(packet, self._now_us, receiver) and self._goodbye_us is None:
            self._goodbye_us = self._now_us
            if not self.options.live:
                self._judge_goodbye(self._now_us + MICRO)

    def _judge_goodbye(self, now_us: int) -> None:
        """BYE is the end when no picture follows."""
        if self._goodbye_us is None:
            return
        if self._last_unit_us > self._goodbye_us:
            self._goodbye_us = None
        elif now_us - self._goodbye_us > GOODBYE_PATIENCE_S * MICRO:
            raise StreamStalled("La caméra annonce la fin du flux (RTCP BYE).", where=self.where)
