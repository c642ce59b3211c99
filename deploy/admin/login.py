"""``vms login``, ``vms logout``: a person's session for the commands that act; the host acts for nobody (P-57)."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer

from vms.errors import BadInput, GuetError, SecondFactorNeeded

PASSWORD_LIMIT_CHARS = 500
CODE_LIMIT_CHARS = 100


def login(
    account: Annotated[str, typer.Argument(metavar="IDENTIFIANT", help="Votre identifiant.")],
    url: Annotated[str, typer.Option("--url", help="Adresse du serveur.")] = "https://localhost:8443",
    commune: Annotated[str, typer.Option("--commune", help="Commune pour laquelle agir.")] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="Finalité ; inutile sans image.")] = "",
    motive: Annotated[str, typer.Option("--motive", help="Motif, écrit au journal.")] = "",
    ca: Annotated[str, typer.Option("--ca", help="Certificat du serveur, s’il est à nous.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Lit le mot de passe sur l’entrée.")] = False,
) -> None:
    """Ouvre votre session pour les commandes qui agissent (vms camera …).

    Un compte à second facteur demande aussi son code ; avec --password-stdin, c’est la deuxième ligne.
    """
    password = read_password("Mot de passe", stdin=password_stdin)
    try:
        session = asyncio.run(_login(account, password, "", url, commune, purpose, motive, ca))
    except SecondFactorNeeded:
        code = sys.stdin.readline(CODE_LIMIT_CHARS).strip() if password_stdin else typer.prompt("Code")
        session = asyncio.run(_login(account, password, code, url, commune, purpose, motive, ca))
    acting = session.get("acting")
    where = f", pour {acting['commune']}" if acting else ""
    print(f"Connecté : {session['person']['label']}{where}.")


def logout() -> None:
    """Ferme votre session, ici et sur le serveur."""
    from deploy.admin import session_file

    saved = session_file.load()
    session_file.forget()
    asyncio.run(_logout(saved))
    print("Déconnecté.")


def read_password(prompt: str, *, stdin: bool) -> str:
    """A password typed without echo, or the first line of stdin; never an argument, which other accounts could see."""
    if stdin:
        password = sys.stdin.readline(PASSWORD_LIMIT_CHARS + 1).rstrip("\n")
    else:
        password = typer.prompt(prompt, hide_input=True)
    if not password or len(password) > PASSWORD_LIMIT_CHARS:
        raise BadInput("Mot de passe vide ou trop long.", where="vms login")
    return password


async def _login(
    account: str, password: str, code: str, url: str, commune: str, purpose: str, motive: str, ca: str
) -> dict[str, Any]:
    from deploy.admin import session_file
    from deploy.admin.api_client import ApiClient

    async with ApiClient(url, verify=session_file.trust(ca)) as client:
        session = await client.sign_in(account, password, code)
        key = client.key.dump() if client.key else ""
        saved = session_file.SavedSession(url, client.token, ca=ca, key=key)
        session_file.save(saved)
        chosen = commune or _only_commune(session)
        if chosen:
            session = await client.post("/session/act", {"commune": chosen, "purpose": purpose, "motive": motive})
            # The password has just been given: graver acts need not ask for it again for some minutes.
            await client.post("/session/step-up", {"password": password})
        if session.get("acting"):
            session_file.save(replace(saved, commune=session["acting"]["commune"]))
        return session


def _only_commune(session: dict[str, Any]) -> str:
    available = [one["id"] for one in session.get("communes", []) if one.get("available")]
    return available[0] if len(available) == 1 else ""


async def _logout(saved: Any) -> None:
    async with saved.client() as client:
        try:
            await client.request("DELETE", "/session")
        except GuetError:
            return  # ended on the server already: that is what was wanted
