"""What this process takes fragments with: the compiled functions when they have been built, else their Python twins."""

from __future__ import annotations

import os

from recorder.rtsp import fragments
from vms import logs

# Set to measure, or to run with, the pure-Python twin although the compiled one is there.
PURE_VARIABLE = "VMS_PURE_PYTHON"

log = logs.get("recorder.rtsp")

take_run, take_pictures = fragments.take_run, fragments.take_pictures
compiled = False
if not os.environ.get(PURE_VARIABLE):
    try:
        from recorder.rtsp import _fragments

        take_run, take_pictures = _fragments.take_run, _fragments.take_pictures
    except (ImportError, AttributeError):  # not built, or built from an older state of the code
        pass
    else:
        compiled = True


def say_which() -> None:
    """One line in the log of a recorder that runs without the compiled part."""
    if not compiled:
        log.warning(
            "partie compilée absente",
            effect="les paquets sont traités en Python pur, plus lentement",
            todo="Installez un compilateur C, puis « make ready ».",
        )
