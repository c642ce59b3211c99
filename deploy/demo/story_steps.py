"""The steps of the demonstration's story as they are noted: ``story.json`` (design §10), whole or up to what failed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vms.errors import GuetError

STORY_FILE: Final = "story.json"


@dataclass(slots=True)
class Step:
    """One step: what it is called, whose act it is, what it found."""

    name: str
    role: str
    ok: bool = False
    detail: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The step as plain data."""
        return {"name": self.name, "role": self.role, "ok": self.ok, "detail": self.detail}


@dataclass(slots=True)
class Told:
    """The story so far, and where its proofs lie."""

    folder: Path
    steps: list[Step] = field(default_factory=list)
    proofs: dict[str, Path] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, role: str) -> Iterator[Step]:
        """Note a step; what goes wrong in it is raised again with its name (exit 1, whatever the error's own kind)."""
        step = Step(name, role)
        self.steps.append(step)
        try:
            yield step
            step.ok = True
        except (GuetError, OSError) as error:
            step.detail = str(error) or type(error).__name__
            what, todo = (error.what, error.todo) if isinstance(error, GuetError) else (step.detail, "")
            rule = error.rule if isinstance(error, GuetError) else ""
            raise GuetError(f"L’étape « {name} » ({role}) a échoué : {what}", todo=todo, rule=rule) from error
        except BaseException as error:
            step.detail = type(error).__name__
            raise

    def write(self) -> None:
        """Write ``story.json``; paths are relative to the folder."""
        told: dict[str, Any] = {"steps": [step.to_dict() for step in self.steps]}
        told |= {name: os.path.relpath(path, self.folder) for name, path in self.proofs.items()}
        (self.folder / STORY_FILE).write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def expect(holds: bool, what: str, *, where: str = "") -> None:
    """Raise what is not as the story says; nothing when it holds."""
    if not holds:
        raise GuetError(what, where=where, todo="Voyez le journal des processus ci-dessus.")
