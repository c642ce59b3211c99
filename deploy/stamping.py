"""Has the journals' checkpoints time-stamped once a day by the authorities of ``VMS_TIMESTAMP_URL`` (RFC 3161, E-10).

Beside the witnesses' loop, and for its reasons: the keeper speaks to nobody outside (decision 0012). An authority gets
the hash of a checkpoint: the journal is dated by someone who knows nothing of it.
"""

from __future__ import annotations

from typing import Final

from recorder.export.timestamping import Authorities, stamp
from vms import logs
from vms.clock import Clock
from vms.errors import GuetError
from vms.keeper.clients.host import KeeperForHost

LOOK_S: Final = 3600.0
PAUSE_S: Final = 0.2  # between two requests, so that a thousand journals are no flood

log = logs.get("deploy.stamping")


class Stamping:
    """One loop; ``authorities`` is None where none is set."""

    def __init__(self, keeper: KeeperForHost, clock: Clock, authorities: Authorities | None) -> None:
        self._keeper, self._clock, self._authorities = keeper, clock, authorities

    async def run(self) -> None:
        """Go on until cancelled; a day without an authority is tried again an hour later."""
        if self._authorities is None:
            return
        while True:
            try:
                await self.round(self._authorities)
            except GuetError as error:
                log.warning("journaux non horodatés", why=str(error))
            await self._clock.sleep(LOOK_S)

    async def round(self, authorities: Authorities) -> int:
        """Stamp every checkpoint that is new since yesterday's stamp; how many. Unavailable when none answers."""
        after, count = "", 0
        while entries := await self._keeper.unstamped(after):
            for entry in entries:
                note = str(entry["note"])
                answer = await stamp(authorities, note.encode())
                await self._keeper.put_stamp(str(entry["commune"]), str(entry["log"]), note, answer)
                count += 1
                await self._clock.sleep(PAUSE_S)
            after = f"{entries[-1]['commune']}/{entries[-1]['log']}"
        return count
