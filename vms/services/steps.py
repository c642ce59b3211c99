"""The steps of one provisioning order, as pages show them and as a restarted provisioner finds them again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

from vms.clock import Clock
from vms.errors import GuetError

State = Literal["todo", "running", "done", "warn", "failed"]
Save = Callable[[dict[str, Any]], Awaitable[None]]


class Steps:
    """What an order has done so far; each change is saved before the work goes on.

    A step is ``{"name", "words", "state", "detail", "rule", "todo", "at_us", "facts"}``: ``words`` name it, ``detail``
    is its result, and ``warn`` is done with something left for a person (``rule``, ``todo``). Steps are idempotent:
    after a crash they run again from the first and find most things done.
    """

    def __init__(self, plan: Sequence[tuple[str, str]], clock: Clock, save: Save, earlier: Mapping[str, Any]) -> None:
        self._clock = clock
        self._save = save
        known = {s.get("name"): s for s in earlier.get("steps", []) if isinstance(s, dict)}
        self._steps: Final[list[dict[str, Any]]] = [known.get(name) or _step(name, words) for name, words in plan]

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[dict[str, Any]]:
        """Run one step: the block fills ``detail``, and ``rule`` and ``todo`` when something is left for a person."""
        step = next(s for s in self._steps if s["name"] == name)
        step.update(state="running", detail="", rule="", todo="", at_us=self._clock.utc().us)
        await self._write()
        try:
            yield step
        except GuetError as error:
            step.update(state="failed", detail=error.what, rule=error.rule, todo=error.todo)
            await self._write()
            raise
        step.update(state="warn" if step["todo"] else "done", at_us=self._clock.utc().us)
        await self._write()

    async def _write(self) -> None:
        await self._save(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """The progress as the order's row holds it."""
        done = sum(s["state"] in ("done", "warn") for s in self._steps)
        return {"steps": [dict(s) for s in self._steps], "done": done, "total": len(self._steps)}


def _step(name: str, words: str) -> dict[str, Any]:
    return {
        "name": name,
        "words": words,
        "state": "todo",
        "detail": "",
        "rule": "",
        "todo": "",
        "at_us": 0,
        "facts": {},
    }
