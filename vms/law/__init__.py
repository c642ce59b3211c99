"""The law as data (``rulebook.toml``) and pure functions; imports nothing but the standard library and
pydantic.
"""
