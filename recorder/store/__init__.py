"""Where sealed segments lie. One back end: a folder on a local disk (the object store comes with many machines)."""
