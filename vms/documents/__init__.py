"""Documents drawn from the live state for the préfet, the CNIL, the commune and its archivist (P-29).

Start at ``kinds.py``: one pure function a kind, from ``sources.Sources`` to a ``document.Document``. What is not known
is said to be missing, in words; nothing is invented. The keeper gathers, checks who asks and journals
(``vms.keeper.handlers.documents``); ``render.py`` sets the PDF and the CSV from the very data that was journalled.
"""
