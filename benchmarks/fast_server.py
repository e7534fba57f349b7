"""nginx as the fast server: one process on a CPU of its own, which counts its requests."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.system.port import ReservedPort

HOST = "127.0.0.1"
PATH = "/json"
BODY = '{"greeting": "Hello", "numbers": [1, 2, 3, 4, 5, 6, 7, 8, 9], "text": "' + "x" * 60 + '"}'
"""About 300 bytes with nginx's head, as small JSON responses have."""
_READY_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.02
# One process without logs is as fast as nginx gets on one CPU. Connections are never closed: by
# default nginx closes each after 1000 requests. The folders for temporary files are the run's own,
# so that nginx doesn't need to be root. The status page counts the requests.
_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_rlimit_nofile 20000;
events {{
    worker_connections 16384;
    multi_accept on;
}}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {host}:{port} backlog=4096;
        location = /status {{
            stub_status;
        }}
        location = {path} {{
            default_type application/json;
            return 200 '{body}';
        }}
    }}
}}
"""
_STATUS = re.compile(
    r"Active connections: (\d+)\s+server accepts .*?\n\s*\d+\s+\d+\s+(\d+)", re.DOTALL
)


@dataclass(frozen=True)
class FastServer:
    """A running nginx."""

    address: tuple[str, int]
    pid: int
    status: http.client.HTTPConnection

    def count(self) -> tuple[int, int]:
        """Return the number of open connections, and of requests so far.

        The connection of ``count`` itself is left out; its requests are counted.
        """
        self.status.request("GET", "/status")
        page = self.status.getresponse().read().decode()
        match = _STATUS.search(page)
        if match is None:
            raise RuntimeError(f"nginx's status page reads {page!r}")
        # One of the open connections is ours.
        return int(match[1]) - 1, int(match[2])


@contextmanager
def fast_server(cpu: int) -> Iterator[FastServer]:
    """Run nginx in a folder of its own, pinned to ``cpu``.

    Raises FileNotFoundError if nginx is not on PATH, RuntimeError if it doesn't start.
    """
    program = shutil.which("nginx")
    if program is None:
        raise FileNotFoundError("nginx is not on PATH")
    port = ReservedPort()
    with tempfile.TemporaryDirectory(prefix="djworkers-") as name:
        configuration = Path(name) / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(folder=name, host=HOST, port=port.number, path=PATH, body=BODY)
        )
        log = Path(name) / "error.log"
        command = [program, "-p", name, "-e", str(log), "-c", str(configuration)]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            # nginx has one process and one thread, so this moves all of it.
            os.sched_setaffinity(server.pid, {cpu})
            address = (HOST, port.number)
            yield FastServer(address, server.pid, _connect(address, server, log))
        finally:
            server.kill()
            server.wait()
            port.release()


def _connect(
    address: tuple[str, int], server: subprocess.Popen[bytes], log: Path
) -> http.client.HTTPConnection:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        # A connection that failed to connect can't be used again.
        connection = http.client.HTTPConnection(*address)
        try:
            connection.connect()
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nginx did not start: {log.read_text()}") from None
            time.sleep(_LOOK_EVERY_S)
        else:
            return connection
