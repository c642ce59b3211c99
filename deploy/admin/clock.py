"""``vms clock``: what is doubted of the machine's time, and an accountable person's word that it is right (P-30)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.admin.session_file import act_for_commune

app = typer.Typer(
    help="Horloge : ce qui attend parce que l’heure est en doute (après vms login).", no_args_is_help=True
)


@app.command()
def show() -> None:
    """Dit si l’heure de la machine est en doute, et ce qui attend."""
    doubt = _doubt()
    print(f"{doubt['what']} {doubt['todo']}" if doubt else "L’heure de la machine n’est pas en doute.")


@app.command()
def confirm(motive: Annotated[str, typer.Option("--motive", help="Motif, écrit au journal.")] = "") -> None:
    """Confirme que l’heure de la machine est juste : ce qu’elle dit échu est détruit aussitôt."""
    doubt = _doubt()
    if doubt is None:
        print("L’heure de la machine n’est pas en doute.")
        return
    body = {"doubt_us": doubt["doubt_us"], "motive": motive}
    act_for_commune(lambda client, commune: client.post(f"{commune}/retention/confirm-time", body))
    print("Heure confirmée, et écrite au journal : ce qui est échu est détruit.")


def _doubt() -> dict[str, Any] | None:
    found = act_for_commune(lambda client, commune: client.get(f"{commune}/retention"))
    doubt: dict[str, Any] | None = found["legal"]["destruction"]["doubt"]
    return doubt
