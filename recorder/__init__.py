"""What cameras touch: streams in, groups of pictures sealed and stored, live fragments out. Knows nothing of people."""
