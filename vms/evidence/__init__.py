"""The evidence package: its manifest, its container, its sealing at rest, and its verification by anybody (E-31)."""
