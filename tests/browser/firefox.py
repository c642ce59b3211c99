"""Debian's Firefox ESR without a window, driven over WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/)."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

from tests.browser.media_rig import until

PATIENCE_S: Final = 60.0
MESSAGE_LIMIT_BYTES: Final = 64 * 1024 * 1024
URL_SHOWN_CHARS: Final = 200
# Started for the first time a profile asks, offers and fetches; a test wants none of it, and no word to anybody.
PREFERENCES: Final = {
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.aboutwelcome.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.auto": False,
    "media.autoplay.default": 0,
}


class BidiError(RuntimeError):
    """Firefox refused a command."""


@dataclass(slots=True)
class Firefox:
    """One tab. ``requests`` is what pages asked of anybody, ``complaints`` what they said on the console."""

    socket: ClientConnection
    context: str = ""
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _number: int = 0

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its answer; what happens meanwhile is noted."""
        self._number += 1
        self.socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        deadline = time.monotonic() + PATIENCE_S
        while True:
            said = json.loads(self.socket.recv(timeout=deadline - time.monotonic()))
            if said.get("id") == self._number:
                if said["type"] == "error":
                    raise BidiError(f"{method}: {said['error']}: {said['message']}")
                return dict(said["result"])
            self._note(said)

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "network.beforeRequestSent":
            self.requests.append(event["params"]["request"]["url"][:URL_SHOWN_CHARS])
        elif event.get("method") == "log.entryAdded":
            self.complaints.append(str(event["params"]["text"]))

    def open(self, url: str) -> None:
        """Go there, watched from the first byte on."""
        self.context = self.command("browsingContext.getTree")["contexts"][0]["context"]
        self.command("session.subscribe", events=["network.beforeRequestSent", "log.entryAdded"])
        self.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What an expression gives, a promise's value included: a string, number, boolean or None."""
        told = self.command(
            "script.evaluate", expression=expression, target={"context": self.context}, awaitPromise=True
        )
        if told["type"] == "exception":
            raise BidiError(told["exceptionDetails"]["text"])
        return told["result"].get("value")

    def wait(self, expression: str, holds: Callable[[Any], bool] = bool) -> Any:
        """Wait until the expression's value is as wanted, and give it."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds(value := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"still {value!r}: {expression}"
            time.sleep(0.05)
        return value

    def choose(self, selector: str, *files: Path) -> None:
        """Put files into an input, as its dialog would, once it is there."""
        self.wait(f"document.querySelector({json.dumps(selector)}) !== null")
        found = self.command(
            "browsingContext.locateNodes", context=self.context, locator={"type": "css", "value": selector}
        )
        element = {"sharedId": found["nodes"][0]["sharedId"]}
        self.command("input.setFiles", context=self.context, element=element, files=[str(one) for one in files])

    def press(self, key: str) -> None:
        """A key, down and up."""
        strokes = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        keys = {"type": "key", "id": "keyboard", "actions": strokes}
        self.command("input.performActions", context=self.context, actions=[keys])


@contextmanager
def firefox(profile: Path, program: str = "firefox-esr") -> Iterator[Firefox]:
    """A Firefox with a fresh profile; gone at the end."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines) + "\n")
    command = [program, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    said = profile / "stderr.log"  # a file: a pipe that nobody empties would hold it up one day
    with said.open("w") as log, subprocess.Popen(command, stderr=log, stdout=subprocess.DEVNULL) as process:
        try:
            offer = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
            address = until(lambda: offer.search(said.read_text(errors="replace")), lambda found: found is not None)
            with connect(f"{address[1]}/session", max_size=MESSAGE_LIMIT_BYTES, proxy=None) as socket:
                found = Firefox(socket)
                found.command("session.new", capabilities={})
                yield found
        finally:
            process.kill()
