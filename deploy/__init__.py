"""Composition root: the only room that builds objects and knows about processes."""
