"""The storage invariants S1–S5 of one store and its index, checked without a key.

Entry points: ``fsck`` (the checks), ``tiling`` (S4 as a pure function), ``findings`` (how they are said).
"""
