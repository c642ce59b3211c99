"""``python -m tests.fakes.camera --config FILE.json``: run a farm until SIGTERM; the first line says where it is."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from pydantic import ValidationError

from tests.fakes.camera.config import FarmConfig
from tests.fakes.camera.farm import Farm


async def run(config: FarmConfig) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Farm(config) as farm:
        print(json.dumps(farm.describe()), flush=True)
        await stop.wait()


def main() -> int:
    """Exit 0 after a clean stop, 1 when an address or clip cannot be used, 2 for a bad configuration."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.camera", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        config = FarmConfig.model_validate_json(arguments.config.read_bytes())
    except (OSError, ValidationError) as error:
        print(f"{arguments.config}: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(run(config))
    except (OSError, ValueError) as error:
        print(f"the cameras cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
