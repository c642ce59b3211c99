"""What a verification found: each check with its answer, and the verdict in words a court can use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from vms.printable import printable

Verdict = Literal["authentic", "intact, signer unknown", "damaged"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: its step, whether it holds, and what exactly was looked at or is wrong."""

    step: str
    ok: bool
    detail: str


@dataclass(slots=True)
class Report:
    """The checks in order. ``signer`` is the name in the signature, ``known`` whether its key was given to us."""

    package: str = ""
    checks: list[Check] = field(default_factory=list)
    signer: str = ""
    fingerprint: str = ""
    known: bool = False

    def add(self, step: str, ok: bool, detail: str) -> None:
        """Note one check."""
        self.checks.append(Check(step, ok, detail))

    @property
    def verdict(self) -> Verdict:
        """``damaged`` when any check fails or none was made; authentic only for a signer whose key we were given."""
        if not self.checks or any(not check.ok for check in self.checks):
            return "damaged"
        return "authentic" if self.known else "intact, signer unknown"

    @property
    def exit_code(self) -> int:
        """0 for an authentic package, else 1."""
        return 0 if self.verdict == "authentic" else 1

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data, for ``--json``."""
        return {
            "verdict": self.verdict,
            "package": self.package,
            "signer": self.signer,
            "fingerprint": self.fingerprint,
            "signer_known": self.known,
            "checks": [{"step": check.step, "ok": check.ok, "detail": check.detail} for check in self.checks],
        }

    def text(self) -> str:
        """The report for a person: one line a check, then the verdict and what to do."""
        # What a package says of itself must not be able to draw a verdict of its own.
        lines = [f"{'OK ' if check.ok else 'NON'}  {check.step} : {printable(check.detail)}" for check in self.checks]
        signer = printable(self.signer)
        lines.append(
            {
                "authentic": f"AUTHENTIQUE. Signé par {signer}, dont la clé est connue ici.",
                "intact, signer unknown": (
                    f"INTACT, SIGNATAIRE INCONNU. Signé par « {signer} », empreinte {self.fingerprint}. "
                    "Comparez cette empreinte à celle que la commune publie, ou donnez sa clé avec --signer."
                ),
                "damaged": "ALTÉRÉ. Ce paquet n’est pas celui qui a été remis ; redemandez-le à la commune.",
            }[self.verdict]
        )
        return "\n".join(lines) + "\n"
