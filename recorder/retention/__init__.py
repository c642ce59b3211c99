"""What is due goes, what is held stays, and the room that is left (P-30…P-38)."""
