"""Coverage-guided fuzzing of the RTSP code; libFuzzer's options may follow, e.g. ``-max_total_time=600``."""

from __future__ import annotations

import sys

import atheris


def main() -> None:
    """Run until something is found or it is stopped."""
    with atheris.instrument_imports(include=["recorder", "tests.fuzz.rtsp_target"]):
        from tests.fuzz.rtsp_target import any_input
    atheris.Setup(sys.argv, any_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
