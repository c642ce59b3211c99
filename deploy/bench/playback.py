"""``vms bench playback``: recorded pictures in a real Chromium, from the real keeper, web process and pages.

A sealed day of 1080p for one camera, minutes of sub-stream for four; instants by chance, in minutes at 4 Mbit/s. What
is timed is what a person waits for, from the page's own User Timing marks (``replayMarks.ts``):

- *first frame*: from following a link inside the application to a picture, permit, keys and all. It is the key picture
  of the group that holds the instant, at most one group before it; *exact frame* is the picture of the instant itself;
- *seek*: from the wish to be elsewhere in the day, permit held, to the exact picture there;
- *in step*: how far the pictures of four cameras are from their common clock, at every drawing, while they play.
"""

from __future__ import annotations

import os
import platform
import random
import statistics
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.bench.footage import CLIP_S, FRAME_US, MINUTE_US, NUMBER_BITS, Preparer, is_busy, make_clip
from deploy.bench.town import AGENT, COMMUNE, COMMUNE_NAME, PURPOSE, BenchTown, bench_town, past
from deploy.ports import free_port
from vms.clock import MICRO, PARIS, UtcTime
from vms.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

CHROMIUM: Final = "/usr/bin/chromium"
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
CAMERAS: Final = tuple(f"{COMMUNE}-c{number:02d}" for number in range(1, 5))
DAY_H: Final = 24.0
STEP_MINUTES: Final = 15
PATIENCE_MS: Final = 20_000
RUNS_LIMIT_COUNT: Final = 1000
REST_MS: Final = 300
START_US: Final = 360_000
ROUNDING_US: Final = 1_000
PHASE_US: Final = 11_000
IN_STEP_S: Final = 20.0
STEPS: Final = ("asked", "permit", "window-asked", "keys", "opened")

# Follows a link inside the application, or waits for what was begun elsewhere, until the picture of an instant is
# there; when each step was done, in milliseconds.
WAIT_FOR_PICTURE: Final = """
async ([link, us, frameUs, patienceMs]) => {
  const marks = () => performance.getEntriesByType("mark").filter((mark) => mark.name.startsWith("replay-"));
  if (link !== "") {
    for (const mark of marks()) performance.clearMarks(mark.name);
    performance.mark("replay-followed");
    history.pushState(null, "", link);
  }
  const began = performance.now();
  for (;;) {
    const [shown] = performance.getEntriesByName("replay-shown");
    const [asked] = performance.getEntriesByName("replay-asked");
    const isThere = shown !== undefined && asked !== undefined && shown.startTime > asked.startTime;
    // The picture whose time holds the instant: not the key picture before it.
    if (isThere && Math.abs(asked.detail - us) < 1 && shown.detail <= us && us < shown.detail + frameUs) break;
    if (performance.now() - began > patienceMs) throw new Error(`no picture of ${us}`);
    await new Promise((done) => setTimeout(done, 5));
  }
  return Object.fromEntries(marks().map((mark) => [mark.name.slice("replay-".length), mark.startTime]));
}
"""
# Plays four cameras and reads, at every drawing, which numbered picture each canvas really shows.
WATCH_IN_STEP: Final = """
async ([seconds, bits]) => {
  const strip = new OffscreenCanvas(bits, 1);
  const context = strip.getContext("2d", { willReadFrequently: true });
  const numberOn = (canvas) => {
    const [wide, high] = [canvas.width / 16, canvas.height / 8];
    context.drawImage(canvas, 0, high / 4, wide * bits, high / 2, 0, 0, bits, 1);
    const { data } = context.getImageData(0, 0, bits, 1);
    let number = 0;
    for (let bit = 0; bit < bits; bit += 1) if (data[4 * bit] > 127) number |= 1 << bit;
    return number;
  };
  const canvases = [...document.querySelectorAll(".quad canvas")];
  const samples = [];
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    await new Promise((done) => requestAnimationFrame(done));
    samples.push(canvases.map((canvas) => (canvas.hidden ? -1 : numberOn(canvas))));
  }
  return samples;
}
"""
PATH_OF_REQUESTS: Final = "/demandes"


@dataclass(slots=True)
class Timed:
    """What one run took to each step, in milliseconds since it was asked for, and how many groups were fetched."""

    steps: dict[str, float]
    groups: int


@dataclass(slots=True)
class Fetches:
    """The stored groups that the page's workers ask the server for."""

    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Count from now on."""
        page.context.on(
            "request", lambda request: self.seen.append(request.url) if "/segments/" in request.url else None
        )


async def run(*, runs: int = 30, hours: float = DAY_H) -> dict[str, Any]:
    """The bench's JSON object over ``runs`` first frames and as many seeks, in a sealed recording of ``hours`` hours.

    BadInput for numbers out of range, Unavailable when Chromium, ffmpeg or playwright is missing.
    """
    if not 1 <= runs <= RUNS_LIMIT_COUNT or not 1 <= hours <= DAY_H:
        raise BadInput(f"De 1 à {RUNS_LIMIT_COUNT} passages, de 1 à 24 h.", where="vms bench playback")
    with tempfile.TemporaryDirectory(prefix="guet-bench-") as folder:
        async with bench_town(Path(folder) / "home", free_port(), CAMERAS) as town:
            day = await _prepare(town, Path(folder), hours)
            async with _chromium() as browser:
                figures = await _measure(browser, town, day, runs)
    return {
        "bench": "playback",
        "machine": {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()},
        "runs": runs,
        "sources": {
            "hours": hours,
            "groups": day.groups,
            "group_bytes": day.group_bytes,
            "cameras_in_step": len(CAMERAS),
        },
        "figures": {name: round(value, 2) for name, value in figures.items()},
    }


@dataclass(frozen=True, slots=True)
class Day:
    """The prepared recording: its bounds, and what a busy group weighs."""

    start: UtcTime
    end: UtcTime
    groups: int
    group_bytes: int

    def instants(self, count: int) -> list[int]:
        """Whole seconds inside busy minutes, by chance but the same at every run."""
        first = self.start.us - self.start.us % MINUTE_US + MINUTE_US
        minutes = [at for at in range(first, self.end.us - MINUTE_US, MINUTE_US) if is_busy(at)]
        chance = random.Random(20_261_124)  # noqa: S311  a choice of instants, not a secret
        chosen = [chance.choice(minutes) for _ in range(count)]
        return [at + chance.randrange(MINUTE_US // MICRO) * MICRO for at in chosen]


async def _prepare(town: BenchTown, folder: Path, hours: float) -> Day:
    busy = await make_clip(folder, "busy", "1920x1080", "4M", busy=True)
    quiet = await make_clip(folder, "quiet", "1920x1080", "200k", busy=False)
    small = await make_clip(folder, "small", "640x360", "500k", busy=True)
    preparer = Preparer(town, await town.web.commune_key(COMMUNE))
    # Groups do not begin on whole seconds, as they never do.
    start, end = past(town, hours + 1).plus(us=START_US), past(town, 1)
    groups = await preparer.write(CAMERAS[0], "main", start, end, lambda us: busy if is_busy(us) else quiet)
    for number, camera in enumerate(CAMERAS):
        # No two cameras take their pictures at the same instants.
        begin = end.plus(seconds=-60 * STEP_MINUTES, us=number * PHASE_US)
        await preparer.write(camera, "sub", begin, end, lambda _: small)
    weight = sum(unit.size_bytes() for group in busy.groups for unit in group) // len(busy.groups)
    return Day(start, end, groups, weight)


@asynccontextmanager
async def _chromium() -> AsyncIterator[Browser]:
    try:
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise Unavailable("playwright manque.", where="vms bench playback", todo="Lancez make ready.") from error
    if not Path(CHROMIUM).exists():
        raise Unavailable("Chromium manque.", where=CHROMIUM, todo="Installez le paquet chromium.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


async def _measure(browser: Browser, town: BenchTown, day: Day, runs: int) -> dict[str, float]:
    context = await browser.new_context(base_url=town.settings.public_url, locale="fr-FR", timezone_id="Europe/Paris")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    fetches = Fetches()
    fetches.watch(page)
    await _sign_in(page, town)
    firsts = [await _first_frame(page, fetches, us) for us in day.instants(runs)]
    seeks = [await _seek(page, fetches, us) for us in day.instants(2 * runs)[runs:]]
    found = playback_figures(firsts, seeks) | await _in_step(page, day)
    return found | {"day_index_kib": await _day_index_kib(page, day)}


async def _sign_in(page: Page, town: BenchTown) -> None:
    """Through the pages, as an agent who acts for the commune with a purpose."""
    await page.goto("/connexion")
    await page.get_by_label("Identifiant").fill(AGENT)
    await page.get_by_label("Mot de passe", exact=True).fill(town.password)
    await page.get_by_role("button", name="Continuer").click()
    await page.wait_for_url("**/commune**")
    await page.get_by_role("radio", name=COMMUNE_NAME).check(force=True)
    await page.get_by_label("Motif de la consultation").select_option(PURPOSE)
    await page.get_by_role("button", name=f"Agir pour {COMMUNE_NAME}").click()
    await page.wait_for_url(lambda url: "/commune" not in url)


async def _first_frame(page: Page, fetches: Fetches, us: int) -> Timed:
    """From a link on another page of the application to the picture: a new permit and new keys each time."""
    await page.evaluate("path => history.pushState(null, '', path)", PATH_OF_REQUESTS)
    await page.get_by_role("heading", level=1).first.wait_for()
    await page.wait_for_timeout(REST_MS)
    fetches.seen.clear()
    link = f"/relecture?camera={CAMERAS[0]}&t={us}"
    marks = await page.evaluate(WAIT_FOR_PICTURE, [link, us, FRAME_US + ROUNDING_US, PATIENCE_MS])
    return _timed(marks, "followed", fetches)


async def _seek(page: Page, fetches: Fetches, us: int) -> Timed:
    """From the dialog "Aller à…" of an open replay to the picture there: the same permit, new keys."""
    moment = UtcTime(us).datetime().astimezone(PARIS)
    await page.get_by_role("button", name="Aller à…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("spinbutton").first.click()
    await page.keyboard.type(moment.strftime("%d%m%Y%H%M%S"))  # each part goes on to the next
    await page.wait_for_timeout(REST_MS)
    fetches.seen.clear()
    await dialog.get_by_role("button", name="Aller à cet instant").click()
    marks = await page.evaluate(WAIT_FOR_PICTURE, ["", us, FRAME_US + ROUNDING_US, PATIENCE_MS])
    return _timed(marks, "asked", fetches)


async def _in_step(page: Page, day: Day) -> dict[str, float]:
    """Four cameras at normal speed: how far apart their pictures are, at every drawing."""
    us = day.end.us - (STEP_MINUTES - 1) * MINUTE_US
    await page.evaluate("path => history.pushState(null, '', path)", f"/relecture?cameras={','.join(CAMERAS)}&t={us}")
    await page.locator(".quad canvas:visible").nth(len(CAMERAS) - 1).wait_for()
    await page.wait_for_timeout(REST_MS)
    await page.get_by_role("button", name="Lecture", exact=True).click()
    await page.wait_for_timeout(3 * REST_MS)
    samples = await page.evaluate(WATCH_IN_STEP, [IN_STEP_S, NUMBER_BITS])
    return in_step_figures(samples, IN_STEP_S)


async def _day_index_kib(page: Page, day: Day) -> float:
    """What the page is told of the whole day before anything is opened: where pictures are, and why they are not."""
    asked = f"from_us={day.start.us}&to_us={day.end.us}"
    answer = await page.request.get(f"/api/v1/cameras/{CAMERAS[0]}/timeline?{asked}")
    return len(await answer.body()) / 1024


def in_step_figures(samples: Sequence[Sequence[int]], seconds: float) -> dict[str, float]:
    """The largest difference, in ms, between the capture times of pictures on screen together, and pictures a second.

    ``samples`` are the numbers read from the canvases at each drawing, in the cameras' order; they start again with the
    clip. Unavailable when a canvas showed no picture.
    """
    if not samples or any(number < 0 for sample in samples for number in sample):
        raise Unavailable("Une des caméras n’a pas montré d’image.", where="vms bench playback")
    frames = CLIP_S * MICRO // FRAME_US
    worst_us = 0
    for sample in samples:
        at = [number * FRAME_US + camera * PHASE_US for camera, number in enumerate(sample)]
        apart = [(one - at[0] + frames * FRAME_US // 2) % (frames * FRAME_US) for one in at]
        worst_us = max(worst_us, max(apart) - min(apart))
    changes = [sum(a[at] != b[at] for a, b in pairwise(samples)) for at in range(len(samples[0]))]
    return {"sync_error_max_ms": worst_us / 1000, "in_step_pictures_per_s": min(changes) / seconds}


def _timed(marks: dict[str, float], since: str, fetches: Fetches) -> Timed:
    begun = marks[since]
    steps = {name: at - begun for name, at in sorted(marks.items(), key=lambda mark: mark[1]) if at >= begun}
    return Timed(steps, len(fetches.seen))


def playback_figures(firsts: Sequence[Timed], seeks: Sequence[Timed]) -> dict[str, float]:
    """Medians and percentiles of first frames and seeks, in ms, and the most groups that one seek opened."""
    figures = {
        "first_frame_p50_ms": statistics.median(one.steps["first"] for one in firsts),
        "first_frame_p95_ms": percentile([one.steps["first"] for one in firsts], 95),
        "exact_frame_p50_ms": statistics.median(one.steps["shown"] for one in firsts),
        "exact_frame_p95_ms": percentile([one.steps["shown"] for one in firsts], 95),
        "seek_p50_ms": statistics.median(one.steps["shown"] for one in seeks),
        "seek_p95_ms": percentile([one.steps["shown"] for one in seeks], 95),
        "seek_groups_opened_max": float(max(one.groups for one in seeks)),
    }
    for name in STEPS:
        found = [one.steps[name] for one in firsts if name in one.steps]
        if found:
            figures[f"first_frame_{name.replace('-', '_')}_p50_ms"] = statistics.median(found)
    return figures


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
