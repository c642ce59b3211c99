"""The HTTP API, one file per theme, under /api/v1."""
