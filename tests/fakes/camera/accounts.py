"""Accounts of a camera and what each level may do: ONVIF's default access policy (O-25)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from enum import Enum

from tests.fakes.camera.config import Level, UserConfig

MAX_USERS = 10
MAX_NAME_CHARS = 32
MAX_PASSWORD_CHARS = 64
MIN_PASSWORD_CHARS = 8


class Access(Enum):
    """Access classes of operations (ONVIF Core specification, default access policy)."""

    PRE_AUTH = "PRE_AUTH"
    READ_SYSTEM = "READ_SYSTEM"
    READ_SYSTEM_SENSITIVE = "READ_SYSTEM_SENSITIVE"
    READ_SYSTEM_SECRET = "READ_SYSTEM_SECRET"
    WRITE_SYSTEM = "WRITE_SYSTEM"
    UNRECOVERABLE = "UNRECOVERABLE"
    READ_MEDIA = "READ_MEDIA"
    ACTUATE = "ACTUATE"


_USER = frozenset({Access.PRE_AUTH, Access.READ_SYSTEM, Access.READ_MEDIA})
_OPERATOR = _USER | {Access.READ_SYSTEM_SENSITIVE, Access.ACTUATE}
ALLOWED: dict[Level, frozenset[Access]] = {
    "User": _USER,
    "Operator": _OPERATOR,
    "Administrator": frozenset(Access),
}
FACTORY_ALLOWED = frozenset(Access) - {Access.READ_MEDIA, Access.ACTUATE, Access.UNRECOVERABLE}
"""What the factory account may do until its password is changed: look at the device and set it up."""


class AccountError(Exception):
    """A change of accounts that the camera refuses; ``subcodes`` are the ONVIF fault codes."""

    def __init__(self, reason: str, *subcodes: str) -> None:
        super().__init__(reason)
        self.subcodes = subcodes


@dataclass(slots=True)
class Account:
    """One account; the password is needed in clear for digest authentication."""

    name: str
    password: str
    level: Level
    factory: bool = False


class Accounts:
    """The accounts of one camera."""

    def __init__(self, users: tuple[UserConfig, ...], factory: bool) -> None:
        self._accounts = {user.name: Account(user.name, user.password, user.level) for user in users}
        if factory and users:
            self._accounts[users[0].name].factory = True

    def all(self) -> list[Account]:
        """Every account."""
        return list(self._accounts.values())

    def get(self, name: str) -> Account | None:
        """The account with this name."""
        return self._accounts.get(name)

    def restore(self, accounts: list[Account]) -> None:
        """Be what a former life left, whatever the configuration says."""
        self._accounts = {account.name: account for account in accounts}

    def create(self, users: list[UserConfig]) -> None:
        """CreateUsers: all or none."""
        for user in users:
            if user.name in self._accounts:
                raise AccountError(f"user {user.name} exists", "ter:OperationProhibited", "ter:UsernameClash")
            if not user.name or len(user.name) > MAX_NAME_CHARS:
                raise AccountError("user name too long", "ter:OperationProhibited", "ter:UsernameTooLong")
            check_password(user.password, weak="ter:Password")
        if len(self._accounts) + len(users) > MAX_USERS:
            raise AccountError("too many users", "ter:Receiver", "ter:TooManyUsers")
        for user in users:
            self._accounts[user.name] = Account(user.name, user.password, user.level)

    def change(self, users: list[UserConfig], *, keep_password: frozenset[str] = frozenset()) -> None:
        """SetUser: new password and level; a name in ``keep_password`` keeps its password. All or none."""
        levels = {account.name: account.level for account in self._accounts.values()}
        for user in users:
            if user.name not in self._accounts:
                raise AccountError(f"no user {user.name}", "ter:InvalidArgVal", "ter:UsernameMissing")
            if user.name not in keep_password:
                check_password(user.password, weak="ter:PasswordTooWeak")
            levels[user.name] = user.level
        _need_administrator(levels)
        for user in users:
            account = self._accounts[user.name]
            account.level = user.level
            if user.name not in keep_password:
                account.password = user.password
                account.factory = False

    def delete(self, names: list[str]) -> None:
        """DeleteUsers: all or none; the last administrator stays."""
        for name in names:
            if name not in self._accounts:
                raise AccountError(f"no user {name}", "ter:InvalidArgVal", "ter:UsernameMissing")
        _need_administrator({a.name: a.level for a in self._accounts.values() if a.name not in names})
        for name in names:
            del self._accounts[name]

    def may(self, account: Account, access: Access) -> bool:
        """Whether the account may run an operation of this class."""
        if account.factory and access not in FACTORY_ALLOWED:
            return False
        return access in ALLOWED[account.level]

    def check_username_token(self, name: str, digest: str, nonce: str, created: str) -> Account | None:
        """The account that a WS-UsernameToken (OASIS UsernameToken Profile 1.0, PasswordDigest) proves."""
        account = self._accounts.get(name)
        if account is None:
            return None
        try:
            salt = base64.b64decode(nonce, validate=True)
        except ValueError:
            return None
        wanted = hashlib.sha1(salt + created.encode() + account.password.encode()).digest()
        return account if base64.b64encode(wanted).decode() == digest.strip() else None


def check_password(password: str, *, weak: str) -> None:
    """Refuse a password that is too short (fault code ``weak``) or too long."""
    if len(password) > MAX_PASSWORD_CHARS:
        raise AccountError("password too long", "ter:OperationProhibited", "ter:PasswordTooLong")
    if len(password) < MIN_PASSWORD_CHARS:
        raise AccountError("password too weak", "ter:OperationProhibited", weak)


def _need_administrator(levels: dict[str, Level]) -> None:
    if "Administrator" not in levels.values():
        raise AccountError("the last administrator stays", "ter:InvalidArgVal", "ter:FixedUser")
