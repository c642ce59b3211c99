"""The steps of one provisioning order, as pages show them and as a restarted provisioner finds them again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

from vms.clock import Clock
from vms.errors import GuetError

State = Literal["todo", "doing", "done", "note", "failed"]
Save = Callable[[dict[str, Any]], Awaitable[None]]


class Steps:
    """What an order has done so far; each change is saved before the work goes on.

    A step is ``{"name", "title", "state", "words", "rule", "todo", "at_us", "facts"}``; ``note`` is done with something
    a person should know. Steps are idempotent: after a crash they run again from the first and find most things done.
    """

    def __init__(self, plan: Sequence[tuple[str, str]], clock: Clock, save: Save, earlier: Mapping[str, Any]) -> None:
        self._clock = clock
        self._save = save
        known = {s.get("name"): s for s in earlier.get("steps", []) if isinstance(s, dict)}
        self._steps: Final[list[dict[str, Any]]] = [known.get(name) or _step(name, title) for name, title in plan]

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[dict[str, Any]]:
        """Run one step: the block fills ``words``, and ``rule`` and ``todo`` when the step ends with a note."""
        step = next(s for s in self._steps if s["name"] == name)
        step.update(state="doing", words="", rule="", todo="", at_us=self._clock.utc().us)
        await self._write()
        try:
            yield step
        except GuetError as error:
            step.update(state="failed", words=error.what, rule=error.rule, todo=error.todo, at_us=self._clock.utc().us)
            await self._write()
            raise
        step.update(state="note" if step["todo"] else "done", at_us=self._clock.utc().us)
        await self._write()

    async def _write(self) -> None:
        await self._save(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """The progress as the order's row holds it."""
        done = sum(s["state"] in ("done", "note") for s in self._steps)
        return {"steps": [dict(s) for s in self._steps], "done": done, "total": len(self._steps)}


def _step(name: str, title: str) -> dict[str, Any]:
    return {"name": name, "title": title, "state": "todo", "words": "", "rule": "", "todo": "", "at_us": 0, "facts": {}}
