"""``vms keys``: who holds the commune's key, and the drill that shows that it still opens (A-14)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.admin.session_file import act_for_commune
from vms.clock import UtcTime

app = typer.Typer(help="Clé de la commune : détenteurs, exercice de perte (après vms login).", no_args_is_help=True)


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Pour les machines.")] = False) -> None:
    """Dit qui détient la clé et quand chacun l’a montrée ; code 1 s’il manque un détenteur ou un exercice."""
    told = act_for_commune(lambda client, commune: client.get(f"{commune}/key"))
    _print(told, as_json)


@app.command()
def drill(
    passphrase_stdin: Annotated[bool, typer.Option("--passphrase-stdin", help="Lit la phrase sur l’entrée.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines.")] = False,
) -> None:
    """Montre que votre phrase secrète ouvre la clé de la commune, sans rien déverrouiller ; la date va au journal.

    Pour le détenteur connecté. Code 1 si la clé n’a pas deux détenteurs habilités.
    """
    from deploy.admin.login import read_password

    body = {"passphrase": read_password("Phrase secrète", stdin=passphrase_stdin)}
    told = act_for_commune(lambda client, commune: client.post(f"{commune}/key/drill", body))
    if not as_json:
        print("La phrase ouvre la clé de la commune. Rien n’a été déverrouillé ; la date est au journal.")
    _print(told, as_json)


def _print(told: dict[str, Any], as_json: bool) -> None:
    from deploy.admin.output import print_json

    if as_json:
        print_json(told)
    else:
        print("\n".join(lines(told)))
    raise typer.Exit(1 if told["warnings"] else 0)


def lines(told: dict[str, Any]) -> list[str]:
    """The state of the key for people: each holder, the next drill, what is wanting."""
    out = []
    for one in told["holders"]:
        when = (
            "n’a pas encore fait l’exercice" if one["drilled_us"] is None else f"exercice le {_day(one['drilled_us'])}"
        )
        out.append(f"{one['label']} : {when}{'' if one['present'] else ' ; n’est plus habilité ici'}")
    out.append(f"Prochain exercice avant le {_day(told['drill_due_us'])}.")
    return [*out, *(f"ATTENTION : {one['what']} [{one['rule']}]" for one in told["warnings"])]


def _day(at_us: int) -> str:
    """A day in UTC: what a command line prints must not depend on where it runs."""
    return UtcTime(at_us).iso()[:10]
