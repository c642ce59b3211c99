"""Use cases, one file each, with no framework in them."""
