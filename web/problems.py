"""Errors as RFC 9457 problems: a stable type, the rule that decided, a sentence a person can act on."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from vms import logs
from vms.errors import GuetError, TooManyRequests
from vms.faults import words_of

log = logs.get("web.problems")
FIELD_ERRORS_MAX = 20


class Problem(BaseModel):
    """RFC 9457 problem details, with the place, the next step and the law id beside the standard members."""

    type: str
    title: str
    status: int
    detail: str = ""
    where: str = ""
    todo: str = ""
    rule: str = ""
    errors: list[dict[str, str]] = []


def problem_of(error: GuetError) -> Problem:
    """The problem that describes one of our errors."""
    return Problem(
        type=f"urn:guet:{error.kind}",
        title=error.what,
        status=error.status,
        detail=str(error),
        where=error.where,
        todo=error.todo,
        rule=error.rule,
    )


def problem_answer(problem: Problem, retry_after_s: int = 0) -> JSONResponse:
    """A problem as an answer; with a wait, the header that clients obey (RFC 9110 §10.2.3)."""
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": str(retry_after_s)} if retry_after_s > 0 else {})
    return JSONResponse(problem.model_dump(), problem.status, media_type="application/problem+json", headers=headers)


def error_answer(error: GuetError) -> JSONResponse:
    """One of our errors as an answer."""
    wait_s = max(1, error.retry_after_s) if isinstance(error, TooManyRequests) else 0
    return problem_answer(problem_of(error), wait_s)


def install(app: FastAPI) -> None:
    """Turn every error that leaves a route into a problem."""

    @app.exception_handler(GuetError)
    async def _ours(_: Request, error: GuetError) -> JSONResponse:
        if error.status >= 500:
            log.warning("appel en échec", kind=error.kind, where=error.where)
        return error_answer(error)

    @app.exception_handler(RequestValidationError)
    async def _fields(_: Request, error: RequestValidationError) -> JSONResponse:
        # The value itself is not echoed: it may be a password.
        errors = [
            {"field": ".".join(str(part) for part in e["loc"][1:]), "message": words_of(e)}
            for e in error.errors()[:FIELD_ERRORS_MAX]
        ]
        return problem_answer(
            Problem(
                type="urn:guet:bad-input",
                title="La demande est incomplète ou mal formée.",
                status=400,
                todo="Corrigez les champs signalés.",
                errors=errors,
            )
        )

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        titles = {404: "Cette page n’existe pas.", 405: "Cette méthode n’est pas admise ici."}
        return problem_answer(
            Problem(
                type=f"urn:guet:http-{error.status_code}",
                title=titles.get(error.status_code, str(error.detail)),
                status=error.status_code,
            )
        )

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> JSONResponse:
        log.error("erreur interne", path=request.url.path, error=type(error).__name__)
        return problem_answer(
            Problem(
                type="urn:guet:error",
                title="Erreur interne.",
                status=500,
                todo="Réessayez. Si cela se répète, prévenez l’hébergeur : l’heure de l’erreur lui suffit.",
            )
        )


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "Refus ou demande inutilisable, avec sa règle et la suite à donner"},
    "5XX": {"model": Problem, "description": "Indisponibilité"},
}
