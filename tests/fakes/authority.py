"""An operator's certificate authority, as openssl makes one, and the machines it vouches for."""

from __future__ import annotations

import subprocess
from pathlib import Path

from vms.wire_tls import MachineIdentity


class Authority:
    """Signs machines' certificates, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=Guet essai", "-keyout", "ca.key", "-out", "ca.crt",
        )  # fmt: skip

    def machine(self, name: str, *, days: int = 30) -> MachineIdentity:
        """A certificate that bears ``name``."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{name}\nbasicConstraints=CA:FALSE\n")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", str(days),
            "-extfile", f"{name}.ext", "-out", f"{name}.crt",
        )  # fmt: skip
        return MachineIdentity(self.folder / f"{name}.crt", self.folder / f"{name}.key", self.folder / "ca.crt")

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)
