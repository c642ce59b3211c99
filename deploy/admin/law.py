"""``vms law explain``: would this have been allowed on that day, and why, asked through the API by whoever may."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import typer

from vms.clock import UtcTime
from vms.errors import BadInput, Refused

ACTS: Final = ("live", "replay", "framing", "export", "snapshot")
WORDS: Final = {
    "question": "La question",
    "person": "La personne",
    "habilitation": "L’habilitation",
    "camera": "La caméra",
}

app = typer.Typer(help="Le droit : ce que la porte répond, et pourquoi (après vms login).", no_args_is_help=True)


@app.callback()
def law() -> None:
    """Le droit : ce que la porte répond, et pourquoi (après vms login)."""


@app.command()
def explain(
    person: Annotated[str, typer.Argument(metavar="PERSONNE", help="Son identifiant, ou son nom dans la liste.")],
    act: Annotated[str, typer.Argument(metavar="ACTE", help="live, replay, framing, export ou snapshot.")],
    camera: Annotated[str, typer.Argument(metavar="CAMÉRA", help="Par exemple valclair-c07.")],
    at: Annotated[str, typer.Option("--at", help="Instant, ex. 2026-11-24T14:12:36Z, ou un jour ; maintenant.")] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="Finalité, 1 à 11 ; la première de la caméra.")] = "",
    request: Annotated[str, typer.Option("--request", help="Demande, pour une extraction ; la dernière décidée.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines.")] = False,
) -> None:
    """Dit si un acte était permis à cet instant, élément par élément, articles à l’appui.

    Code 0 s’il l’était, 1 sinon. Les faits sont ceux que le gardien connaissait alors (P-58) ; la question est inscrite
    au journal (D-12).
    """
    from deploy.admin import session_file
    from deploy.admin.output import print_json

    if act not in ACTS:
        raise BadInput(f"Acte inconnu : « {act[:20]} ».", where="ACTE", todo=f"Choisissez : {', '.join(ACTS)}.")
    saved = session_file.load()
    if not saved.commune:
        raise Refused("Vous n’agissez pour aucune commune.", todo="vms login … --commune COMMUNE", rule="P-62")
    asked = {"person": person, "act": act, "camera": camera, "at": at, "purpose": purpose, "request": request}

    async def run() -> dict[str, Any]:
        async with saved.client() as client:
            query = {name: value for name, value in asked.items() if value}
            answer: dict[str, Any] = await client.get(f"/communes/{saved.commune}/explanations", **query)
            return answer

    answer = asyncio.run(run())
    if as_json:
        print_json(answer)
    else:
        print("\n".join(told(answer)))
    raise typer.Exit(0 if answer["allowed"] else 1)


def told(answer: dict[str, Any]) -> list[str]:
    """The answer as lines for people: verdict, then each element with its dates, rule and article."""
    verdict = "PERMIS" if answer["allowed"] else "REFUSÉ"
    who = f"{answer['label']} ({answer['person']})"
    lines = [f"{verdict} : {who}, {answer['act_fr'].lower()}, {answer['camera']}, {_instant(answer['at_us'])}"]
    if answer["refusal"]:
        lines.append(f"  {_refusal(answer['refusal'])}")
    for part in answer["parts"]:
        subject = " ".join(word for word in (part["words"], part["subject"]) if word)
        aside = "" if part["used"] else " — sans effet sur la réponse"
        lines.append(f"{WORDS[part['about']]}{' : ' + subject if subject else ''}{aside}")
        lines += [_element(reason) for reason in part["reasons"]]
    if answer["known_since"] is not None:
        since = "permis" if answer["known_since"]["allowed"] else _refusal(answer["known_since"]["refusal"])
        lines.append(f"Ce qui a été enregistré depuis changerait la réponse : {since}")
    return lines


def _element(reason: dict[str, Any]) -> str:
    mark = "oui" if reason["holds"] else "NON"
    dates = " ".join(
        f"{word} {_instant(reason[key])}"
        for word, key in (("depuis", "from_us"), ("jusqu’au", "until_us"))
        if reason[key] is not None
    )
    facts = ", ".join(one for one in (reason["ref"], dates) if one)
    why = "" if reason["holds"] else f" — {reason['lapse']['what']}"
    return f"  {mark}  {reason['element']}{' : ' + facts if facts else ''} [{reason['rule']}, {reason['article']}]{why}"


def _refusal(refusal: dict[str, Any]) -> str:
    return f"{refusal['what']} {refusal['todo']} [{refusal['rule']}, {refusal['article']}]".replace("  ", " ")


def _instant(at_us: int) -> str:
    """An instant in UTC, to the second: what a command line prints must not depend on where it runs."""
    return UtcTime(at_us).datetime().strftime("%Y-%m-%dT%H:%M:%SZ")
