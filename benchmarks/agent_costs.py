"""The costs of one agent of the built-in generator: CPU time, memory, and opened connections.

The server is nginx on a CPU of its own, the agent has the other one, and both talk over loopback.
The numbers of connections take turns, and the table has medians over several turns, with the
lowest and the highest. ``million.py`` computes from them what a million of each takes.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from fast_server import PATH, FastServer, fast_server
from machine import describe_machine, locked
from pytest_djworkers.load.agent_group import AgentGroup, local_agents
from pytest_djworkers.load.generator import Target, hard_limit, lack_of_descriptors
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from speed import Speed, built_in, leaves, measure, pinned
from tables import Table, finish

TOOL, SERVER = 0, 1
"""The numbers of the two CPUs."""
FEW, MOST = 64, 10_000
MANY = (1000, 5000, MOST)
SLOW, FAST = (5000, 500.0), (MOST, 10_000.0)
"""Connections and requests/s at a fixed rate: each sends one in 10 s, or one in a second."""
_WINDOW_S = 2.0
_RATE_WINDOW_S = 6.0
"""Longer, since the kernel counts CPU time in steps of 10 ms, of which few requests need few."""
_OPEN_FOR_S = 2.0
_KIB = 1024

CPU = "CPU time per request, µs"
CPU_AT_RATE = "CPU time per request at a fixed rate, one in 10 s, µs"
CPU_AT_FAST_RATE = "CPU time per request at a fixed rate, one in 1 s, µs"
RPS = "requests/s on one core"
PROCESS = "memory of an agent with one connection, MiB"
MEMORY = "memory of an agent per connection, KiB"
KERNEL = "memory of the kernel per end of a connection, KiB"
OPENED = "connections opened per second"
OPENING_CPU = "CPU time to open a connection, µs"
PACKETS = "packets per request and response"
REQUEST = "bytes of a request"
HEAD = "bytes of a response's head"
_ORDER = (
    *(CPU, RPS, CPU_AT_RATE, CPU_AT_FAST_RATE, PROCESS, MEMORY, KERNEL, OPENED, OPENING_CPU),
    *(PACKETS, REQUEST, HEAD),
)

Samples = dict[tuple[str, int], list[float]]
"""The samples of each figure, by its name and the number of connections."""


def add_speeds(samples: Samples, server: FastServer) -> None:
    """Add the agent's CPU time per request and its requests/s, in a closed loop and at a rate."""
    for connections in (FEW, *MANY):
        speed = _speed(server, connections, None)
        samples.setdefault((CPU, connections), []).append(speed.cpu_us)
        samples.setdefault((RPS, connections), []).append(speed.rps)
    for name, (connections, rate) in ((CPU_AT_RATE, SLOW), (CPU_AT_FAST_RATE, FAST)):
        speed = _speed(server, connections, rate)
        samples.setdefault((name, connections), []).append(speed.cpu_us)


def _speed(server: FastServer, connections: int, rate: float | None) -> Speed:
    window_s = _RATE_WINDOW_S if rate else _WINDOW_S
    with locked():
        speed = measure(server, built_in(1, {TOOL}, rate=rate), connections, window_s)
    if isinstance(speed, str):
        raise RuntimeError(f"{connections} connections: {speed}")
    return speed


def add_memory(samples: Samples, server: FastServer) -> None:
    """Add the memory of the agent, and of the kernel, with connections that are mostly idle."""
    alone, _ = _memory(server, 1)
    samples.setdefault((PROCESS, 1), []).append(alone / _KIB**2)
    for connections in MANY:
        own, kernel = _memory(server, connections)
        samples.setdefault((MEMORY, connections), []).append((own - alone) / connections / _KIB)
        # Both ends are on this machine.
        per_end = kernel / connections / 2 / _KIB
        samples.setdefault((KERNEL, connections), []).append(per_end)


def _memory(server: FastServer, connections: int) -> tuple[int, int]:
    """Return the bytes that the agent has, and the kernel has more than before."""
    before = _kernel_bytes()
    # Each connection is used every two seconds, so that it has had a response.
    with locked(), built_in(1, {TOOL}, rate=connections / 2)(server, connections, _OPEN_FOR_S):
        while server.count()[0] < connections:
            time.sleep(0.05)
        time.sleep(_OPEN_FOR_S)
        (agent,) = leaves(server)
        return agent.memory_info().rss, _kernel_bytes() - before


def _kernel_bytes() -> int:
    """Return the bytes of the kernel's objects: sockets, files, buffers and all others."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("Slab:"):
            return int(line.split()[1]) * _KIB
    raise RuntimeError("/proc/meminfo has no Slab")


def add_opening(samples: Samples, server: FastServer) -> None:
    """Add the speed at which an agent opens connections, and the CPU time that it needs."""
    # The start of the process is in both times, and so in no difference of them.
    first_s, first_cpu_s = _opening(server, 1)
    last_s, last_cpu_s = _opening(server, MOST)
    more = MOST - 1
    samples.setdefault((OPENED, MOST), []).append(more / (last_s - first_s))
    samples.setdefault((OPENING_CPU, MOST), []).append((last_cpu_s - first_cpu_s) / more * 1e6)


def _opening(server: FastServer, connections: int) -> tuple[float, float]:
    """Return the seconds and the CPU seconds until an agent has all connections open."""
    profile = Profile("opening", SentRequest(PATH), Shape(connections))
    with (
        locked(),
        tempfile.TemporaryDirectory(prefix="djworkers-") as folder,
        pinned({TOOL}),
    ):
        target = Target(server.address, Path(folder))
        began_s = time.monotonic()
        with AgentGroup(local_agents(1), target) as agents:
            agents.open(profile, target, drain_s=0.0)
            seconds = time.monotonic() - began_s
            (agent,) = leaves(server)
            times = agent.cpu_times()
    return seconds, times.user + times.system


def add_packets(samples: Samples, server: FastServer) -> None:
    """Add the number of packets that loopback has for each request, whoever sends them."""
    with locked(), built_in(1, {TOOL})(server, MANY[0], _WINDOW_S):
        while server.count()[0] < MANY[0]:
            time.sleep(0.05)
        packets, requests = psutil.net_io_counters(pernic=True)["lo"], server.count()[1]
        time.sleep(_WINDOW_S / 2)
        more = psutil.net_io_counters(pernic=True)["lo"].packets_sent - packets.packets_sent
        samples.setdefault((PACKETS, MANY[0]), []).append(more / (server.count()[1] - requests))


def add_sizes(samples: Samples, server: FastServer) -> None:
    """Add the lengths of a request and of a response's head, as they are sent."""
    host, port = server.address
    request = SentRequest(PATH).encode(f"{host}:{port}")
    with socket.create_connection(server.address) as connection:
        connection.sendall(request)
        head, _, _ = connection.recv(1 << 16).partition(b"\r\n\r\n")
    samples[REQUEST, 1] = [len(request)]
    samples[HEAD, 1] = [len(head) + len(b"\r\n\r\n")]


def measured_table(samples: Samples) -> Table:
    """Return the table of all figures."""
    columns = (
        ("figure", 54),
        ("connections", 11),
        ("median", 9),
        ("lowest", 9),
        ("highest", 9),
        ("times", 5),
    )
    table = Table("The costs of one agent", columns)
    for (name, connections), values in sorted(samples.items(), key=_place):
        figures = (statistics.median(values), min(values), max(values))
        cells = (_written(figure) for figure in figures)
        table.add(name, f"{connections:,}", *cells, str(len(values)))
    return table


def _written(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000 or figure == int(figure) else f"{figure:,.1f}"


def _place(item: tuple[tuple[str, int], Sequence[float]]) -> tuple[int, int]:
    """Return the row's place in the table."""
    (name, connections), _ = item
    return _ORDER.index(name), connections


PARTS: tuple[Callable[[Samples, FastServer], None], ...] = (
    add_speeds,
    add_memory,
    add_opening,
    add_packets,
    add_sizes,
)


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="the number of samples; 5 unless told")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table there as well")
    return parser.parse_args()


def main() -> int:
    """Print the table."""
    arguments = parse_arguments()
    if shutil.which("nginx") is None:
        print("nginx is not on PATH")
        return 2
    if len(psutil.Process().cpu_affinity() or []) < 2:
        print("two CPUs are needed, one for the agent and one for the server")
        return 2
    if reason := lack_of_descriptors(MOST, hard_limit()):
        print(reason)
        return 2
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(describe_machine())
    samples: Samples = {}
    with fast_server(SERVER) as server:
        for _ in range(arguments.turns):
            for part in PARTS:
                part(samples, server)
    return finish([measured_table(samples)], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
