"""Builds the compiled twin of a Python module: Cython to C, C to a shared library beside its source.

Run by the wheel's build (a hatch hook), by the editable install and by ``make ready``. Without a compiler nothing is
built, and the pure-Python module is used: slower, the same in all else (docs/decisions/0005).
"""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = Path("recorder/rtsp/_fragments.pyx")
FLAGS: Final = ("-O2", "-fPIC", "-shared", "-Wno-unreachable-code")


def target(root: Path = ROOT) -> Path:
    """Where the library for this Python lies once built."""
    return root / SOURCE.with_suffix(sysconfig.get_config_var("EXT_SUFFIX") or ".so")


def compiler() -> list[str] | None:
    """The C compiler to call; None when there is none, or Python's headers are missing."""
    configured = shlex.split(sysconfig.get_config_var("CC") or "")[:1]
    found = next((path for name in ("cc", "gcc", "clang", *configured) if (path := shutil.which(name))), None)
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    return [found] if found and headers.exists() else None


def build(root: Path = ROOT) -> Path | None:
    """Build the library below ``root``, replacing it in one step; None without a compiler or Cython.

    CalledProcessError when the sources do not compile: that is a mistake of ours, and not to be passed over.
    """
    command = compiler()
    if command is None or importlib.util.find_spec("Cython") is None:
        return None
    made = target(root)
    with tempfile.TemporaryDirectory(prefix="guet-native-") as folder:
        c_file, library = Path(folder) / "fragments.c", Path(folder) / made.name
        subprocess.run([sys.executable, "-m", "cython", str(root / SOURCE), "-o", str(c_file)], check=True)
        include = f"-I{sysconfig.get_path('include')}"
        subprocess.run([*command, *FLAGS, include, str(c_file), "-o", str(library)], check=True)
        draft = made.with_name(f".{made.name}.new")
        shutil.copyfile(library, draft)
        draft.replace(made)  # a process that has the old library open keeps it
    return made


def main() -> int:
    """Build in place; exit 0 also without a compiler, since nothing depends on it."""
    made = build()
    told = made.name if made else "Pas de compilateur C : la version en Python pur est utilisée, plus lente."
    print(told, file=sys.stderr)
    return 0


def add_to_wheel(build_data: dict[str, Any], root: Path) -> None:
    """Put the library into the wheel that hatch is making, which is then for this Python and this machine only."""
    made = build(root)
    if made is not None:
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].append(f"/{made.relative_to(root)}")


if __name__ == "__main__":
    sys.exit(main())
