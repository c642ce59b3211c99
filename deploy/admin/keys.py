"""``vms keys``: who holds the commune's key and by what means, unlocking, and the drill that it still opens (A-14)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.admin.session_file import act_for_commune
from vms.clock import UtcTime

app = typer.Typer(
    help="Clé de la commune : détenteurs, jetons, déverrouillage, exercice de perte (après vms login).",
    no_args_is_help=True,
)
TokenOption = Annotated[str, typer.Option("--token", metavar="JETON", help="Par ce jeton PKCS#11 du serveur.")]
StdinOption = Annotated[
    bool, typer.Option("--passphrase-stdin", help="Lit la phrase, ou le code du jeton, sur l’entrée.")
]


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Pour les machines.")] = False) -> None:
    """Dit qui détient la clé et quand chacun l’a montrée ; code 1 s’il manque un détenteur ou un exercice."""
    told = act_for_commune(lambda client, commune: client.get(f"{commune}/key"))
    _print(told, as_json)


@app.command()
def unlock(token: TokenOption = "", stdin: StdinOption = False) -> None:
    """Déverrouille la relecture après un redémarrage, par votre phrase secrète ou par un jeton branché au serveur."""
    means = _means_given(token, stdin)
    act_for_commune(lambda client, path: client.post("/session/unlock", {"commune": path.rsplit("/", 1)[1], **means}))
    print("La clé de la commune est ouverte jusqu’au prochain redémarrage du gardien.")


@app.command()
def drill(
    token: TokenOption = "",
    stdin: StdinOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines.")] = False,
) -> None:
    """Montre que vous ouvrez encore la clé de la commune, sans rien déverrouiller ; la date va au journal.

    Pour le détenteur connecté, par sa phrase secrète ou un jeton. Code 1 si la clé n’a pas deux détenteurs habilités.
    """
    means = _means_given(token, stdin)
    told = act_for_commune(lambda client, commune: client.post(f"{commune}/key/drill", means))
    if not as_json:
        what = "Le jeton" if token else "La phrase"
        print(f"{what} ouvre la clé de la commune. Rien n’a été déverrouillé ; la date est au journal.")
    _print(told, as_json)


@app.command("add-token")
def add_token(
    label: Annotated[str, typer.Argument(metavar="JETON", help="Nom du jeton PKCS#11 branché au serveur.")],
    key_label: Annotated[
        str, typer.Option("--key", help="Clé P-384 du jeton ; sans cette option, « guet », créée s’il le faut.")
    ] = "",
    stdin: StdinOption = False,
) -> None:
    """Fait ouvrir la clé de la commune aussi par un jeton, contre votre phrase secrète ; rien n’est déverrouillé.

    Sur l’entrée (--passphrase-stdin) : la phrase, puis le code du jeton, une ligne chacun.
    """
    from deploy.admin.login import read_password

    passphrase = read_password("Phrase secrète", stdin=stdin)
    device = {"label": label, "pin": read_password("Code du jeton", stdin=stdin)}
    body = {"passphrase": passphrase, "device": device, "key_label": key_label}
    told = act_for_commune(lambda client, commune: client.post(f"{commune}/key/tokens", body))
    print(f"Le jeton « {label} » ouvre aussi la clé de la commune, par sa clé {told['key'][:8]}….")


@app.command("remove-token")
def remove_token(label: Annotated[str, typer.Argument(metavar="JETON", help="Nom du jeton.")]) -> None:
    """Retire un de vos jetons, perdu ou remplacé : il n’ouvre plus rien."""
    act_for_commune(lambda client, commune: client.post(f"{commune}/key/tokens/remove", {"label": label}))
    print(f"Le jeton « {label} » n’ouvre plus la clé de la commune.")


def _means_given(token: str, stdin: bool) -> dict[str, Any]:
    """What the holder opens the key with, asked for without echo: a token's PIN, or the passphrase."""
    from deploy.admin.login import read_password

    if token:
        return {"device": {"label": token, "pin": read_password("Code du jeton", stdin=stdin)}}
    return {"passphrase": read_password("Phrase secrète", stdin=stdin)}


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
        when = "n’a pas encore fait l’exercice"
        if one["drilled_us"] is not None:
            how = f" avec le jeton « {one['drilled_by']} »" if one["drilled_by"] else ""
            when = f"exercice le {_day(one['drilled_us'])}{how}"
        gone = "" if one["present"] else " ; n’est plus habilité ici"
        out.append(f"{one['label']} ({_means(one)}) : {when}{gone}")
    out.append(f"Prochain exercice avant le {_day(told['drill_due_us'])}.")
    return [*out, *(f"ATTENTION : {one['what']} [{one['rule']}]" for one in told["warnings"])]


def _means(holder: dict[str, Any]) -> str:
    """What opens the key for a holder."""
    means = ["phrase secrète", *(f"jeton « {label} »" for label in holder["tokens"])]
    if holder["passkeys"]:
        means.insert(1, f"{holder['passkeys']} clé{'s' if holder['passkeys'] > 1 else ''} d’accès")
    return ", ".join(means)


def _day(at_us: int) -> str:
    """A day in UTC: what a command line prints must not depend on where it runs."""
    return UtcTime(at_us).iso()[:10]
