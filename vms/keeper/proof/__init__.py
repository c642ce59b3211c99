"""What proves the journal and the destructions to others, from files alone: audits, exports, certificates, witnesses.

Entry points: ``audit`` and ``log_source`` (verify a log), ``export`` (write one out), ``certificate`` and
``certificate_check`` (destruction of a day), ``witness_book`` (a witness's memory, E-04).
"""
