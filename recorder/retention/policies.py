"""Which footage must go and which must stay: the keeper's days and holds, as a recorder's host last heard them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from recorder.retention.erasure import Mode
from recorder.store.disk import write_atomic
from recorder.store.local import LocalStore
from vms.clock import HOUR_US
from vms.errors import Damaged
from vms.keeper.protocol import CameraRetention
from vms.law.retention import MAX_DAYS, MIN_DAYS, due, held
from vms.model import Segment

DAY_US: Final = 24 * HOUR_US


class Policies:
    """The last policy heard of each commune, kept in a file: retention goes on while the keeper is away."""

    def __init__(self, store: LocalStore, memo: Path) -> None:
        self._store, self._memo = store, memo
        self._communes: dict[str, dict[str, CameraRetention]] = {}
        try:
            data = json.loads(memo.read_bytes()) if memo.exists() else {}
            for commune, cameras in data.items():
                self._set(commune, [CameraRetention.model_validate(one) for one in cameras])
        except (ValueError, ValidationError, AttributeError, TypeError) as error:
            raise Damaged(
                "La copie des durées et des retenues est illisible.",
                where=memo.name,
                todo="Supprimez ce fichier : il est refait dès que le gardien répond.",
            ) from error

    def _set(self, commune: str, cameras: Iterable[CameraRetention]) -> None:
        self._communes[commune] = {one.camera: one for one in cameras}

    def learn(self, commune: str, cameras: Sequence[CameraRetention]) -> None:
        """Keep what the keeper says, durable on return. Blocks."""
        if self._communes.get(commune) == {one.camera: one for one in cameras}:
            return
        self._set(commune, cameras)
        data = {name: [one.model_dump(mode="json") for one in known.values()] for name, known in self._communes.items()}
        write_atomic(self._store.disk, self._memo, json.dumps(data).encode("utf-8"))

    def heard(self) -> bool:
        """Whether any commune's policy is known."""
        return bool(self._communes)

    def of_camera(self, camera: str) -> CameraRetention | None:
        """A camera's policy wherever it is named; None when no commune names it."""
        return next((known[camera] for known in self._communes.values() if camera in known), None)

    def mode_of(self, now_us: int, row: Segment) -> Mode:
        """Why a marked segment goes: it is due, or it went early."""
        return "due" if term(self.of(row.commune_id, row.camera_id), row.start_us) <= now_us else "early"

    def of(self, commune: str, camera: str) -> CameraRetention | None:
        """A camera's policy; a month without holds for a camera its commune no longer names; None when unheard of."""
        known = self._communes.get(commune)
        if known is None:
            return None
        return known.get(camera) or CameraRetention(camera=camera, max_days=MAX_DAYS)


def spans(policy: CameraRetention, now_us: int) -> list[tuple[int, int]]:
    """The ranges that holds keep now (P-32, P-34: a provisional hold ends by itself)."""
    return [(one.from_us, one.to_us) for one in policy.holds if one.until_us is None or now_us < one.until_us]


def term(policy: CameraRetention | None, start_us: int) -> int:
    """When what starts then is due, UTC µs; the law's month is the most that any policy can give (P-31)."""
    days = MAX_DAYS if policy is None else min(max(policy.max_days, MIN_DAYS), MAX_DAYS)
    return due(start_us, days)


def is_due(policy: CameraRetention, start_us: int, end_us: int, now_us: int) -> bool:
    """Whether what covers [start, end) must go: its first instant is due and no hold touches it."""
    return term(policy, start_us) <= now_us and not held(start_us, end_us, spans(policy, now_us))


def may_go_early(policy: CameraRetention, start_us: int, end_us: int, now_us: int) -> bool:
    """Whether it may go before it is due, for want of room: neither held nor within the order's minimum (P-35)."""
    young = policy.min_days is not None and now_us < end_us + policy.min_days * DAY_US
    return not young and not held(start_us, end_us, spans(policy, now_us))
