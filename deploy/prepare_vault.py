"""``python -m deploy.prepare_vault``: makes the camera vault's intake key, in a process of its own, before any order.

Pages can then seal a typed camera password to it; only provisioners read the private half (design §3).
"""

from __future__ import annotations

from deploy.process import harden
from vms.settings import Settings
from vms.vault.handover import Intake


def main() -> None:
    """Make the key if there is none yet."""
    harden()
    Intake(Settings().vault_dir)


if __name__ == "__main__":
    main()
