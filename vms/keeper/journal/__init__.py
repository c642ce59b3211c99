"""A commune's tamper-evident journal: an RFC 6962 log a quarter, its tiles and signed checkpoints (P-40, E-01…E-03).

Entry points: ``entry.Entry`` (what is written), ``log`` (append, read, prune), ``table`` (the log as rows for
people), ``review`` (questions for the auditor). Nothing here knows who may write or read.
"""
