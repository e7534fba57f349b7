"""The network that tests make: its hosts reach each other, and nothing of it is left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.namespaces import (
    Host,
    hosts_on_a_switch,
    namespaces,
    run_in,
    skip_without_namespaces,
)
from tests.support.processes import all_gone, lives, until
from tests.support.remote_hosts import socket_gateway, ssh_server

SLEEPS = (sys.executable, "-I", "-S", "-c", "import signal; signal.pause()")
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 1), timeout=0.2)
except OSError as error:
    print(type(error).__name__)
"""


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """Three hosts."""
    skip_without_namespaces()
    with hosts_on_a_switch(3) as made:
        yield made


def connects(here: Host, there: Host) -> str:
    """Return how a connection to a port that nobody listens on ends."""
    return run_in(here, sys.executable, "-I", "-c", CONNECT, there.address).stdout.strip()


def test_hosts_reach_each_other_until_a_cable_is_pulled(hosts: list[Host]) -> None:
    first, second, third = hosts
    assert connects(first, second) == "ConnectionRefusedError"
    second.cut()
    assert connects(first, second) == connects(second, first) == "TimeoutError"
    assert connects(first, third) == "ConnectionRefusedError"
    second.mend()
    until(lambda: connects(first, second) == "ConnectionRefusedError")


def test_a_command_is_run_over_ssh(hosts: list[Host], tmp_path: Path) -> None:
    here, there, _ = hosts
    with ssh_server(there, tmp_path / "ssh") as config:
        ssh = ("ssh", "-F", config, there.address)
        done = run_in(here, *ssh, "ip -brief address show eth0")
        assert there.address in done.stdout, done.stderr
        # A host that pretends to be it is not believed.
        (tmp_path / "ssh" / "known_hosts").write_text("")
        assert "Host key verification failed" in run_in(here, *ssh, "true").stderr
    assert not there.pids()


def test_a_socket_gateway_runs_what_is_sent_to_it(hosts: list[Host], tmp_path: Path) -> None:
    here, there, _ = hosts
    script = """
import execnet, sys
gateway = execnet.makegateway(f"socket={sys.argv[1]}")
print(gateway.remote_exec("import os; channel.send(os.getpid())").receive())
"""
    with socket_gateway(there, tmp_path / "gateway") as where:
        process = there.pids()
        done = run_in(here, sys.executable, "-c", script, where)
        assert done.stdout.split() == [str(pid) for pid in process], done.stderr


def test_a_link_is_slow(hosts: list[Host]) -> None:
    here, there, _ = hosts
    assert connects(here, there) == "ConnectionRefusedError"
    # More than the client of these tests waits for.
    there.slow("500ms", "0%")
    assert connects(here, there) == "TimeoutError"


def test_nothing_is_left_when_a_test_fails() -> None:
    skip_without_namespaces()
    before = namespaces()
    pids: list[int] = []
    with suppress(ZeroDivisionError), hosts_on_a_switch(2) as (one, _):
        # In the background, so that it isn't the process that the test has started.
        run_in(one, "sh", "-c", '"$@" >/dev/null 2>&1 &', "sh", *SLEEPS)
        pids += one.pids()
        raise ZeroDivisionError
    assert len(pids) == 1
    assert all_gone(pids)
    assert namespaces() == before


def test_what_a_killed_run_has_left_is_removed_by_the_next() -> None:
    skip_without_namespaces()
    script = """
from tests.support.namespaces import hosts_on_a_switch
import os, signal, subprocess, sys
with hosts_on_a_switch(1) as (host,):
    # Nothing of ours is kept open by it.
    quiet = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
    child = subprocess.Popen(host.words(*sys.argv[1:]), **quiet)
    print(child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    process = subprocess.run(
        [sys.executable, "-c", script, *SLEEPS], capture_output=True, text=True, check=False
    )
    left = int(process.stdout)
    assert lives(left)
    with hosts_on_a_switch(1):
        assert not lives(left)
