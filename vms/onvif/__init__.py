"""ONVIF, from our side: finding devices, asking them what they are, setting them up. Cameras are hostile input."""
