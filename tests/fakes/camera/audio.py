"""The microphone's track: silence as G.711 µ-law, real RTP, for a client that should not have asked (P-06)."""

from __future__ import annotations

import asyncio
import itertools

from tests.fakes.camera.packetise import AUDIO_PAYLOAD_TYPE, run_of

PACKET_S = 0.02
SAMPLES_PER_PACKET = 160
SILENCE = b"\xff" * SAMPLES_PER_PACKET
AUDIO_SSRC = 0x5A5A0001


class SilenceTrack:
    """Sends a packet every 20 ms until stopped."""

    def __init__(self, transport: asyncio.Transport, channel: int) -> None:
        self.packets = 0
        self._transport = transport
        self._channel = channel
        self._task = asyncio.get_running_loop().create_task(self._send())

    def stop(self) -> None:
        """Send nothing any more."""
        self._task.cancel()

    async def _send(self) -> None:
        run = run_of([SILENCE], AUDIO_PAYLOAD_TYPE)
        for number in itertools.count():
            if self._transport.is_closing():
                return
            self._transport.write(run.stamped(self._channel, number, number * SAMPLES_PER_PACKET, AUDIO_SSRC))
            self.packets += 1
            await asyncio.sleep(PACKET_S)
