"""Agents on other machines, as they are used: hosts on a network, an sshd, a socket gateway.

Hosts are network namespaces of this machine, whose CPUs they share: so all these loads are light.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest import ExitCode  # noqa: PT013  # `pytest` is a method of Site

from tests.support.namespaces import Host, hosts_on_a_switch, skip_without_namespaces
from tests.support.processes import until
from tests.support.remote_hosts import socket_gateway, ssh_server
from tests.support.site import GENTLE, PYTEST, URLS, Site

# The view notes each client that has sent so many requests.
NOTING = """

from collections import Counter
from pathlib import Path

seen = Counter()


def noting(request):
    client = request.META["REMOTE_ADDR"]
    seen[client] += 1
    if seen[client] == 30:
        Path(f"seen-{client}").touch()
    return JsonResponse({})


urlpatterns.append(path("noting", noting))
"""
TEST = """
@pytest.mark.min_rps(1)
def test_noting(burst):
    burst("/noting", rate={rate})
"""
# A view that sleeps: the load of a closed loop is that of its connections, and takes little CPU.
CLOSED_LOOP = """
def test_closed_loop(burst):
    burst("/sleep/50")
"""
AT_ONCE, RATE = 4, 100
"""The connections and requests/s of each agent."""
NOISE = 0.1
TAKES_AT_MOST_S = 60


@dataclass(frozen=True)
class Bench:
    """A host that serves a site, and two that fire."""

    site: Site
    serving: Host
    firing: Mapping[str, Host]
    """The hosts by the kind of their agents: ``ssh`` and ``socket``."""

    @contextmanager
    def run(
        self, test: str, *kinds: str, duration: str = "2s", more: tuple[str, ...] = ()
    ) -> Iterator[subprocess.Popen[str]]:
        """Start pytest on the host that serves, with agents of these kinds, and ``more`` flags."""
        self.site.test(test.format(rate=RATE * len(kinds)))
        address = self.serving.address
        flags: tuple[str, ...] = (
            f"--djworkers-bind={address}",
            f"--djworkers-allow-host={address}",
            f"--djworkers-connections={AT_ONCE * len(kinds)}",
            f"--djworkers-duration={duration}",
            "--djworkers-report=load.json",
            *more,
        )
        with self._agents(*kinds) as agents:
            flags += (f"--djworkers-agents={agents}",)
            words = (*PYTEST, "--djworkers=granian", *GENTLE, *flags)
            with subprocess.Popen(
                self.serving.words(*words),
                cwd=self.site.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process:
                try:
                    yield process
                finally:
                    process.kill()

    @contextmanager
    def _agents(self, *kinds: str) -> Iterator[str]:
        """Start what agents of these kinds are reached by; the value of ``--djworkers-agents``."""
        folder = Path(tempfile.mkdtemp(dir=self.site.folder))
        with ExitStack() as stack:
            specs = []
            if "ssh" in kinds:
                there = self.firing["ssh"]
                config = stack.enter_context(ssh_server(there, folder / "ssh"))
                options = f"//ssh_config={config}//python={sys.executable}"
                specs.append(f"ssh=root@{there.address}{options}")
            if "socket" in kinds:
                where = stack.enter_context(
                    socket_gateway(self.firing["socket"], folder / "socket")
                )
                specs.append(f"socket={where}")
            yield ",".join(specs)

    def bursts(self) -> list[dict[str, Any]]:
        """The bursts of the last run, as its report has them."""
        document: dict[str, Any] = json.loads((self.site.folder / "load.json").read_text())
        return list(document["bursts"])


@pytest.fixture
def bench(site: Site) -> Iterator[Bench]:
    """Three hosts, and a site on the first."""
    skip_without_namespaces()
    site.write("urls.py", URLS + NOTING)
    with hosts_on_a_switch(3) as (serving, ssh, socket):
        yield Bench(site, serving, {"ssh": ssh, "socket": socket})


@pytest.mark.matrix
def test_agents_on_two_machines_fire_together(bench: Bench) -> None:
    with bench.run(TEST, "ssh", "socket", duration="500ms") as process:
        said, _ = process.communicate(timeout=TAKES_AT_MOST_S)
    assert process.returncode == ExitCode.OK, said
    (burst,) = bench.bursts()
    assert burst["record"]["result"]["generator"]["agents"] == 2
    assert burst["figures"]["rps"] == pytest.approx(2 * RATE, rel=NOISE)
    # Both were where they should be.
    for there in bench.firing.values():
        assert (bench.site.folder / f"seen-{there.address}").exists()


def fired(bench: Bench, *kinds: str) -> list[float]:
    """Return the requests/s of both loads, which agents of these kinds have fired."""
    with bench.run(TEST + CLOSED_LOOP, *kinds) as process:
        said, _ = process.communicate(timeout=TAKES_AT_MOST_S)
    assert process.returncode == ExitCode.OK, said
    bursts = bench.bursts()
    assert [one["record"]["result"]["generator"]["agents"] for one in bursts] == [len(kinds)] * 2
    return [one["figures"]["rps"] for one in bursts]


@pytest.mark.matrix
def test_the_figures_of_two_agents_are_the_sum_of_each(bench: Bench) -> None:
    paced, closed = fired(bench, "ssh", "socket")
    paced_ssh, closed_ssh = fired(bench, "ssh")
    paced_socket, closed_socket = fired(bench, "socket")
    # At a fixed rate, each agent sends what it is told to, unless the machine is overloaded.
    assert paced == pytest.approx(2 * RATE, rel=0.01)
    assert paced == pytest.approx(paced_ssh + paced_socket, rel=0.01)
    assert closed == pytest.approx(closed_ssh + closed_socket, rel=NOISE)


@pytest.mark.matrix
def test_workers_of_pytest_xdist_take_turns_at_a_gateway(bench: Bench) -> None:
    # A socket server serves one of them at a time, and each of them has more than one test.
    tests = "".join(CLOSED_LOOP.replace("closed_loop", f"loop_{number}") for number in range(4))
    with bench.run(tests, "ssh", "socket", duration="500ms", more=("-n2",)) as process:
        said, _ = process.communicate(timeout=TAKES_AT_MOST_S)
    assert process.returncode == ExitCode.OK, said
    assert [one["record"]["result"]["generator"]["agents"] for one in bench.bursts()] == [2] * 4


@pytest.mark.matrix
@pytest.mark.parametrize("cut", ["ssh", "socket"])
def test_an_agent_that_is_cut_off_is_missing_and_fails_the_limits(bench: Bench, cut: str) -> None:
    there = bench.firing[cut]
    with bench.run(TEST, "ssh", "socket") as process:
        until(lambda: (bench.site.folder / f"seen-{there.address}").exists())
        there.cut()
        said, _ = process.communicate(timeout=TAKES_AT_MOST_S)
    assert process.returncode == ExitCode.TESTS_FAILED, said
    assert "1 of 2 agents lost, with 4 of 8 connections" in said
    (burst,) = bench.bursts()
    # What the other one has counted is there.
    assert burst["figures"]["rps"] == pytest.approx(RATE, rel=NOISE)
    assert burst["record"]["result"]["generator"]["agents"] == 1
    (limit,) = burst["record"]["limits"]
    assert limit["miss"]


@pytest.mark.matrix
def test_a_link_that_is_slow_and_loses_packets_is_in_the_latency(bench: Bench) -> None:
    bench.firing["ssh"].slow("50ms", "1%")
    with bench.run(TEST, "ssh") as process:
        said, _ = process.communicate(timeout=TAKES_AT_MOST_S)
    assert process.returncode == ExitCode.OK, said
    (burst,) = bench.bursts()
    assert burst["figures"]["p50_s"] >= 0.05
    assert burst["figures"]["errors"] == 0
