"""The entry of each supervised process: ``python -m deploy.process keeper|recorder|web``."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import resource
import signal
from typing import Final

from vms import logs
from vms.settings import Settings

PR_SET_PDEATHSIG: Final = 1


def harden() -> None:
    """No core dumps: a picture or key in memory must never become a file (P-38). Die with the supervisor."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def main() -> None:
    """Run one process until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("process", choices=["keeper", "recorder", "web"])
    parser.add_argument("--index", type=int, default=0)
    arguments = parser.parse_args()
    settings = Settings()
    name = arguments.process if arguments.process != "recorder" else f"recorder-{arguments.index}"
    logs.configure(name)
    harden()
    if arguments.process == "keeper":
        from vms.keeper.service import serve as run_keeper

        asyncio.run(run_keeper(settings))
    elif arguments.process == "recorder":
        from recorder import heap
        from recorder.rtsp.native import say_which
        from recorder.service import run as run_recorder

        heap.settle()
        say_which()
        asyncio.run(run_recorder(settings, arguments.index))
    else:
        from deploy.web_process import run as run_web

        asyncio.run(run_web(settings))


if __name__ == "__main__":
    main()
