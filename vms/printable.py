"""Text that others wrote, made safe to print: nothing in it can make a terminal show something else."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """The text with each control, direction or unassigned character written out, such as ``\\u202e``."""
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else _written_out(c) for c in text)


def _written_out(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else char.encode("ascii", "backslashreplace").decode()
