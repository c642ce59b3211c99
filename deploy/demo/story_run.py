"""Starts a fresh demonstration, plays the story on it, writes ``story.json``, and stops everything, however it ends."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.farm import Network
from deploy.demo.footage import find_clips
from deploy.demo.run import DemoOptions, cache_dir, cameras, demo_settings, machine, set_up_towns
from deploy.demo.story import Story
from deploy.demo.story_plot import Plot
from deploy.demo.story_steps import Step, Told
from deploy.demo.town import CAMERAS
from deploy.serve import stop_on_signals
from vms.clock import SystemClock
from vms.errors import Conflict, Unavailable


@dataclass(frozen=True, slots=True)
class StoryOptions:
    """What the command line gives: where to leave the proofs, the demonstration's home and port, what it is about."""

    folder: Path
    home: Path
    port: int
    footage: Path | None
    plot: Plot


async def run_story(options: StoryOptions) -> list[Step]:
    """Play the story to its end; its steps. Raises the failing step's error, Conflict when the home is not fresh."""
    if (options.home / "guet.sqlite").exists():
        raise Conflict(
            "Ce dossier tient déjà une démonstration : l’histoire en veut une neuve.",
            where=options.home.name,
            todo="Donnez un autre dossier à --story.",
        )
    stop = stop_on_signals()
    options.folder.mkdir(parents=True, exist_ok=True)
    told = Told(options.folder)
    try:
        playing = asyncio.create_task(_play(options, told), name="story")
        stopping = asyncio.create_task(stop.wait(), name="signals")
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not playing.done():
            playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await playing
            raise Unavailable("L’histoire a été interrompue.", where="vms demo --story")
        playing.result()
    finally:
        told.write()
    return told.steps


async def _play(options: StoryOptions, told: Told) -> None:
    demo = DemoOptions(options.home, options.port, options.footage)
    options.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = demo_settings(demo)
    settings.make_dirs()
    told.proofs["store"] = settings.store_dir
    begun = SystemClock(settings.test_clock_offset_s).utc()
    clips = find_clips(options.footage, cache_dir())
    network = Network.kept_in(options.home)
    async with cameras(network, options.home, CAMERAS, clips) as farm, machine(settings, asyncio.Event()):
        with told.step("demo", "host") as step:
            await farm.answers()
            seen = await set_up_towns(settings, network, clips, demo)
            step.detail = f"{len(seen)} caméras en service"
        await Story(told, options.plot, f"http://localhost:{settings.port}", begun).play()
