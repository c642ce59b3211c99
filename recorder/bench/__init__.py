"""``vms bench record``: what recording costs, beside ffmpeg."""
