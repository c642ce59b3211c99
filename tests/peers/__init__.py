"""Peers written by others, run as processes of their own: what tells our virtual camera from the world."""
