"""``vms emergency``: the exceptional opening by two persons, through the API like a page (decision 0016)."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from deploy.admin.session_file import act_for_commune
from vms.clock import UtcTime

app = typer.Typer(help="Ouverture exceptionnelle à deux (après vms login).", no_args_is_help=True)

Motive = Annotated[str, typer.Option("--motive", help="Motif, écrit au journal.")]
Emergency = Annotated[str, typer.Argument(metavar="OUVERTURE", help="Son identifiant, par exemple x-3f9c….")]
STATES: Final = {"asked": "attend une deuxième signature", "open": "OUVERTE", "over": "close"}


@app.command("list")
def list_emergencies(as_json: Annotated[bool, typer.Option("--json", help="Pour les machines.")] = False) -> None:
    """Dit qui est désigné, ce qui est demandé, ouvert et passé."""
    from deploy.admin.output import print_json

    told = act_for_commune(lambda client, commune: client.get(f"{commune}/emergencies"))
    if as_json:
        print_json(told)
    else:
        print("\n".join(lines(told)))


@app.command()
def name(
    persons: Annotated[list[str], typer.Argument(metavar="PERSONNE…", help="Identifiants, deux au moins.")],
    motive: Motive,
) -> None:
    """Désigne les personnes qui pourront signer, un jour plus tard ; elles remplacent celles d’avant."""
    body = {"persons": persons, "motive": motive}
    act_for_commune(lambda client, commune: client.post(f"{commune}/emergencies/persons", body))
    print("Désignées, et écrites au journal.")


@app.command()
def ask(
    cameras: Annotated[list[str], typer.Argument(metavar="CAMÉRA…", help="Par exemple valclair-c07.")],
    start: Annotated[str, typer.Option("--from", help="Début de la plage, ex. 2026-11-24T14:00:00Z.")],
    end: Annotated[str, typer.Option("--to", help="Fin de la plage.")],
    motive: Motive,
    minutes: Annotated[int, typer.Option("--minutes", min=1, help="Durée de l’ouverture.")] = 30,
) -> None:
    """Première signature : exactement ce qui doit s’ouvrir. Rien ne s’ouvre encore."""
    body = {"cameras": cameras, "from_us": start, "to_us": end, "minutes": minutes, "motive": motive}
    made = act_for_commune(lambda client, commune: client.post(f"{commune}/emergencies", body))
    print(f"{made['emergency']} : une autre personne désignée confirme avant le {_instant(made['sign_by_us'])}.")


@app.command()
def confirm(emergency: Emergency) -> None:
    """Deuxième signature, d’une autre personne : la relecture s’ouvre, le maire et le délégué sont avertis."""
    body = {"emergency": emergency}
    made = act_for_commune(lambda client, commune: client.post(f"{commune}/emergencies/confirm", body))
    print(f"{emergency} : ouverte jusqu’au {_instant(made['until_us'])}. Le maire et le délégué sont avertis.")


@app.command()
def close(emergency: Emergency, motive: Motive) -> None:
    """Met fin à une ouverture ; ses vues s’éteignent en moins de cinq secondes."""
    body = {"emergency": emergency, "motive": motive}
    act_for_commune(lambda client, commune: client.post(f"{commune}/emergencies/close", body))
    print(f"{emergency} : close.")


def lines(told: dict[str, Any]) -> list[str]:
    """Persons and openings for people."""
    out = ["Personne n’est désigné : aucune ouverture exceptionnelle n’est possible."] if not told["persons"] else []
    for one in told["persons"]:
        gone = "" if one["may_sign"] else " ; ne peut plus signer"
        out.append(f"{one['label']} : peut signer {told['named_hours']} h après le {_instant(one['since_us'])}{gone}")
    for one in told["emergencies"]:
        who = " et ".join(person for person in (one["asked_by"], one["confirmed_by"]) if person)
        plage = f"{_instant(one['from_us'])} – {_instant(one['to_us'])}"
        out.append(f"{one['id']} : {STATES[one['state']]} ; {', '.join(one['cameras'])}, {plage} ; {who}")
    return out


def _instant(at_us: int) -> str:
    """An instant in UTC, to the second: what a command line prints must not depend on where it runs."""
    return UtcTime(at_us).datetime().strftime("%Y-%m-%dT%H:%M:%SZ")
