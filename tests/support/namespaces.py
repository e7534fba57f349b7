"""Hosts on a network of their own: network namespaces of this machine, joined by a switch.

They need root, iproute2 and a kernel that has them. Nothing of them is on the machine's own
network, so their addresses can't be in anybody's way.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import lives, until

_PREFIX = "djworkers-test-"
# Programs for root may be off the PATH of a user who has become root.
SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
_WITHIN_S = 60.0
"""The time in which a command must end."""
_INTERFACE = "eth0"


@dataclass(frozen=True)
class Host:
    """A host of a network: a namespace with one interface, and the switch it is plugged into."""

    namespace: str
    address: str
    switch: str
    port: str
    """The switch's end of its cable."""

    def words(self, *command: object) -> list[str]:
        """Return the words of a command that is run in the host, for whoever starts it."""
        return [_ip_program(), "netns", "exec", self.namespace, *map(str, command)]

    def cut(self) -> None:
        """Pull its cable: nothing is told of it, nothing is refused, no packet comes through."""
        _ip("-n", self.switch, "link", "set", self.port, "down")

    def mend(self) -> None:
        """Plug its cable in again."""
        _ip("-n", self.switch, "link", "set", self.port, "up")

    def slow(self, delay: str, loss: str) -> None:
        """Delay what it sends, such as by ``20ms``, and lose a share of it, such as ``1%``.

        Skips the test where the kernel can't.
        """
        tc = shutil.which("tc", path=SEARCH_PATH)
        if tc is None:
            pytest.skip("there is no tc here: apt-get install iproute2")
        words = ("qdisc", "add", "dev", _INTERFACE, "root", "netem", "delay", delay, "loss", loss)
        done = _run([tc, "-n", self.namespace, *words])
        if "qdisc kind is unknown" in done.stderr:
            pytest.skip("this kernel has no netem, which delays and loses packets")
        assert done.returncode == 0, done.stderr

    def pids(self) -> list[int]:
        """Return the ids of the processes that run in it."""
        return _pids(self.namespace)


def run_in(host: Host, *command: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a host, to its end."""
    return _run(host.words(*command), **options)


@contextmanager
def started_in(host: Host, *command: object, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a host for as long as the block lasts."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            host.words(*command), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def hosts_on_a_switch(number: int) -> Iterator[list[Host]]:
    """Make a network of this many hosts, with the addresses 10.231.7.1, .2, and so on.

    All of it, and the processes in it, is gone when the block is left.
    """
    _remove_orphans()
    run = f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    with ExitStack() as stack:
        switch = stack.enter_context(_namespace(f"{run}-switch"))
        _ip("-n", switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", switch, "link", "set", "switch", "up")
        hosts = []
        for place in range(1, number + 1):
            namespace = stack.enter_context(_namespace(f"{run}-{place}"))
            host = Host(namespace, f"10.231.7.{place}", switch, f"port{place}")
            _plug_in(host)
            hosts.append(host)
        yield hosts


def skip_without_namespaces() -> None:
    """Skip the test where there are no network namespaces, in words."""
    if reason := _why_no_namespaces():
        pytest.skip(reason)


def namespaces() -> list[str]:
    """Return the names of the namespaces that this process has made."""
    return [name for name in _all_namespaces() if name.startswith(f"{_PREFIX}{os.getpid()}-")]


@cache
def _why_no_namespaces() -> str | None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can make network namespaces"
    if shutil.which("ip", path=SEARCH_PATH) is None:
        return "there is no ip here: apt-get install iproute2"
    try:
        with hosts_on_a_switch(1):
            return None
    except AssertionError as error:
        return f"this kernel makes no network namespaces with a switch: {error}"


def _plug_in(host: Host) -> None:
    """Join a host and its switch by a cable: two ends, each of which is in its namespace."""
    peer = ("type", "veth", "peer", "name", host.port, "netns", host.switch)
    _ip("-n", host.namespace, "link", "add", _INTERFACE, *peer)
    _ip("-n", host.switch, "link", "set", host.port, "master", "switch", "up")
    _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", _INTERFACE)
    _ip("-n", host.namespace, "link", "set", _INTERFACE, "up")
    _ip("-n", host.namespace, "link", "set", "lo", "up")


@contextmanager
def _namespace(name: str) -> Iterator[str]:
    _ip("netns", "add", name)
    try:
        yield name
    finally:
        _remove(name)


def _remove(name: str) -> None:
    """Remove a namespace with its processes and interfaces."""
    # With processes in it, it would live on without a name.
    until(lambda: not _killed(name))
    _ip("netns", "del", name)


def _killed(name: str) -> list[int]:
    """Kill the processes that are in a namespace now; return their ids."""
    pids = _pids(name)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pids


def _pids(name: str) -> list[int]:
    return [int(pid) for pid in _ip("netns", "pids", name).split()]


def _remove_orphans() -> None:
    """Remove what a run has left behind that was killed."""
    for name in _all_namespaces():
        pid = name.removeprefix(_PREFIX).partition("-")[0]
        if name.startswith(_PREFIX) and not lives(int(pid)):
            # Another process may be at it.
            with suppress(AssertionError):
                _remove(name)


def _all_namespaces() -> list[str]:
    # A line has the namespace's number, too, if it has one.
    return [line.split()[0] for line in _ip("netns", "list").splitlines()]


def _ip_program() -> str:
    found = shutil.which("ip", path=SEARCH_PATH)
    assert found is not None
    return found


def _ip(*words: str) -> str:
    done = _run([_ip_program(), *words])
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}"
    return done.stdout


def _run(words: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=_WITHIN_S, **options
    )
