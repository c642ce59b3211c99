"""Coverage-guided fuzzing of the segment reader: ``python -m tests.fuzz.fuzz_segment -max_total_time=600``.

Checksums stop most mutations early, so the seeds are whole files and the mutator repairs checksums half of the time.
"""

from __future__ import annotations

import sys

import atheris
import xxhash


def repaired(data: bytes, max_size: int, seed: int) -> bytes:
    """A mutation whose header checksum, if it has a place for one, is right half of the time."""
    mutated = bytearray(atheris.Mutate(data, max_size))
    length = int.from_bytes(mutated[9:11], "big")
    if seed % 2 and 75 <= length <= len(mutated) - 1:
        mutated[1 + length - 16 : 1 + length] = xxhash.xxh3_128_digest(mutated[1 : 1 + length - 16])
    return bytes(mutated)


def main() -> None:
    """Run until something is found or it is stopped."""
    with atheris.instrument_imports(include=["recorder", "tests.fuzz.segment_target"]):
        from tests.fuzz.segment_target import any_input
    atheris.Setup(sys.argv, any_input, custom_mutator=repaired)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
