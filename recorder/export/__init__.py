"""Extraction: from a decided request to a sealed evidence package."""
