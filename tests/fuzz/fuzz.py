"""Coverage-guided fuzzing of one reader: ``python -m tests.fuzz.fuzz sdp FOLDER -max_total_time=1800``.

The kept corpus is laid out in FOLDER first; libFuzzer's options follow.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris

from tests.fuzz.corpora import unpack

# name → module of the target, its function, packages whose branches guide the search
TARGETS = {
    "rtsp": ("tests.fuzz.rtsp_target", "any_input", "recorder"),
    "rtp": ("tests.fuzz.targets", "rtp", "recorder"),
    "sets": ("tests.fuzz.targets", "parameter_sets", "recorder"),
    "sdp": ("tests.fuzz.targets", "description", "recorder"),
    "auth": ("tests.fuzz.targets", "challenge", "recorder"),
    "mp4": ("tests.fuzz.targets", "movie", "vms.evidence"),
    "fragment": ("tests.fuzz.targets", "round_trip", "recorder"),
    "discovery": ("tests.fuzz.onvif_target", "discovery_answer", "vms.onvif"),
    "soap": ("tests.fuzz.onvif_target", "soap_answer", "vms.onvif"),
}


def main() -> None:
    """Run until something is found or libFuzzer's options end it."""
    name = sys.argv.pop(1)
    unpack(name, Path(next(word for word in sys.argv[1:] if not word.startswith("-"))))
    module, function, package = TARGETS[name]
    with atheris.instrument_imports(include=[package, module]):
        target = getattr(importlib.import_module(module), function)
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
