"""The keeper asked by whoever holds the keys themselves: benches and tests, which act without a browser.

A web process never holds such keys: it asks through ``KeeperForWeb`` and passes on what pages have signed.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vms.keeper.act_classes import is_signed
from vms.keeper.clients.account import KeeperForAccounts
from vms.keeper.clients.audiences import KeeperForWeb
from vms.keeper.identity.signed_request import PageKey
from vms.keeper.protocol import Act, Admitted, Session


class _Accounts(KeeperForAccounts):
    """The door, with the same keys."""

    def __init__(self, people: KeeperForPeople) -> None:
        super().__init__(people._wire)
        self._people = people

    async def passkey_register(
        self, token: str, label: str, answer: dict[str, Any], statement: str = ""
    ) -> dict[str, Any]:
        """Keep a new passkey."""
        if not statement:
            statement = await self._people.statement(token, "passkey_register", args={"id": answer.get("rawId")})
        return await super().passkey_register(token, label, answer, statement)

    async def provider_link(
        self, token: str, answer: dict[str, Any], browser: str, statement: str = ""
    ) -> dict[str, Any]:
        """Link an identity."""
        if not statement:
            brought = {name: answer.get(name) for name in ("state", "code")}
            statement = await self._people.statement(token, "provider_link", args=brought)
        return await super().provider_link(token, answer, browser, statement)


class KeeperForPeople(KeeperForWeb):
    """``KeeperForWeb`` for many people at once, each session with a key of its own; signs what is not signed yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.accounts = _Accounts(self)
        self._keys: dict[str, PageKey] = {}
        self._views: dict[str, str] = {}  # which session opened which view

    async def sign_in(
        self, login: str, password: str, workstation: str, code: str = "", post: str = "", key: str = "",
        address: str = "",
    ) -> Session:  # fmt: skip
        """A session with a fresh key."""
        own = PageKey()
        session = await super().sign_in(login, password, workstation, code, post, key or own.public, address)
        self._keys[session.token] = own
        return session

    async def statement(self, token: str, act: str, **more: Any) -> str:
        """A signed wish of this session, under the commune and motive acted for.

        Empty for a session whose key is not here, and for what no wish can say: the keeper tells the caller why.
        """
        key = self._keys.get(token)
        if key is None:
            return ""
        session = await self.session(token)
        if session.acting is not None:
            acting = session.acting
            more = {"commune": acting.commune, "purpose": acting.purpose, "motive": acting.motive} | more
        try:
            return key.sign(session.id, session.moment, act, **more)
        except ValueError:  # an act that is none, half a character
            return ""

    async def admit(
        self,
        token: str,
        act: Act | str,
        cameras: Sequence[str],
        from_us: int | None = None,
        to_us: int | None = None,
        motive: str | None = None,
        request: str | None = None,
        statement: str = "",
        public: bytes = b"",
    ) -> Admitted:
        """A permit; ``public`` is the page's X25519 key, for an export whose package this page is to open."""
        if not statement:
            more: dict[str, Any] = {"motive": motive} if motive else {}
            if act != Act.EXPORT:
                more |= {"cameras": tuple(cameras), "from_us": from_us, "to_us": to_us}
            named = base64.b64encode(public).decode()
            statement = await self.statement(token, str(act), request=request or "", public=named, **more)
        admitted = await super().admit(token, act, cameras, from_us, to_us, motive, request, statement)
        self._views[admitted.id] = token
        return admitted

    async def key_window(
        self,
        permit_id: str,
        camera: str,
        page_public: bytes,
        segments: Sequence[dict[str, Any]],
        from_us: int,
        to_us: int,
        statement: str = "",
    ) -> bytes:
        """The sealed group keys of a window."""
        token = self._views.get(permit_id, "")
        if not statement and token:
            named = base64.b64encode(page_public).decode()
            what: dict[str, Any] = {"cameras": (camera,), "from_us": from_us, "to_us": to_us, "view": permit_id}
            statement = await self.statement(token, "key_window", public=named, **what)
        return await super().key_window(permit_id, camera, page_public, segments, from_us, to_us, statement)

    async def act(self, token: str, name: str, args: dict[str, Any], statement: str = "") -> dict[str, Any]:
        """An act that changes a fact."""
        if not statement and is_signed(name):
            statement = await self.statement(token, name, args=args)
        return await super().act(token, name, args, statement)
