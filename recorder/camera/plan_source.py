"""The keeper's plan for the recorders: asked for every second, kept on disk in its signed form (design §3).

With the keeper away recording goes on by the last plan, each camera as long as that plan says (``record_until_us``).
The key that signs plans is trusted on first use and then pinned: another key is another keeper.
"""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Final, Protocol

from vms import logs
from vms.errors import Damaged, GuetError
from vms.keeper.gate.statement import open_plan
from vms.keeper.protocol import CameraPlan, Plan
from vms.vault.files import write_durably

PLAN_FILE: Final = "plan.signed"
PLAN_LIMIT_BYTES: Final = 16 * 1024 * 1024

log = logs.get("recorder.plan")


class PlanKeeper(Protocol):
    """What is asked of the keeper."""

    async def plan(self, known_version: str = "", trusted_key: bytes | None = None) -> tuple[Plan, str] | None:
        """The plan and its signed form, None when the known one still holds."""
        ...


class PlanSource:
    """The newest plan known."""

    def __init__(self, keeper: PlanKeeper, recorder_dir: Path) -> None:
        self._keeper = keeper
        self._path = recorder_dir / PLAN_FILE
        self._plan: Plan | None = None
        self.keeper_away = False

    @property
    def plan(self) -> Plan | None:
        """The plan in force; None before any keeper was ever reached."""
        return self._plan

    def by_camera(self) -> dict[str, CameraPlan]:
        """The plan's cameras by their id."""
        return {one.camera: one for one in self._plan.cameras} if self._plan is not None else {}

    @property
    def permit_key(self) -> bytes | None:
        """The raw Ed25519 key that permits must be signed with."""
        return base64.b64decode(self._plan.permit_key) if self._plan is not None else None

    def load(self) -> None:
        """Take the plan kept on disk, if its signature holds; a damaged one counts as none."""
        try:
            note = self._path.read_text(encoding="utf-8") if self._path.stat().st_size <= PLAN_LIMIT_BYTES else ""
            self._plan = open_plan(note, None)
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError, Damaged) as error:
            log.warning("plan gardé illisible", why=str(error))

    async def refresh(self) -> Plan | None:
        """Ask the keeper; the plan in force afterwards. A keeper that is away, or forged, changes nothing."""
        known = self._plan.version if self._plan is not None else ""
        try:
            answer = await self._keeper.plan(known, self.permit_key)
        except GuetError as error:
            if not self.keeper_away:
                log.warning("gardien absent, le dernier plan vaut", why=str(error))
            self.keeper_away = True
            return self._plan
        if self.keeper_away:
            log.info("gardien de retour")
        self.keeper_away = False
        if answer is not None:
            self._plan, note = answer
            await asyncio.to_thread(write_durably, self._path, note.encode(), mode=0o600)
        return self._plan
