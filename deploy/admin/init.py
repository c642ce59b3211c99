"""``vms init``: a real town's start on this host: the commune, its key and holders, first accounts, prefixes.

Two holders at least give their own passphrase, each at the keyboard: nobody else ever knows it, and the host cannot
open what it stores (P-57). The keeper must be running (``vms serve``), or is started for the time of this command.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from vms import logs
from vms.errors import BadInput, Conflict
from vms.faults import words_of
from vms.keeper.arguments import Email, Login, Name, Slug
from vms.settings import Settings

PASSPHRASE_LEAST_CHARS = 16
HOLDERS_LEAST = 2
ANSWERS_LIMIT_BYTES = 256 * 1024


def init(
    commune: Annotated[str, typer.Option("--commune", help="Identifiant court, par exemple valclair.")] = "",
    name: Annotated[str, typer.Option("--name", help="Nom de la commune.")] = "",
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Réponses en JSON (mise en service sans clavier).")
    ] = None,
    home: Annotated[Path | None, typer.Option("--home", help="Dossier d’état (VMS_HOME).")] = None,
) -> None:
    """Ouvre une commune : sa clé, ses détenteurs, ses premiers comptes."""
    logs.configure("init", logging.WARNING)
    settings = Settings(home=home) if home else Settings()
    args = _read(answers) if answers else ask(commune, name)
    if not asyncio.run(_init(settings, args)):
        raise Conflict("Cette commune est déjà ouverte ici.", where=str(args.get("commune", "")))
    print(f"{args['name']} est ouverte. Chaque détenteur déverrouille sa clé à sa connexion, après `vms serve`.")


def _read(answers: Path) -> dict[str, Any]:
    """The answers in a file; BadInput when it cannot be read as one JSON object."""
    try:
        found = json.loads(answers.read_bytes()[:ANSWERS_LIMIT_BYTES])
    except OSError as error:
        raise BadInput("Ce fichier de réponses ne se lit pas.", where=f"{answers} : {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput("Ce fichier de réponses n’est pas du JSON.", where=f"{answers} : {error}") from error
    if not isinstance(found, dict):
        raise BadInput("Un fichier de réponses est un objet JSON : commune, name, holders.", where=str(answers))
    return found


def ask(commune: str, name: str) -> dict[str, Any]:
    """The answers typed at the keyboard; passphrases are asked twice and never shown."""
    if not sys.stdin.isatty():
        raise BadInput("Cette commande pose des questions.", where="vms init", todo="Donnez --answers FICHIER.json.")
    commune = commune or ask_text("Identifiant court de la commune (a-z, 0-9, -)", Slug)
    name = name or ask_text("Nom de la commune", Name)
    print("\nDeux détenteurs de clé au moins, d’ordinaire le maire et un élu délégué.")
    holders = [ask_holder("mayor", "maire")]
    holders.append(ask_holder("deputy", "élu délégué"))
    return {"commune": commune, "name": name, "holders": holders}


def ask_holder(role: str, words: str) -> dict[str, str]:
    """One holder's account, decision and passphrase."""
    print(f"\n{words.capitalize()} :")
    login = ask_text("  Identifiant", Login)
    label = ask_text("  Qualité affichée", Name)
    email = ask_text("  Adresse électronique (avis de demandes)", Email)
    decision = ask_text("  Décision ou délibération", Name)
    password = ask_secret("  Mot de passe")
    passphrase = ask_secret("  Phrase secrète de la clé", PASSPHRASE_LEAST_CHARS)
    holder = {"login": login, "label": label, "email": email, "role": role, "password": password}
    holder |= {"passphrase": passphrase, "decision_ref": decision, "signed_by": "Conseil municipal"}
    return holder | ({"basis_ref": ask_text("  Arrêté de délégation", Name)} if role == "deputy" else {})


def ask_text(words: str, kind: Any) -> str:
    """One line, asked again until the keeper could use it: nothing that was typed before is lost."""
    check = TypeAdapter(kind)
    while True:
        text = input(f"{words} : ").strip()
        try:
            check.validate_python(text)
        except ValidationError as error:
            print(f"  Inutilisable : {words_of(error.errors(include_url=False)[0])}.")
        else:
            return text


def ask_secret(words: str, least_chars: int = 12) -> str:
    """A secret typed twice; asked again until it is long enough and the same both times."""
    while True:
        first = getpass.getpass(f"{words} ({least_chars} caractères au moins) : ")
        if len(first) < least_chars:
            print(f"  Trop court : {least_chars} caractères au moins.")
        elif getpass.getpass(f"{words}, encore une fois : ") != first:
            print("  Les deux saisies diffèrent.")
        else:
            return first


async def _init(settings: Settings, args: dict[str, Any]) -> bool:
    from vms.db.engine import ensure_schema, open_engine
    from vms.keeper.clients.audiences import way_to_keeper
    from vms.keeper.clients.host import KeeperForHost
    from vms.keeper.protocol import HOST_SOCKET
    from vms.services.found_commune import found_commune

    holders = args.get("holders", [])
    if not isinstance(holders, list) or len(holders) < HOLDERS_LEAST:
        raise BadInput("Il faut au moins deux détenteurs de clé.", where="holders", todo="Ajoutez-en un.")
    settings.make_dirs()
    engine = open_engine(settings.database_url)
    try:
        await ensure_schema(engine)
        async with _keeper(settings):
            return await found_commune(engine, KeeperForHost(way_to_keeper(settings, HOST_SOCKET)), args)
    finally:
        await engine.dispose()


@asynccontextmanager
async def _keeper(settings: Settings) -> AsyncIterator[None]:
    """The running keeper, here or on its own machine, or one of our own while this command lasts."""
    from vms.clock import SystemClock
    from vms.keeper.service import Keeper

    if not settings.has_keeper or await _answers(settings.run_dir / "k-adm.sock"):
        yield
        return
    keeper = Keeper(settings.keeper_dir, settings.run_dir, SystemClock())
    await keeper.start()
    try:
        yield
    finally:
        await keeper.stop()


async def _answers(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True
