"""What lies in the keeper's files: one SQLite file a commune, written by one thread; facts, their history, wrapped
hour keys.

Entry points: ``store.Store`` (transactions), ``records`` (facts as checked rows), ``history`` (former versions),
``hour_keys`` (kept, held, destroyed), ``segment_name``.
"""
