"""The ``vms`` command. Exit 0: fine, 1: the check failed, 2: wrong use; errors are one sentence on stderr."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.admin import bench as bench_commands
from deploy.admin import camera as camera_commands
from deploy.admin import clock as clock_commands
from deploy.admin import emergency as emergency_commands
from deploy.admin import keys as keys_commands
from deploy.admin import law as law_commands
from deploy.admin import retention as retention_commands
from deploy.admin import verify as verify_commands
from deploy.admin.discover import discover
from deploy.admin.documents import documents
from deploy.admin.fsck import fsck
from deploy.admin.init import init
from deploy.admin.login import login, logout
from deploy.admin.mandate import mandate
from deploy.admin.reader import write_reader
from deploy.admin.witness import witness
from deploy.demo.story_plot import Plot
from vms import logs
from vms.errors import BadInput, GuetError
from vms.printable import printable
from vms.settings import Settings

app = typer.Typer(
    help="Guet : vidéoprotection communale, scellée, masquée, journalisée, prouvable.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


DEMO_PORT: Final = 8420
PATH_LIMIT_CHARS: Final = 200

app.command("discover")(discover)
app.command("login")(login)
app.command("logout")(logout)
app.command("fsck")(fsck)
app.command("witness")(witness)
app.command("documents")(documents)
app.add_typer(camera_commands.app, name="camera")
app.add_typer(clock_commands.app, name="clock")
app.add_typer(emergency_commands.app, name="emergency")
app.add_typer(keys_commands.app, name="keys")
app.add_typer(law_commands.app, name="law")
app.add_typer(bench_commands.app, name="bench")
app.add_typer(verify_commands.audit, name="audit")
app.add_typer(verify_commands.evidence, name="evidence")
verify_commands.evidence.command("reader")(write_reader)
app.add_typer(retention_commands.app, name="retention")
app.command()(init)
app.command()(mandate)


def settings_with(home: Path | None) -> Settings:
    """The settings, with ``--home`` over the environment and the file."""
    return Settings(home=home) if home else Settings()


Home = Annotated[Path | None, typer.Option("--home", help="Dossier d’état (VMS_HOME).")]


@app.command()
def serve(home: Home = None) -> None:
    """Fait tourner la machine : gardien, enregistreurs, pages."""
    from deploy.serve import refuse_test_settings, run_until_signal

    settings = settings_with(home)
    refuse_test_settings(settings)
    logs.configure("serve")
    asyncio.run(run_until_signal(settings))


@app.command()
def demo(
    home: Annotated[Path | None, typer.Option("--home", help="Dossier de la démonstration (.demo).")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="8420, ou un port libre pour --story.")
    ] = None,
    footage: Annotated[Path | None, typer.Option("--footage", help="Dossier de séquences réelles.")] = None,
    camera: Annotated[list[str] | None, typer.Option("--camera", help="Flux RTSP de plus (répétable).")] = None,
    lan: Annotated[bool, typer.Option("--lan", help="HTTPS sur le réseau local, pour un vrai téléphone.")] = False,
    story: Annotated[
        Path | None, typer.Option("--story", help="Joue toute une réquisition, et laisse ses preuves dans ce dossier.")
    ] = None,
    commune: Annotated[str, typer.Option("--commune", help="Avec --story : la commune.")] = "valclair",
    number: Annotated[int | None, typer.Option("--number", help="Avec --story : le numéro de la caméra.")] = None,
    span: Annotated[
        str, typer.Option("--range", help="Avec --story : DE-À, en secondes depuis la première image.")
    ] = "11-23",  # a stream's times settle in its first 10 s
) -> None:
    """Démonstration : caméras virtuelles, deux communes fictives, un compte par rôle."""
    logs.configure("demo")
    if story is not None:
        if camera or lan:
            raise BadInput("--camera et --lan ne vont pas avec --story.", where="vms demo")
        play_story(story.absolute(), home, port or 0, footage, Plot.of(commune, number, span))
        return
    from deploy.demo.run import DemoOptions, run_demo

    place = (home or Path(".demo")).absolute()
    asyncio.run(run_demo(DemoOptions(place, DEMO_PORT if port is None else port, footage, tuple(camera or ()), lan)))


def play_story(folder: Path, home: Path | None, port: int, footage: Path | None, plot: Plot) -> None:
    """Play the story and say each step; a step that fails is the command's error."""
    from deploy.demo.story_run import StoryOptions, run_story

    place = home.absolute() if home else folder / "home"
    for step in asyncio.run(run_story(StoryOptions(folder, place, port, footage, plot))):
        print(f"{'OK ' if step.ok else 'NON'}  {step.name} ({step.role}) : {step.detail}")


def main() -> None:
    """Run the command; our errors are one sentence and an exit code, never a trace."""
    try:
        # Out of standalone mode, click hands ``typer.Exit``'s code back instead of raising it.
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except (typer.Exit, SystemExit) as stop:
        sys.exit(getattr(stop, "exit_code", getattr(stop, "code", 0)))
    except typer.Abort:
        sys.exit(130)
    except GuetError as error:
        print(printable(str(error)), file=sys.stderr)
        sys.exit(2 if isinstance(error, BadInput) else 1)
    except OSError as error:
        if error.filename is None:
            raise
        # A path that is not what the command needs; the system's own word for it is the shortest.
        path = printable(str(error.filename))[:PATH_LIMIT_CHARS]
        print(f"Ce chemin ne convient pas : {path} ({error.strerror})", file=sys.stderr)
        sys.exit(1)
    except Exception as error:  # the process's edge: click's own usage errors carry their message
        show = getattr(error, "format_message", None)
        if show is None:
            raise
        print(show(), file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
