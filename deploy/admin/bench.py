"""``vms bench NAME``: one JSON object with figures (design §10); a bench that cannot measure says why and exits 1."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.admin.output import print_json
from vms import logs
from vms.errors import BadInput

URLS_LIMIT_COUNT: Final = 200

app = typer.Typer(help="Mesures : un objet JSON de chiffres, médianes, unité en fin de nom.", no_args_is_help=True)

Urls = Annotated[list[str] | None, typer.Option("--url", help="Flux rtsp:// à prendre (répétable).")]
UrlsFile = Annotated[Path | None, typer.Option("--urls", help="Fichier de flux rtsp://, un par ligne.")]


@app.command()
def record(
    cameras: Annotated[int, typer.Option("--cameras", help="Caméras virtuelles, sans --url.")] = 50,
    seconds: Annotated[float, typer.Option("--seconds", help="Durée de la mesure.")] = 60.0,
    url: Urls = None,
    urls: UrlsFile = None,
    recorders: Annotated[
        int | None, typer.Option("--recorders", min=1, max=64, help="Processus ; sinon un par cent caméras.")
    ] = None,
    source: Annotated[str, typer.Option("--source", help="Caméras : virtual ou gstreamer.")] = "virtual",
    packet_sends: Annotated[bool, typer.Option("--packet-sends", help="Un envoi par paquet RTP.")] = False,
    pure: Annotated[bool, typer.Option("--pure", help="Sans la partie compilée.")] = False,
    in_turn: Annotated[
        bool, typer.Option("--in-turn", help="ffmpeg après nous, pour une machine qui ne porte pas les deux.")
    ] = False,
) -> None:
    """Ce que coûte l’enregistrement, à côté de « ffmpeg -c copy » sur les mêmes flux."""
    from deploy.bench.record import run

    logs.configure("bench", logging.WARNING)
    given = streams(url or [], urls)
    made = run(
        cameras=cameras, seconds=seconds, urls=given, recorders=recorders, source=source, packet_sends=packet_sends,
        pure=pure, in_turn=in_turn,
    )  # fmt: skip
    print_json(asyncio.run(made))


@app.command()
def mask(
    url: Urls = None,
    urls: UrlsFile = None,
    footage: Annotated[Path | None, typer.Option("--footage", help="Séquences à masquer, sans --url.")] = None,
    runs: Annotated[int, typer.Option("--runs", min=1, max=100, help="Passages ; la médiane est donnée.")] = 3,
    pictures: Annotated[int, typer.Option("--pictures", min=1, max=100_000, help="Images prises par source.")] = 250,
) -> None:
    """Ce que coûte le masquage logiciel, à côté de « drawbox » de ffmpeg sur les mêmes images."""
    from deploy.bench.mask import run

    logs.configure("bench", logging.WARNING)
    print_json(run(streams(url or [], urls) or _clips(footage), runs=runs, pictures=pictures))


@app.command()
def playback(
    runs: Annotated[int, typer.Option("--runs", min=1, max=1000, help="Premières images, et autant de sauts.")] = 30,
    hours: Annotated[float, typer.Option("--hours", help="Durée de l’enregistrement préparé.")] = 24.0,
) -> None:
    """Ce que la relecture fait attendre, dans un vrai Chromium, sur une journée scellée de 1080p."""
    from deploy.bench.playback import run

    logs.configure("bench", logging.WARNING)
    print_json(asyncio.run(run(runs=runs, hours=hours)))


@app.command()
def faults(
    runs: Annotated[
        int, typer.Option("--runs", min=1, max=10_000_000, help="Simulations, une graine chacune.")
    ] = 10_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="La première graine.")] = 1,
    processes: Annotated[int, typer.Option("--processes", min=1, max=256, help="Processus à employer.")] = 2,
    trace: Annotated[bool, typer.Option("--trace", help="Montre sur stderr ce qui arrive (une graine).")] = False,
    spare: Annotated[bool, typer.Option("--spare", help="Avec un volume de secours, et ses pannes.")] = False,
    real: Annotated[int, typer.Option("--real", min=0, help="Et chaque panne réelle, tant de fois.")] = 0,
) -> None:
    """Pannes simulées : disque, base, gardien, horloge, réseau, morts ; S1 à S5 vérifiés ; sortie 1 si rompus."""
    from deploy.simulation.runs import bench, hurt_for_real, traced

    logs.configure("bench", logging.CRITICAL)
    if trace:
        for line in traced(seed, spare=spare)[0]:
            print(line, file=sys.stderr)
    result = bench(seed, runs, processes, spare=spare)
    if real:
        result["real"] = hurt_for_real(real)
    print_json(result)
    for one in result["broken"]:
        print(f"graine {one['seed']} : {one['problems'][0]} ; rejouez : {one['replay']}", file=sys.stderr)
    raise typer.Exit(1 if result["broken"] else 0)


@app.command()
def simulate(
    communes: Annotated[int, typer.Option("--communes", min=1, help="Communes.")] = 1153,
    cameras: Annotated[int, typer.Option("--cameras", min=1, help="Caméras, réparties également.")] = 17_000,
    full: Annotated[bool, typer.Option("--full", help="Tout mesurer, sans échantillon : des heures.")] = False,
    database: Annotated[str, typer.Option("--database", help="auto, postgresql ou sqlite.")] = "auto",
) -> None:
    """Ce que coûte le pilotage de nombreuses communes : gardien, base, baux, destructions, points de contrôle."""
    from deploy.bench.simulate import run

    logs.configure("bench", logging.CRITICAL)
    print_json(asyncio.run(run(communes=communes, cameras=cameras, full=full, database=database)))


@app.command()
def backfill(
    seconds: Annotated[float, typer.Option("--seconds", "--cut", help="Durée de la coupure.")] = 120.0,
) -> None:
    """Coupure du réseau d’une caméra : ce qui revient de sa carte, à quelle vitesse, à l’image près."""
    from deploy.bench.backfill import run

    logs.configure("bench", logging.WARNING)
    print_json(asyncio.run(run(seconds=seconds)))


@app.command()
def takeover(
    cameras: Annotated[int, typer.Option("--cameras", min=2, max=100, help="Caméras virtuelles.")] = 16,
    seconds: Annotated[
        float, typer.Option("--seconds", help="Enregistrement avant la mort et après la reprise.")
    ] = 12.0,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Arrêté pour une mise à jour, pas tué.")] = False,
) -> None:
    """Ce que perdent les caméras d’un enregistreur tué, reprises par un autre, sur PostgreSQL et S3."""
    from deploy.bench.takeover import run

    logs.configure("bench", logging.WARNING)
    print_json(asyncio.run(run(cameras=cameras, seconds=seconds, upgrade=upgrade)))


@app.command()
def journal(
    entries: Annotated[int, typer.Option("--entries", min=1, help="Entrées du journal.")] = 1_000_000,
    runs: Annotated[int, typer.Option("--runs", min=1, max=100, help="Vérifications ; la médiane est donnée.")] = 3,
) -> None:
    """Ce que coûte une entrée du journal à qui l’attend, et la vérification d’un million d’entrées sur un cœur."""
    from deploy.bench.journal import run

    logs.configure("bench", logging.WARNING)
    print_json(run(entries=entries, runs=runs))


@app.command()
def export(
    runs: Annotated[int, typer.Option("--runs", min=1, max=20, help="Passages ; la médiane est donnée.")] = 3,
    cameras: Annotated[int, typer.Option("--cameras", help="Caméras qui enregistrent pendant ce temps.")] = 20,
    minutes: Annotated[int, typer.Option("--minutes", help="Durée extraite.")] = 60,
) -> None:
    """Ce que dure l’extraction d’une heure de 1080p, à côté de « cp » et « sha256sum » des mêmes octets."""
    from deploy.bench.export import run

    logs.configure("bench", logging.WARNING)
    print_json(asyncio.run(run(runs=runs, cameras=cameras, minutes=minutes)))


@app.command()
def zoo(
    scenario: Annotated[list[str] | None, typer.Option("--scenario", help="Début de nom (répétable).")] = None,
    at_once: Annotated[int, typer.Option("--at-once", help="Visites à la fois.")] = 24,
    alone: Annotated[bool, typer.Option("--alone", help="Sans ffmpeg à côté.")] = False,
) -> None:
    """Des serveurs RTSP étranges : images envoyées, enregistrées, cause dite ; à côté, ffmpeg relancé après 1 s."""
    from deploy.bench.zoo import run

    logs.configure("bench", logging.WARNING)
    print_json(asyncio.run(run(scenarios=scenario or [], at_once=at_once, beside=not alone)))


@app.command()
def attack(
    strangers: Annotated[int, typer.Option("--strangers", min=1, max=200, help="Inconnus qui essaient.")] = 64,
    known: Annotated[int, typer.Option("--known", min=1, max=2000, help="Connexions d’un poste connu.")] = 200,
) -> None:
    """Des inconnus à la porte : corps sans fin, connexions muettes, essais à la fois ; ce qu’en voient les autres."""
    from deploy.bench.attack import run

    logs.configure("bench", logging.WARNING)
    print_json(asyncio.run(run(strangers=strangers, known=known)))


def streams(given: list[str], file: Path | None) -> list[str]:
    """The RTSP addresses of the command line and of a file (blank lines and ``#`` lines left out); BadInput."""
    found = list(given)
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(
                "Ce fichier de flux est illisible.", where=str(file), todo="Un rtsp:// par ligne."
            ) from error
        found += [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if not found:
            raise BadInput("Ce fichier ne donne aucun flux.", where=str(file), todo="Un rtsp:// par ligne.")
    for number, one in enumerate(found, 1):
        # The address itself may hold a password: only its place is named.
        if not one.startswith(("rtsp://", "rtsps://")):
            raise BadInput(f"Le flux n° {number} n’est pas une adresse rtsp://.", where="--url")
    if len(found) > URLS_LIMIT_COUNT:
        raise BadInput(f"{URLS_LIMIT_COUNT} flux au plus.", where="--url")
    return found


def _clips(footage: Path | None) -> list[str]:
    """The files of the demonstration's clips, of both sizes that cameras have."""
    from deploy.demo.footage import find_clips
    from deploy.demo.run import cache_dir

    return [str(clip.main) for clip in find_clips(footage, cache_dir())]
