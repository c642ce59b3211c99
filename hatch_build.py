"""Hatch's hook: a wheel carries the compiled part when a compiler is there, an editable install finds it in place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Called by hatch before it collects a wheel's files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library below the project's root; ``version`` is ``standard`` or ``editable``."""
        sys.path.insert(0, self.root)
        from deploy.native_build import add_to_wheel

        add_to_wheel(build_data, Path(self.root))
