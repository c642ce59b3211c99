"""What must not be seen: private zones, their raster and the software masker (P-10, P-11)."""
