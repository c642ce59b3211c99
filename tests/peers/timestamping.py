"""A time-stamping authority made of ``openssl ts`` behind a small HTTP server, and the ways one can misbehave."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[stamping]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""


class Authority:
    """The authority's folder: its root ``ca.pem``, and answers to queries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "tsa.cnf"
        self._config.write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "/dev/null")
        self._run(*new, "-subj", "/O=Autorité d’essai/CN=Racine", "-keyout", "ca.key", "-out", "ca.csr", "-utf8")
        extensions = ("-extfile", "tsa.cnf", "-days", "30")
        self._run(
            "x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", *extensions, "-extensions", "ca", "-out", "ca.pem"
        )
        self._run(*new, "-subj", "/O=Autorité d’essai/CN=Horodatage", "-keyout", "tsa.key", "-out", "tsa.csr", "-utf8")
        issued = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        self._run("x509", "-req", "-in", "tsa.csr", *issued, *extensions, "-extensions", "stamping", "-out", "tsa.pem")

    @property
    def roots(self) -> bytes:
        """The root certificate, PEM."""
        return (self.folder / "ca.pem").read_bytes()

    def answer(self, query: bytes) -> bytes:
        """The DER answer to a DER query."""
        (self.folder / "query").write_bytes(query)
        self._run("ts", "-reply", "-config", "tsa.cnf", "-section", "own", "-queryfile", "query", "-out", "answer")
        return (self.folder / "answer").read_bytes()

    def _run(self, *args: str) -> None:
        subprocess.run(("openssl", *args), cwd=self.folder, check=True, capture_output=True)


@dataclass
class Serving:
    """A running server: its address, and the queries it got."""

    url: str = ""
    queries: list[bytes] = field(default_factory=list)


@contextmanager
def served(
    answer: Callable[[bytes], bytes], content_type: str = "application/timestamp-reply", status: int = 200
) -> Iterator[Serving]:
    """Serve ``answer`` on loopback, one thread a request, until the block ends."""
    serving = Serving()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            serving.queries.append(query)
            body = answer(query)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    serving.url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield serving
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
