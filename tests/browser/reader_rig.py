"""A package of two cameras whose every picture carries its number, and a page that has the reader open from a file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page

from recorder.export.exporter import ExportJob
from recorder.export.plan import StreamPlan, Wanted, plan_stream
from recorder.recording.writer import StreamWriter
from recorder.stream.fragmenter import fragment, init_segment
from tests.browser.numbered_video import FRAME_US, GROUP_FRAMES, Numbered
from tests.fakes.extraction import (
    KEEPER_PUBLIC,
    SIGNING,
    ExportDesk,
    exported_by,
    job_for,
    journal_proofs,
    opened_package,
)
from tests.fakes.recording import CAMERA, COMMUNE, START, Rig
from tests.peers.timestamping import Authority
from vms.clock import MICRO, PARIS, SystemClock, UtcTime
from vms.evidence.timestamp import request
from vms.keeper.gate.permit import LIFETIME_US, Permit, PermitPayload, sign_permit, verify_permit
from vms.keeper.protocol import Act

OTHER: Final = "valclair-c02"
GROUP_US: Final = GROUP_FRAMES * FRAME_US
# The first camera: 8 s, an absence of 6 s, 6 s; the second one: 12 s that begin 2 s later.
FIRST_GROUPS: Final = 8
ABSENCE_US: Final = 6 * MICRO
SECOND_GROUPS: Final = 6
OTHER_FROM_US: Final = 2 * MICRO
OTHER_GROUPS: Final = 12
OTHER_FIRST: Final = 400
FRAMES: Final = OTHER_FIRST + OTHER_GROUPS * GROUP_FRAMES
END_US: Final = START.us + FIRST_GROUPS * GROUP_US + ABSENCE_US + SECOND_GROUPS * GROUP_US


def number_at(us: int) -> int:
    """The number of the first camera's picture at an offset (µs) from the beginning, past the absence as before it."""
    after = FIRST_GROUPS * GROUP_US + ABSENCE_US
    at = us if us < FIRST_GROUPS * GROUP_US else us - after + FIRST_GROUPS * GROUP_US
    return at // FRAME_US


def _permit() -> Permit:
    now = SystemClock().utc()
    payload = PermitPayload(
        id="0" * 31 + "1",
        session="s1",
        person="p-1",
        act=Act.EXPORT,
        commune=COMMUNE,
        cameras=(CAMERA, OTHER),
        from_us=START.plus(days=-1).us,
        to_us=START.plus(days=1).us,
        issued_us=now.us,
        expires_us=now.us + LIFETIME_US,
    )
    return verify_permit(sign_permit(payload, SIGNING), KEEPER_PUBLIC, now)


async def _record(writer: StreamWriter, video: Numbered, first: int, groups: int, start_us: int) -> None:
    for group in range(groups):
        at = start_us + group * GROUP_US
        numbers = range(first + group * GROUP_FRAMES, first + (group + 1) * GROUP_FRAMES)
        units = [video.at(number, at + i * FRAME_US) for i, number in enumerate(numbers)]
        end = START.plus(us=at + GROUP_US - START.us)
        plain = init_segment(video.fmt) + fragment(units, video.fmt, group + 1, end)
        await writer.group([plain], units[0].utc, end, len(units), video.fmt, "zs-1")


async def make_package(folder: Path, video: Numbered, authority: Authority | None = None) -> Path:
    """Record both cameras through real writers and extract them as the exporter does; the package in clear.

    With an ``authority`` its seal is time-stamped.
    """
    rig = await Rig(folder).prepare()
    writer, other = rig.writer(), rig.writer(camera=OTHER)
    await writer.start()
    await other.start()
    await _record(writer, video, 0, FIRST_GROUPS, START.us)
    rig.clock.step(seconds=8)
    await writer.absence(START.plus(us=FIRST_GROUPS * GROUP_US), "stream-stalled")
    resumed_us = START.us + FIRST_GROUPS * GROUP_US + ABSENCE_US
    await _record(writer, video, FIRST_GROUPS * GROUP_FRAMES, SECOND_GROUPS, resumed_us)
    await _record(other, video, OTHER_FIRST, OTHER_GROUPS, START.us + OTHER_FROM_US)
    rig.clock.step(seconds=600)
    await writer.close()
    await other.close()
    job = await job_for(rig, folder / "p.guetpkg", START.us, END_US, authority.roots if authority else b"")
    wanted = Wanted(COMMUNE, OTHER, "Gare, parvis", "mât 14", "main", START.us, END_US)
    plan = await plan_stream(rig.engine, rig.store, wanted, rig.clock.utc().us)
    stamped = (lambda data: authority.answer(request(data).der)) if authority else None
    desk = ExportDesk(rig, _permit, stamped)
    exported = await exported_by(_permit(), _with_plan(job, plan), desk)
    await rig.close()
    return opened_package(exported, folder / "E-0001.zip")


def _with_plan(job: ExportJob, plan: StreamPlan) -> ExportJob:
    plans = (*job.plans, plan)
    proofs = journal_proofs(plan.from_us, plan.to_us, *(one.camera for one in plans))
    return replace(job, plans=plans, proofs=proofs)


UI: Final = Path(__file__).resolve().parents[2] / "web" / "ui"
PATIENCE_S: Final = 60.0
# The number in a picture's blocks; −1 when there is none to see.
NUMBER: Final = """(canvas) => {
  if (canvas.hidden || canvas.width < 320) return -1;
  const { data } = canvas.getContext('2d').getImageData(0, 20, 320, 1);
  let number = 0;
  for (let bit = 0; bit < 16; bit += 1) if (data[4 * (bit * 20 + 10)] > 128) number += 2 ** bit;
  return number;
}"""


def build_reader(out: Path) -> Path:
    """The reader as it is shipped, built from the sources of this moment."""
    vite = UI / "node_modules" / "vite" / "bin" / "vite.js"
    command = ["node", str(vite), "build", "--config", "vite.reader.config.ts", "--outDir", str(out)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, check=True, cwd=UI, env={**os.environ, "PATH": path}, capture_output=True, timeout=240)
    return out / "lecteur-guet.html"


@dataclass(slots=True)
class ReaderPage:
    """The reader in a page, used as a person does; ``requests`` is what it asked of anybody but itself."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @staticmethod
    def load(page: Page, reader: Path) -> ReaderPage:
        """Open the reader's file, watched from its first byte on."""
        found = ReaderPage(page)
        page.on("request", lambda request: found._asked(request.url, reader))
        page.on("websocket", lambda socket: found.requests.append(socket.url))
        # Reading the numbers back from a canvas is the test's doing, and Chromium remarks on it.
        page.on("console", lambda said: "getImageData" in said.text or found.complaints.append(said.text))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.goto(reader.as_uri())
        return found

    def _asked(self, url: str, reader: Path) -> None:
        if not url.startswith(("blob:null/", "data:")) and url != reader.as_uri():
            self.requests.append(url)

    def open(self, package: Path, *keys: Path) -> None:
        """Choose a package, and key files with it, as one would in the browser's dialog."""
        for key in keys:
            self.page.get_by_label("Fichier de clé").set_input_files(key)
        self.page.get_by_label("Fichier du paquet").set_input_files(package)

    def verdict(self) -> str:
        """The verdict's words once the verification is over."""
        self.page.locator(".verdict").wait_for()
        self.page.locator(".verdict-progress").wait_for(state="detached")
        return self.page.locator(".verdict h1").inner_text()

    def number(self, camera: int = 1) -> int:
        """Which picture a camera's canvas shows."""
        return int(self.page.locator(f"article:nth-of-type({camera}) canvas").evaluate(NUMBER))

    def see(self, wanted: Callable[[int], bool], camera: int = 1) -> int:
        """Wait for a picture."""
        deadline = time.monotonic() + PATIENCE_S
        while not wanted(number := self.number(camera)):
            assert time.monotonic() < deadline, f"still {number}"
            self.page.wait_for_timeout(20)
        return number

    def go_to(self, us: int) -> None:
        """Type a date and a time of Paris, to the second, and go there."""
        at = UtcTime(us).datetime().astimezone(PARIS)
        self.page.get_by_label("Date", exact=True).fill(at.strftime("%d/%m/%Y"))
        self.page.get_by_label("Heure", exact=True).fill(at.strftime("%H:%M:%S"))
        self.page.get_by_role("button", name="Aller à cet instant").click()

    def freeze(self) -> None:
        """Stop on the picture, if it plays."""
        button = self.page.get_by_role("button", name="Arrêt sur image")
        if button.count():
            button.click()

    def saved(self, press: Callable[[], None]) -> tuple[str, bytes]:
        """What a press hands to the browser's download: its name and bytes."""
        with self.page.expect_download() as told:
            press()
        return told.value.suggested_filename, Path(told.value.path()).read_bytes()


DESKTOP: Final = {"width": 1440, "height": 900}
PHONE: Final = {"width": 390, "height": 844}


def plain(text: str | None) -> str:
    """With ordinary spaces, for comparing."""
    return (text or "").replace("\u00a0", " ").replace("\u202f", " ")


def new_page(browser: Browser, **options: Any) -> Page:
    page = browser.new_context(viewport=options.pop("viewport", DESKTOP), accept_downloads=True, **options).new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    return page
