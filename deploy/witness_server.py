"""A witness over HTTP: ``POST /add-checkpoint`` and ``GET /<origin hash>/checkpoint`` (C2SP tlog-witness, E-04).

Nothing is asked of whoever calls but a checkpoint that the log's own key signed. Bodies, calls at once and waits are
limited; the state is in one file, and each answer that signs is given after it is on the disk.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from vms import logs
from vms.errors import BadInput, GuetError, LimitExceeded
from vms.keeper.proof.witness_book import Answer, WitnessBook
from vms.keeper.proof.witness_request import REQUEST_LIMIT_BYTES

BODY_LIMIT_S: Final = 10.0
CALLS_LIMIT: Final = 64
KEEP_ALIVE_S: Final = 15

log = logs.get("witness")


def witness_app(book: WitnessBook) -> Starlette:
    """The two routes over one book; each runs in the event loop, so that one call is decided at a time."""

    async def add(request: Request) -> Response:
        try:
            async with asyncio.timeout(BODY_LIMIT_S):
                body = await _body(request)
        except (TimeoutError, LimitExceeded, ClientDisconnect) as error:
            return Response(f"{error or 'trop lent'}\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, media_type="text/plain")
        return _told("add-checkpoint", _answered(lambda: book.add_checkpoint(body)))

    async def checkpoint(request: Request) -> Response:
        return _told("checkpoint", _answered(lambda: book.checkpoint(request.path_params["hash"])))

    routes = [
        Route("/add-checkpoint", add, methods=["POST"]),
        Route("/{hash:str}/checkpoint", checkpoint, methods=["GET"]),
    ]
    return Starlette(routes=routes)


async def serve_witness(book: WitnessBook, host: str, port: int) -> None:
    """Answer until SIGTERM or SIGINT; one line of JSON on stdout once ready (``url``, ``vkeys``)."""
    config = uvicorn.Config(
        witness_app(book),
        access_log=False,
        log_config=None,
        limit_concurrency=CALLS_LIMIT,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    server = uvicorn.Server(config)
    with _listening(host, port) as bound:
        ready = {"event": "ready", "url": f"http://{host}:{bound.getsockname()[1]}", "vkeys": book.vkeys()}
        print(json.dumps(ready), flush=True)
        await server.serve(sockets=[bound])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections already, so that nobody who reads the line of readiness is turned away."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise BadInput("Cette adresse ne peut pas être écoutée.", where=f"{host}:{port}") from error


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > REQUEST_LIMIT_BYTES:
            raise LimitExceeded(f"Plus de {REQUEST_LIMIT_BYTES} octets.")
    return body


def _answered(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except GuetError as error:  # a full disk, a full book: nothing was signed, the caller tries again
        log.error("témoin empêché", error=str(error))
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{error.what}\n".encode(), reason=error.what)


def _told(what: str, answer: Answer) -> Response:
    if answer.status >= HTTPStatus.BAD_REQUEST:
        log.warning(what, status=int(answer.status), why=answer.reason)
    return Response(answer.body, answer.status, media_type=answer.media_type)
