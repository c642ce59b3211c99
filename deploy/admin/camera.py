"""``vms camera …``: cameras found, enrolled and led into service by a signed-in person, through the API like a page."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.admin.login import read_password
from vms.errors import BadInput

app = typer.Typer(help="Caméras : trouver, enrôler, mettre en service (après vms login).", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Pour les machines.")]
CameraId = Annotated[str, typer.Argument(metavar="CAMÉRA", help="Par exemple valclair-c07.")]
Number = Annotated[int, typer.Option("--number", min=1, max=999, help="Numéro de la caméra.")]
Name = Annotated[str, typer.Option("--name", help="Nom que les agents liront.")]
Place = Annotated[str, typer.Option("--place", help="Emplacement.")]
Username = Annotated[str, typer.Option("--username", help="Compte actuel ; le mot de passe est demandé.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Lit le mot de passe sur l’entrée.")]
Narrow = Annotated[bool, typer.Option("--narrow", help="Principalement en plan étroit (T-04).")]
Fast = Annotated[bool, typer.Option("--fast-flows", help="Flux rapides de personnes (T-06).")]
Motive = Annotated[str, typer.Option("--motive", help="Motif, écrit au journal.")]
Day = Annotated[str, typer.Option("--date", help="AAAA-MM-JJ.")]

CAMERA_COLUMNS = {"id": "Caméra", "name": "Nom", "place": "Emplacement", "state": "État", "address": "Adresse"}
FOUND_COLUMNS = {
    "id": "Trouvaille",
    "address": "Adresse",
    "mac": "MAC",
    "model": "Modèle",
    "state": "État",
    "what": "Pourquoi",
}

Work = Callable[[Any, str], Awaitable[Any]]


def _run(work: Work) -> Any:
    """Do something as the signed-in person, for the commune acted for; Refused when none was chosen (P-62)."""
    from deploy.admin.session_file import act_for_commune

    return act_for_commune(work)


async def _order(client: Any, path: str, body: dict[str, Any]) -> dict[str, Any]:
    order = await client.post(path, body)
    ended: dict[str, Any] = await client.wait_for_order(order["id"])
    return ended


def _print_order(order: dict[str, Any], *, as_json: bool) -> None:
    from deploy.admin.output import print_json

    if as_json:
        print_json(order)
        return
    for step in order["progress"].get("steps", []):
        rule = f" [{step['rule']}]" if step.get("rule") else ""
        left = f" À faire : {step['todo']}" if step.get("todo") else ""
        print(f"{step['words']} : {step.get('detail', '')}{rule}{left}")
    if order.get("camera"):
        print(f"Caméra {order['camera']}.")


def _act(camera: str, path: str, body: dict[str, Any] | None = None) -> None:
    _run(lambda client, _: client.post(f"/cameras/{camera}/{path}", body))
    print(f"{camera} : fait.")


@app.command("list")
def list_cameras(as_json: Json = False) -> None:
    """Les caméras de la commune, et où en est chacune."""
    from deploy.admin.output import print_json, print_table

    rows = _run(lambda client, commune: client.get(f"{commune}/cameras"))
    if as_json:
        print_json(rows)
    else:
        print_table([{**row, "state": row["legal"].get("state", "")} for row in rows], CAMERA_COLUMNS)


@app.command()
def show(camera: CameraId) -> None:
    """Une caméra, en JSON."""
    from deploy.admin.output import print_json

    print_json(_run(lambda client, _: client.get(f"/cameras/{camera}")))


@app.command()
def prefixes(as_json: Json = False) -> None:
    """Les préfixes déclarés."""
    from deploy.admin.output import print_rows

    rows = _run(lambda client, commune: client.get(f"{commune}/prefixes"))
    print_rows(rows, {"cidr": "Préfixe", "trusted": "Maîtrisé", "addresses": "Adresses"}, as_json=as_json)


@app.command("declare-prefix")
def declare_prefix(
    cidr: Annotated[str, typer.Argument(metavar="PRÉFIXE")],
    trusted: Annotated[bool, typer.Option("--trusted", help="Réseau maîtrisé (A-01).")] = False,
) -> None:
    """Déclare un préfixe : on ne cherche nulle part ailleurs (O-22)."""
    row = _run(lambda client, commune: client.post(f"{commune}/prefixes", {"cidr": cidr, "trusted": trusted}))
    print(f"Préfixe {row['cidr']} déclaré.")


@app.command()
def discover(
    prefix: Annotated[list[str] | None, typer.Argument(metavar="[PRÉFIXE]...")] = None, as_json: Json = False
) -> None:
    """Cherche des caméras dans les préfixes déclarés, par un ordre signé."""
    from deploy.admin.output import print_rows

    async def work(client: Any, commune: str) -> Any:
        order = await _order(client, f"{commune}/discover", {"prefixes": prefix or []})
        return await client.get(f"{commune}/found", order=order["id"])

    rows = [{**row, "what": row["detail"].get("what", "")} for row in _run(work)]
    print_rows(rows, FOUND_COLUMNS, as_json=as_json)


@app.command()
def enrol(
    found: Annotated[str, typer.Argument(metavar="TROUVAILLE", help="Identifiant donné par discover.")],
    number: Number,
    name: Name,
    place: Place = "",
    username: Username = "",
    password_stdin: PasswordStdin = False,
    narrow: Narrow = False,
    fast_flows: Fast = False,
    new_certificate: Annotated[
        bool, typer.Option("--new-certificate", help="Vérifié sur place : c’est elle, sous un autre certificat.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Enrôle un équipement trouvé : comptes, horloge, durcissement, profils."""
    password = read_password("Mot de passe de la caméra", stdin=password_stdin) if username else ""
    body = {"found_id": found, "number": number, "name": name, "place": place, "username": username}
    body |= {"password": password, "narrow": narrow, "fast_flows": fast_flows, "new_certificate": new_certificate}
    _print_order(_run(lambda client, commune: _order(client, f"{commune}/enrol", body)), as_json=as_json)


@app.command("declare-rtsp")
def declare_rtsp(
    url: Annotated[str, typer.Argument(metavar="RTSP")],
    number: Number,
    name: Name,
    sub_url: Annotated[str, typer.Option("--sub-url", help="Flux secondaire H.264.")] = "",
    place: Place = "",
    username: Username = "",
    password_stdin: PasswordStdin = False,
    narrow: Narrow = False,
    fast_flows: Fast = False,
    as_json: Json = False,
) -> None:
    """Déclare une source sans ONVIF : non durcie, sur un préfixe maîtrisé seulement (A-01)."""
    password = read_password("Mot de passe de la source", stdin=password_stdin) if username else ""
    body = {"url": url, "sub_url": sub_url, "number": number, "name": name, "place": place, "username": username}
    body |= {"password": password, "narrow": narrow, "fast_flows": fast_flows}
    _print_order(_run(lambda client, commune: _order(client, f"{commune}/declare-rtsp", body)), as_json=as_json)


@app.command()
def rotate(camera: CameraId, as_json: Json = False) -> None:
    """Change les trois mots de passe d’une caméra (A-05)."""
    _print_order(_run(lambda client, commune: _order(client, f"{commune}/rotate", {"camera": camera})), as_json=as_json)


@app.command()
def authorise(camera: CameraId, order: Annotated[str, typer.Option("--order", help="Arrêté préfectoral.")]) -> None:
    """Place la caméra sous un arrêté (P-20)."""
    _act(camera, "authorise", {"order": order})


@app.command("framing-class")
def framing_class(camera: CameraId, narrow: Narrow = False, fast_flows: Fast = False) -> None:
    """Déclare comment la caméra est cadrée (T-04, T-06)."""
    _act(camera, "framing-class", {"narrow": narrow, "fast_flows": fast_flows})


@app.command("framing-open")
def framing_open(camera: CameraId, minutes: Annotated[int, typer.Option("--minutes", min=1, max=15)] = 10) -> None:
    """Ouvre une séance de cadrage (P-57)."""
    _act(camera, "framing/open", {"minutes": minutes})


@app.command("framing-close")
def framing_close(camera: CameraId) -> None:
    """Ferme la séance de cadrage."""
    _act(camera, "framing/close")


@app.command()
def zones(camera: CameraId) -> None:
    """Les jeux de zones privées, en JSON."""
    from deploy.admin.output import print_json

    print_json(_run(lambda client, _: client.get(f"/cameras/{camera}/zones")))


@app.command()
def draw(
    camera: CameraId,
    file: Annotated[Path | None, typer.Option("--file", help="JSON : [{points, reason}].")] = None,
    no_dwelling: Annotated[bool, typer.Option("--no-dwelling", help="Aucune habitation en vue.")] = False,
) -> None:
    """Enregistre un jeu de zones ; une autre personne devra le valider (P-11)."""
    try:
        polygons = json.loads(file.read_text(encoding="utf-8")) if file is not None else []
    except (OSError, ValueError) as error:
        raise BadInput(f"Fichier de zones illisible : {error}.", where=str(file)) from error
    _act(camera, "zones", {"polygons": polygons, "no_dwelling": no_dwelling})


@app.command()
def validate(camera: CameraId, zone_set: Annotated[str, typer.Argument(metavar="JEU")]) -> None:
    """Valide un jeu de zones qu’une autre personne a dessiné."""
    _act(camera, f"zones/{zone_set}/validate")


@app.command()
def panel(camera: CameraId, date: Day, place: Place) -> None:
    """Note la pose du panneau d’information (P-80)."""
    _act(camera, "panel", {"date": date, "place": place})


@app.command()
def prefect(camera: CameraId, date: Day) -> None:
    """Note la date dite au préfet (P-24)."""
    _act(camera, "prefect", {"date": date})


@app.command()
def commission(camera: CameraId) -> None:
    """Réceptionne la caméra : chaque condition est vérifiée de nouveau."""
    _act(camera, "commission")


@app.command()
def service(camera: CameraId) -> None:
    """Met la caméra en service : elle émet dès maintenant."""
    _act(camera, "service")


@app.command()
def suspend(camera: CameraId, motive: Motive) -> None:
    """Suspend la caméra : noire, et sans enregistrement."""
    _act(camera, "suspend", {"motive": motive})


@app.command()
def retire(camera: CameraId, motive: Motive) -> None:
    """Retire la caméra pour toujours."""
    _act(camera, "retire", {"motive": motive})
