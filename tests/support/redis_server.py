"""A Redis of the tests' own, from the machine's program, on a port and in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_djworkers.system.log import tail
from pytest_djworkers.system.port import LOOPBACK, ReservedPort
from pytest_djworkers.system.process import GuardedProcess
from tests.support.processes import until

if TYPE_CHECKING:
    import redis

MISSING = (
    "needs the program redis-server: install your system's package (Debian and Ubuntu: apt-get"
    " install redis-server), or put it on PATH"
)


@pytest.fixture
def real_redis(tmp_path: Path) -> Iterator[redis.Redis]:
    """A connection to a Redis that ends with the test."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip(MISSING)  # says which program is missing
    import redis

    port = ReservedPort()
    log = tmp_path / "redis.log"
    process = GuardedProcess(
        [
            *(program, "--bind", LOOPBACK, "--port", str(port.number)),
            *("--save", "", "--appendonly", "no"),
        ],
        log=log,
        environment={"PATH": os.defpath},
        folder=tmp_path,
    )
    client = redis.Redis(LOOPBACK, port.number)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    try:
        until(lambda: process.status is not None or answers(), within_s=30)
        assert process.status is None, tail(log)
        yield client
        assert process.pid is not None
        client.close()
        os.kill(process.pid, signal.SIGTERM)
        until(lambda: process.status is not None)
    finally:
        process.stop()
        port.release()
