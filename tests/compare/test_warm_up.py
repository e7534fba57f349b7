"""The warm-up of an arm: each worker of a real server gets connections."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.compare.arm_server import ArmServer
from pytest_djworkers.compare.arms import Arm
from pytest_djworkers.compare.numbers import DEFAULT_NUMBERS
from pytest_djworkers.compare.view_speed import measure_size
from pytest_djworkers.compare.warm_up import warm_up
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.runtime import this_runtime
from pytest_djworkers.system.port import ReservedPort
from tests.support.launches import JSON, spec_of
from tests.support.profiles import make_profile

WORKERS = 2


# Workers with uvloop accept all connections that are there: of eight launches, gunicorn-uvicorn
# left a worker idle in eight and uvicorn in three, however often they were all opened at once.
@pytest.mark.parametrize("name", ["gunicorn-uvicorn", "uvicorn", "hypercorn"])
def test_every_worker_gets_connections(folder: Path, name: str) -> None:
    port = ReservedPort()
    spec = spec_of(folder, port.number, WORKERS)
    arm = Arm("base", "main", BACKENDS[name], this_runtime(folder), {})
    try:
        with ArmServer(arm, spec, make_profile(JSON)) as server:
            server.start(BurstNeeds(8, JSON))
            server.wait_until_ready()
            size = measure_size(server, connections=None, timeout_s=5)
            warmed = warm_up(server, size, DEFAULT_NUMBERS)
    finally:
        port.release()
    assert warmed.idle_workers == 0
    assert len(warmed.cpu_of_workers or ()) == WORKERS
    assert warmed.report.served == size.connections
