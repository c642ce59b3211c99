"""Commands that act like a page would: through the API, as a signed-in person."""
