"""Live pictures to viewers, on this machine and from others."""
