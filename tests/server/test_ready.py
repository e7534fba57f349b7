"""A server is ready when every worker has reported and nobody else listens on its port."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.server.ready import ReadySocket, Reports, other_listeners
from pytest_djworkers.system.port import LOOPBACK
from pytest_djworkers.system.process import GuardedProcess
from tests.support.guarded import Guarded
from tests.support.listener import listener
from tests.support.processes import until

LONG_S = 15.0
SHORT_S = 0.3


@pytest.fixture
def process(guarded: Guarded) -> GuardedProcess:
    """Something that runs."""
    return guarded("import signal; signal.pause()")


# Workers that report.


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[ReadySocket]:
    """A socket for workers to report to."""
    made = ReadySocket(tmp_path / "ready")
    yield made
    made.close()


def report(ready: ReadySocket, *pids: int) -> None:
    """Report as workers with these process ids."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as worker:
        for pid in pids:
            worker.sendto(str(pid).encode(), str(ready.path))


def wait(ready: ReadySocket, process: GuardedProcess, workers: int, within_s: float) -> None:
    """Wait until that many workers have reported."""
    ready.wait(process, workers=workers, deadline=time.monotonic() + within_s)


def test_a_server_is_ready_when_all_workers_have_reported(
    ready: ReadySocket, process: GuardedProcess
) -> None:
    report(ready, 11, 12, 13)
    wait(ready, process, 3, LONG_S)
    assert ready.reports.loaded == {11, 12, 13}


def test_a_worker_that_reports_twice_counts_once(
    ready: ReadySocket, process: GuardedProcess
) -> None:
    report(ready, 11, 11)
    with pytest.raises(ServerStartError, match="1 of 2 workers got ready in time"):
        wait(ready, process, 2, SHORT_S)


def test_a_late_report_is_waited_for(ready: ReadySocket, guarded: Guarded) -> None:
    late = (
        "import os, socket, sys, time; time.sleep(0.1)\n"
        "worker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "worker.sendto(str(os.getpid()).encode(), sys.argv[1])\n"
        "time.sleep(60)\n"
    )
    process = guarded(late, str(ready.path))
    wait(ready, process, 1, LONG_S)
    assert ready.reports.loaded == {process.pid}


def test_a_worker_that_cannot_load_the_site_ends_the_wait(
    ready: ReadySocket, process: GuardedProcess
) -> None:
    report(ready, 11)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as worker:
        worker.sendto(b"failed 12", str(ready.path))
    with pytest.raises(ServerStartError, match="a worker could not load the site"):
        wait(ready, process, 2, LONG_S)


def test_the_end_of_the_process_ends_the_wait(ready: ReadySocket, guarded: Guarded) -> None:
    process = guarded("raise SystemExit(3)")
    with pytest.raises(ServerStartError, match=r"it ended \(exit status 3\)"):
        wait(ready, process, 1, LONG_S)


def test_reports_sent_just_before_the_process_ended_count(
    ready: ReadySocket, guarded: Guarded
) -> None:
    process = guarded("pass")
    report(ready, 11)
    until(lambda: process.status is not None)
    wait(ready, process, 1, LONG_S)


REPORTS = [
    pytest.param("11 12", 2, {11, 12}, id="each has loaded the site"),
    pytest.param("1 11<1 12<1", 2, {11, 12}, id="a master had, and forked them"),
    pytest.param("1 11<1", 1, {11}, id="it forked one"),
    pytest.param("1 11<1", 2, {11}, id="it has forked one of two"),
    pytest.param("1", 1, {1}, id="a server of one process"),
    pytest.param("11 12 21<11 22<11 23<12", 2, {11, 12}, id="they have forked for the site"),
    pytest.param("2 11<2 12<2", 2, {11, 12}, id="the master is not the first process"),
    pytest.param("2 11<2", 1, {2}, id="one that is not the first has forked for the site"),
    pytest.param("1 11<1 12<1 21<11", 2, {11, 12}, id="a fork of a master's fork"),
]


@pytest.mark.parametrize(("said", "wanted", "workers"), REPORTS)
def test_workers_are_told_apart_from_other_forks(said: str, wanted: int, workers: set[int]) -> None:
    """The server's first process has the id 1; ``11<1`` is process 11, forked by process 1."""
    reports = Reports()
    for report in said.split():
        reports.add(report.replace("<", " ").encode())
    assert reports.workers(wanted, 1) == workers


def test_closing_the_socket_removes_its_file(tmp_path: Path) -> None:
    for _ in range(2):
        made = ReadySocket(tmp_path / "again")
        made.close()
        assert not made.path.exists()


# Strangers on the port.


def test_another_process_that_listens_is_found() -> None:
    with listener() as (pid, port):
        assert other_listeners(LOOPBACK, port, frozenset()) == [f"process {pid}"]
        assert other_listeners(LOOPBACK, port, frozenset({pid})) == []


def test_a_process_that_shares_our_port_is_found() -> None:
    with socket.socket() as mine:
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        mine.bind((LOOPBACK, 0))
        mine.listen()
        port = mine.getsockname()[1]
        with listener("SO_REUSEPORT", port=port) as (pid, _):
            assert other_listeners(LOOPBACK, port, frozenset({os.getpid()})) == [f"process {pid}"]
        assert other_listeners(LOOPBACK, port, frozenset({os.getpid()})) == []


@pytest.mark.parametrize(("host", "is_one"), [("0.0.0.0", True), ("127.0.0.2", False)])
def test_only_listeners_that_receive_our_requests_count(host: str, is_one: bool) -> None:
    with listener(host=host) as (_, port):
        assert bool(other_listeners(LOOPBACK, port, frozenset())) is is_one
        assert other_listeners("127.0.0.2", port, frozenset())


def test_reserved_ports_and_connections_are_not_listeners() -> None:
    with socket.socket() as placeholder:
        placeholder.bind((LOOPBACK, 0))
        assert other_listeners(LOOPBACK, placeholder.getsockname()[1], frozenset()) == []
    with listener() as (pid, port), socket.create_connection((LOOPBACK, port)) as client:
        assert other_listeners(LOOPBACK, port, frozenset({pid})) == []
        assert other_listeners(LOOPBACK, client.getsockname()[1], frozenset()) == []
