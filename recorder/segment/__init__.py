"""The segment format and what the index says of segments; no file is opened here.

Entry points: ``format`` (docs/formats/segment.md), ``rows`` and ``commits`` (the index), ``progress`` (how far an
open segment is durable).
"""
