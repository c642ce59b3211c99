"""Which ``take_run`` this process uses: the compiled one when it has been built, else its pure-Python twin."""

from __future__ import annotations

import os

from recorder.rtsp import fragments
from vms import logs

# Set to measure, or to run with, the pure-Python twin although the compiled one is there.
PURE_VARIABLE = "VMS_PURE_PYTHON"

log = logs.get("recorder.rtsp")

take_run = fragments.take_run
compiled = False
if not os.environ.get(PURE_VARIABLE):
    try:
        from recorder.rtsp._fragments import take_run as _compiled_take_run
    except ImportError:
        pass
    else:
        take_run = _compiled_take_run
        compiled = True


def say_which() -> None:
    """One line in the log of a recorder that runs without the compiled part."""
    if not compiled:
        log.warning(
            "partie compilée absente",
            effect="les paquets sont traités en Python pur, plus lentement",
            todo="Installez un compilateur C, puis « make ready ».",
        )
