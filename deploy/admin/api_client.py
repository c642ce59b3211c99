"""The API as the command line and the demonstration use it: signed in as a person, one method per verb.

What opens pictures or keys, and every act, is signed by a key made at sign-in, as a page does (decisions 0015, 0032).
Refusals come back as the errors the server raised, with their rule and what to do next.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from types import TracebackType
from typing import Any, Final, Self

import httpx

from deploy.admin.signed_paths import file_wish_of, wish_of
from vms.errors import BadInput, GuetError, Unavailable
from vms.keeper.identity.signed_request import PageKey

API: Final = "/api/v1"
TIMEOUT_S: Final = 30.0
ORDER_POLL_S: Final = 0.3
ORDER_LIMIT_S: Final = 600.0


class ApiClient:
    """One person's access to one server; ``token`` is the session once signed in, ``key`` what it signs with."""

    def __init__(
        self, url: str, token: str = "", *, key: PageKey | None = None, verify: ssl.SSLContext | bool = True
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.key = key
        self._http = httpx.AsyncClient(base_url=self.url + API, timeout=TIMEOUT_S, verify=verify, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; the session stays open on the server."""
        await self._http.aclose()

    async def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One call; the server's problem is raised as the error it describes, Unavailable when nobody answers."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        wanted = _wish(path, arguments) if method == "POST" else None
        if wanted is not None:
            headers["Guet-Statement"] = await self.signed(**wanted)
        try:
            response = await self._http.request(method, path, headers=headers, **arguments)
        except httpx.HTTPError as error:
            raise Unavailable(
                "Le serveur ne répond pas.", where=self.url, todo="Vérifiez que `vms serve` tourne, et l’adresse."
            ) from error
        if response.is_error:
            raise _problem(response)
        return response

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON answer of a GET."""
        return (await self.request("GET", path, params=query)).json()

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON answer of a POST; None when it has none."""
        response = await self.request("POST", path, json=body or {})
        return response.json() if response.content else None

    async def sign_in(self, login: str, password: str, code: str = "") -> dict[str, Any]:
        """Open a session and keep its token here; SecondFactorNeeded for an account that wants a ``code`` too."""
        self.key = PageKey()
        body = {"login": login, "password": password, "code": code, "key": self.key.public}
        answer = await self.post("/session/token", body)
        self.token = str(answer["token"])
        session: dict[str, Any] = answer["session"]
        return session

    async def signed(self, act: str, **more: Any) -> str:
        """What a page would sign for an act, under the commune and motive acted for; empty without a key."""
        if self.key is None or not self.token:
            return ""
        session = await self.get("/session")
        if session is None:
            return ""
        acting = session["acting"] or {}
        what = {name: acting.get(name, "") for name in ("commune", "purpose", "motive")}
        return self.key.sign(session["id"], session["moment"], act, **what | more)

    async def opening(self, path: str) -> str:
        """The first message of a socket for pictures at ``path`` (``/live/CAMERA``, ``/replay/CAMERA``…)."""
        act, camera = path.split("?")[0].strip("/").split("/")
        statement = await self.signed(act, cameras=(camera,))
        return json.dumps({"type": "open", "statement": statement})

    async def window(self, permit: str, camera: str, from_us: int, to_us: int, public: bytes) -> str:
        """The message that asks a replay for the keys of a window, sealed to the X25519 key ``public``."""
        named = base64.b64encode(public).decode()
        what = {"cameras": (camera,), "from_us": from_us, "to_us": to_us}
        statement = await self.signed("key_window", view=permit, public=named, **what)
        asked = {"type": "window", "from_us": from_us, "to_us": to_us, "public": named, "statement": statement}
        return json.dumps(asked)

    async def wait_for_order(self, order_id: str, limit_s: float = ORDER_LIMIT_S) -> dict[str, Any]:
        """The order once it has ended; its error is raised when it failed, Unavailable when it takes too long."""
        for _ in range(int(limit_s / ORDER_POLL_S)):
            order: dict[str, Any] = await self.get(f"/orders/{order_id}")
            if order["status"] == "done":
                return order
            if order["status"] == "failed":
                raise GuetError.from_dict(order["error"])
            await asyncio.sleep(ORDER_POLL_S)
        raise Unavailable("L’ordre n’a pas abouti dans son délai.", where=order_id, todo="Voyez sa page.")


def _wish(path: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """What is signed for a call with these arguments."""
    if isinstance(arguments.get("content"), bytes):
        return file_wish_of(path, arguments.get("params") or {}, arguments["content"])
    return wish_of(path, arguments.get("json") or {})


def _problem(response: httpx.Response) -> GuetError:
    try:
        problem = response.json()
    except ValueError:
        return BadInput(f"Réponse inattendue du serveur ({response.status_code}).", where=str(response.url.path))
    what = str(problem.get("title", ""))
    errors = "; ".join(f"{one['field']} : {one['message']}" for one in problem.get("errors", []))
    kind = str(problem.get("type", "")).removeprefix("urn:guet:")
    return GuetError.from_dict({**problem, "kind": kind, "what": f"{what} {errors}".strip()})
