"""Stand-ins for the outside world: what tests and the demo put where a real device or service would be."""
