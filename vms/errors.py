"""Every error that Guet raises on purpose, as one tree.

GuetError
├── BadInput          what a person, camera or file sent cannot be used          400
├── Unauthenticated   nobody, or nobody any more, is signed in                   401
│   └── SecondFactorNeeded  the password is right, its second factor is missing  401
├── Refused           a rule forbids it; ``rule`` names the rule                 403
│   └── StepUpNeeded  the act asks for the password again                        403
├── NotFound          no such thing, or none that this person may know of        404
├── Conflict          it changed meanwhile, or exists already                    409
├── LimitExceeded     a bound on size or number was reached                       413
│   └── TooManyRequests  too often, or too many at once: later it works           429
├── Damaged           an integrity check failed: checksum, link, signature       422
└── Unavailable       a peer, disk or key is away; the same call may work later  503

An error says *what* happened, *where* (camera, segment, peer address) and what *todo* next, in sentences
a person can act on, and travels between processes without losing any of it (``to_dict``/``from_dict``).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

RETRY_DIGITS_LIMIT: Final = 9


class GuetError(Exception):
    """An error with a cause, a place and a next step; ``rule`` is a law id such as ``P-62`` when a rule decided."""

    kind: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, what: str, *, where: str = "", todo: str = "", rule: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo
        self.rule = rule

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        rule = f" [{self.rule}]" if self.rule else ""
        todo = f" {self.todo}" if self.todo else ""
        return f"{self.what}{place}{rule}{todo}"

    def to_dict(self) -> dict[str, str]:
        """The error as plain data, for another process or for a page."""
        told = {"kind": self.kind, "what": self.what, "where": self.where, "todo": self.todo, "rule": self.rule}
        return told | self.more()

    def more(self) -> dict[str, str]:
        """What one kind of error carries beside the words of every error."""
        return {}

    def take_more(self, data: dict[str, Any]) -> None:
        """Take back what ``more`` told."""

    @staticmethod
    def from_dict(data: dict[str, Any]) -> GuetError:
        """The error that ``to_dict`` described; an unknown kind becomes a plain GuetError."""
        cls = KINDS.get(str(data.get("kind")), GuetError)
        error = cls(
            str(data.get("what", "")),
            where=str(data.get("where", "")),
            todo=str(data.get("todo", "")),
            rule=str(data.get("rule", "")),
        )
        error.take_more(data)
        return error


class BadInput(GuetError):
    """What was sent cannot be used; nothing changed."""

    kind = "bad-input"
    status = 400


class Unauthenticated(GuetError):
    """No valid session."""

    kind = "unauthenticated"
    status = 401


class SecondFactorNeeded(Unauthenticated):
    """The password is right; the account wants a code as well."""

    kind = "second-factor-needed"

    def __init__(
        self,
        what: str = "Ce compte demande aussi un code.",
        *,
        where: str = "",
        todo: str = "Donnez le code de votre application, ou un code de secours.",
        rule: str = "",
    ) -> None:
        super().__init__(what, where=where, todo=todo, rule=rule)


class Refused(GuetError):
    """A rule forbids the act; ``rule`` is never empty."""

    kind = "refused"
    status = 403

    def __init__(self, what: str, *, where: str = "", todo: str = "", rule: str) -> None:
        super().__init__(what, where=where, todo=todo, rule=rule)


class StepUpNeeded(Refused):
    """The act is allowed once the person has given the password again."""

    kind = "step-up-needed"

    def __init__(
        self,
        what: str = "Cet acte demande de confirmer votre mot de passe.",
        *,
        where: str = "",
        todo: str = "Saisissez votre mot de passe, puis recommencez.",
        rule: str = "A-05",
    ) -> None:
        super().__init__(what, where=where, todo=todo, rule=rule)


class NotFound(GuetError):
    """There is no such thing here, or none this person may know of."""

    kind = "not-found"
    status = 404


class Conflict(GuetError):
    """The thing exists already or has changed since it was read."""

    kind = "conflict"
    status = 409


class LimitExceeded(GuetError):
    """A bound on size, number or length of time was reached; the same call will never do."""

    kind = "limit-exceeded"
    status = 413


class TooManyRequests(LimitExceeded):
    """Too often, or too many at once; the same call may be made again after ``retry_after_s`` (RFC 6585 §4)."""

    kind = "too-many-requests"
    status = 429

    def __init__(self, what: str, *, where: str = "", todo: str = "", rule: str = "", retry_after_s: int = 0) -> None:
        super().__init__(what, where=where, todo=todo, rule=rule)
        self.retry_after_s = retry_after_s

    def more(self) -> dict[str, str]:
        """The wait, when it is known."""
        return {"retry_after_s": str(self.retry_after_s)} if self.retry_after_s > 0 else {}

    def take_more(self, data: dict[str, Any]) -> None:
        """The wait as the other process told it; none when it told none that can be read."""
        told = str(data.get("retry_after_s", ""))[:RETRY_DIGITS_LIMIT]
        self.retry_after_s = int(told) if told.isascii() and told.isdecimal() else 0


class Damaged(GuetError):
    """An integrity check failed; the bytes are not what was written or signed."""

    kind = "damaged"
    status = 422


class Unavailable(GuetError):
    """A peer, disk or key is away; the same call may work later."""

    kind = "unavailable"
    status = 503


KINDS: dict[str, type[GuetError]] = {
    cls.kind: cls
    for cls in (
        BadInput, Unauthenticated, SecondFactorNeeded, Refused, StepUpNeeded, NotFound, Conflict, LimitExceeded,
        TooManyRequests, Damaged, Unavailable,
    )
}  # fmt: skip
