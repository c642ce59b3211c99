"""Cryptography of Guet: one suite per format version, nothing configurable (A-21, A-22, E-41)."""
