"""What the vault knows of one camera: its accounts by role, and passwords on their way in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from vms.errors import Damaged
from vms.onvif.soap import Credential

ADMINISTRATOR: Final = "administrator"
OPERATOR: Final = "operator"
USER: Final = "user"
ROLES: Final = (ADMINISTRATOR, OPERATOR, USER)


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """One account; ``pending`` is a password written here before the camera was told, so that none is ever lost."""

    username: str
    password: str = field(repr=False)
    pending: str = field(default="", repr=False)

    def credentials(self) -> list[Credential]:
        """What may open the camera now: the password it has, and the one it may already have been given."""
        both = [self.pending, self.password] if self.pending else [self.password]
        return [Credential(self.username, password) for password in both]


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """One camera's accounts; a stream without ONVIF has one, in the role ``user``.

    ``established`` is set once the camera was seen to accept all three; ``locked`` holds accounts that the camera
    never lets go, under passwords of ours; ``certificate`` is the SHA-256 of the one it showed at enrolment (A-01).
    """

    camera: str
    endpoint_reference: str = ""
    accounts: Mapping[str, StoredAccount] = field(default_factory=dict)
    locked: Mapping[str, StoredAccount] = field(default_factory=dict)
    established: bool = False
    certificate: str = ""

    def account(self, role: str) -> StoredAccount:
        """The account of a role; Damaged when the entry has none."""
        if role not in self.accounts:
            raise Damaged(f"Le coffre n’a pas de compte « {role} » pour cette caméra.", where=self.camera)
        return self.accounts[role]

    def with_account(self, role: str, account: StoredAccount) -> VaultEntry:
        """This entry with one role's account replaced."""
        return replace(self, accounts={**self.accounts, role: account})

    def with_locked(self, account: StoredAccount) -> VaultEntry:
        """This entry with one more account that the camera keeps."""
        return replace(self, locked={**self.locked, account.username: account})

    def to_json(self) -> bytes:
        """The entry as it is sealed."""
        return json.dumps(
            {
                "camera": self.camera,
                "endpoint_reference": self.endpoint_reference,
                "accounts": {role: _plain(a) for role, a in self.accounts.items()},
                "locked": {name: _plain(a) for name, a in self.locked.items()},
                "established": self.established,
                "certificate": self.certificate,
            },
            sort_keys=True,
        ).encode()

    @classmethod
    def from_json(cls, data: bytes) -> VaultEntry:
        """The entry that ``to_json`` wrote; Damaged when it is not one."""
        try:
            plain: dict[str, Any] = json.loads(data)
            return cls(
                camera=plain["camera"],
                endpoint_reference=plain["endpoint_reference"],
                accounts={role: StoredAccount(**a) for role, a in plain["accounts"].items()},
                locked={name: StoredAccount(**a) for name, a in plain["locked"].items()},
                established=plain["established"],
                certificate=plain.get("certificate", ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Damaged("Une fiche du coffre des caméras est illisible.") from error


def _plain(account: StoredAccount) -> dict[str, str]:
    return {"username": account.username, "password": account.password, "pending": account.pending}
