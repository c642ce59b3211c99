"""The shared database: engine and transactions."""
