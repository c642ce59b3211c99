"""Groups and absences on their way to the store and back: written, adopted after a crash, scanned, replayed (S3, S4).

Entry points: ``writer`` (one stream), ``segment_writer`` (one segment), ``adoption`` (what a crash left), ``scan``
(what a file holds), ``playback`` (where recorded time lies), ``reporting`` (what the keeper is owed).
"""
