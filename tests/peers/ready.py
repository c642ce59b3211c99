"""Fetches the peers that others wrote, into the checkout's own cache, while the caller's network settings still hold.

The tests themselves run without them (``tests/environment.py``), and find the peers there.
"""

from __future__ import annotations

from tests.environment import REPOSITORY
from tests.peers.ipycam_env import ipycam_python
from tests.peers.oidc_provider import installed

if __name__ == "__main__":
    kept = REPOSITORY / ".cache" / "guet" / "peers"
    ipycam_python(kept)
    installed(kept)
