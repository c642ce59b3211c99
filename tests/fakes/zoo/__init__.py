"""Servers that are wrong or odd in the ways cameras have been reported to be, one scenario each."""
