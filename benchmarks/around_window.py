"""The built-in generator around the window: its start, its end, and the memory of an agent."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from delays_server import Record, delays_server
from fast_server import FastServer
from machine import locked
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from speed import built_in, leaves, pinned
from tables import Table, at_most

EARLY_S = 10.0
MIB = 1 << 20
_LOOK_EVERY_S = 0.1


def around_table() -> Table:
    """Return the table that ``add_edges`` and ``add_memory`` fill."""
    columns = (
        ("figure", 42),
        ("connections", 11),
        ("median", 10),
        ("worst", 7),
        ("bar", 15),
        ("verdict", 7),
    )
    return Table("Around the window", columns)


def add_edges(
    table: Table, *, connections: int, launches: int, tool_cpu: int, server_cpu: int
) -> None:
    """Add the seconds before and after the window, as the server sees them."""
    opening, first, last = [], [], []
    shape = Shape(connections, duration_s=1.0, warmup_s=0.5)
    for _ in range(launches):
        record, began_ns, ended_ns = _fire(shape, tool_cpu, server_cpu)
        opening.append((record.accepted_ns[connections - 1] - record.accepted_ns[0]) / 1e9)
        first.append((record.read_ns[0] - began_ns) / 1e9)
        last.append((ended_ns - record.read_ns[0]) / 1e9 - shape.warmup_s - shape.duration_s)
    for name, figures, bar in (
        ("connections opened", opening, at_most(0.4)),
        ("server ready to first warm-up request", first, at_most(0.5)),
        ("end of the window to the result", last, at_most(0.3)),
    ):
        value = statistics.median(figures)
        most = f"{max(figures):.3f}"
        table.add(name, str(connections), f"{value:.3f}", most, bar.text, bar.verdict(value))


def _fire(shape: Shape, tool_cpu: int, server_cpu: int) -> tuple[Record, int, int]:
    """Fire one burst; return the server's record, and the begin and the end in nanoseconds."""
    with (
        locked(),
        tempfile.TemporaryDirectory(prefix="djworkers-") as folder,
        delays_server("none", 0.0, cpu=server_cpu) as server,
        pinned({tool_cpu}),
    ):
        profile = Profile("edges", SentRequest("/"), shape)
        # The server's record is on the same clock: the monotonic clock is the machine's.
        began_ns = time.monotonic_ns()
        AsyncioGenerator().fire(profile, Target(server.address, Path(folder)))
        ended_ns = time.monotonic_ns()
        return server.end(), began_ns, ended_ns


def add_memory(
    table: Table, server: FastServer, *, connections: int, seconds: float, tool_cpu: int
) -> None:
    """Add the resident memory of an agent that fires at full speed for this many seconds."""
    samples: list[tuple[float, int]] = []
    with locked(), built_in(1, {tool_cpu})(server, connections, seconds):
        began = time.monotonic()
        while server.count()[0] < connections:
            time.sleep(_LOOK_EVERY_S)
        # With one agent, it is the only process below this one that has no children.
        (agent,) = leaves(server)
        while (at := time.monotonic() - began) < seconds:
            samples.append((at, agent.memory_info().rss))
            time.sleep(_LOOK_EVERY_S)
    # A leak would show as growth after the first seconds.
    early = max(rss for at, rss in samples if at <= EARLY_S) / MIB
    highest = max(rss for _, rss in samples) / MIB
    size, growth = at_most(60, "60 MiB"), at_most(1, "1 MiB")
    for name, text, bar, value in (
        ("an agent's memory, highest", f"{highest:.1f} MiB", size, highest),
        (
            f"... and its growth from {EARLY_S:g} to {seconds:g} s",
            f"{highest - early:.2f} MiB",
            growth,
            highest - early,
        ),
    ):
        table.add(name, str(connections), text, "", bar.text, bar.verdict(value))
