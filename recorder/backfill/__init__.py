"""Gaps filled from the camera's own card (ONVIF Profile G), on a chain of its own."""
