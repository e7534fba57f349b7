"""Compute from measured costs what a million open connections, and a million requests/s, take.

The costs are read from the tables that ``agent_costs.py`` and ``many_agents.py`` wrote for the
documentation. Nothing is measured here: each row has its formula.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import agent_costs as measured
from pytest_djworkers.load.agent import OPEN_WITHIN_S
from tables import Table, finish

APPENDIX = Path(__file__).parents[1] / "docs" / "appendix"
MILLION = 1_000_000
AGENT_CONNECTIONS = 5000
"""The most connections of one agent: 200 agents have a million."""
BUSY = 0.8
"""The share of a core that an agent may use. Above it, its own lag shows in the figures."""
PORTS = 60_999 - 32_768 + 1
"""The ports of one source address for one destination, by Linux's default range."""
OPENED_AT_ONCE = 512
"""The most connections that all agents together have opening at a time."""
SPARE_DESCRIPTORS = 64
"""The file descriptors that an agent needs besides those of its connections."""
PACKET_OVERHEAD = 20 + 32 + 14 + 24
"""The bytes around the data of a packet: IP, TCP with timestamps, Ethernet, and on the wire its
preamble, its checksum and the gap before the next one."""
SEGMENT = 1448
"""The most bytes of data in a packet of 1,500 bytes."""
BODIES = (300, 10_000, 100_000)
"""The lengths of responses' bodies, in bytes."""
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

Rows = dict[tuple[str, ...], list[str]]
Row = tuple[str, ...]


@dataclass(frozen=True)
class Costs:
    """The measured costs of one agent, and of the process that merges the reports of 200."""

    cpu_us: float
    """Per request in a closed loop."""
    rate_cpu_us: float
    """Per request at a fixed rate of one request in 10 s for each connection."""
    process_mib: float
    memory_kib: float
    """Of the agent, per connection."""
    kernel_kib: float
    """Per end of a connection."""
    opened_per_s: float
    opening_cpu_us: float
    request_bytes: int
    head_bytes: int
    report_mb: float
    """JSON of an agent with ``AGENT_CONNECTIONS``, in 10**6 bytes."""
    merge_ms: float
    """CPU time of the controller per agent."""
    merge_mib: float
    """Memory of the controller per agent."""


@dataclass(frozen=True)
class Load:
    """A load to compute for."""

    name: str
    connections: int
    rps: int
    is_closed_loop: bool


LOADS = (
    Load("a million connections", MILLION, MILLION // 10, is_closed_loop=False),
    Load("a million requests/s", MILLION // 20, MILLION, is_closed_loop=True),
)


def read_costs(folder: Path = APPENDIX) -> Costs:
    """Return the costs that the tables of the documentation have."""
    one = _rows(folder / "agent-costs-table.rst")
    many = _rows(folder / "many-agents-table.rst")

    def figure(name: str, connections: int) -> float:
        return _number(one[name, f"{connections:,}"][0])

    (of_200,) = (row for (agents, _), row in many.items() if agents == "200")
    return Costs(
        cpu_us=figure(measured.CPU, AGENT_CONNECTIONS),
        rate_cpu_us=figure(measured.CPU_AT_RATE, AGENT_CONNECTIONS),
        process_mib=figure(measured.PROCESS, 1),
        memory_kib=figure(measured.MEMORY, AGENT_CONNECTIONS),
        kernel_kib=figure(measured.KERNEL, AGENT_CONNECTIONS),
        opened_per_s=figure(measured.OPENED, measured.MOST),
        opening_cpu_us=figure(measured.OPENING_CPU, measured.MOST),
        request_bytes=round(figure(measured.REQUEST, 1)),
        head_bytes=round(figure(measured.HEAD, 1)),
        report_mb=_number(of_200[0]) / 200,
        merge_ms=_number(of_200[5]),
        merge_mib=_number(of_200[6]),
    )


def _rows(file: Path) -> Rows:
    """Return the cells of a list-table after the first two of each row, by these."""
    rows = re.findall(r"^   \* - (.*(?:\n     - ?.*)+)", file.read_text(), re.MULTILINE)
    cells = [re.split(r"\n     - ?", row) for row in rows]
    return {tuple(row[:2]): row[2:] for row in cells}


def _number(cell: str) -> float:
    return float(cell.split()[0].replace(",", ""))


@dataclass(frozen=True)
class Agents:
    """The agents that fire a load."""

    costs: Costs
    load: Load

    @property
    def cpu_us(self) -> float:
        """The CPU time of a request."""
        return self.costs.cpu_us if self.load.is_closed_loop else self.costs.rate_cpu_us

    @property
    def busy_cores(self) -> float:
        """The number of cores that requests keep busy."""
        return self.load.rps * self.cpu_us / 1e6

    @property
    def cores(self) -> int:
        """The number of cores that they need."""
        return ceil(self.busy_cores / BUSY)

    @property
    def number(self) -> int:
        """The number of agents: enough for the connections, and for the requests/s."""
        return max(ceil(self.load.connections / AGENT_CONNECTIONS), self.cores)


def computed_rows(costs: Costs) -> list[Row]:
    """Return the rows of the table: the name, the formula, and the figure of each load."""
    columns = [
        [*_of_processes(agents), *_of_network(agents), *_of_the_start(agents), *_of_the_end(agents)]
        for agents in (Agents(costs, load) for load in LOADS)
    ]
    return [
        (*rows[0][:2], *(figure for _, _, figure in rows)) for rows in zip(*columns, strict=True)
    ]


def _of_processes(agents: Agents) -> list[Row]:
    """Return the rows of the load itself, and of CPUs, memory and sockets."""
    costs, load = agents.costs, agents.load
    connections = load.connections
    own = agents.number * costs.process_mib * MIB + connections * costs.memory_kib * KIB
    kernel = connections * costs.kernel_kib * KIB
    descriptors = ceil(connections / agents.number) + SPARE_DESCRIPTORS
    own_formula = f"agents * {costs.process_mib:g} MiB + C * {costs.memory_kib:g} KiB"
    ports = f"C / {PORTS:,}"
    return [
        ("connections", "C", f"{connections:,}"),
        ("requests/s", "R", f"{load.rps:,}"),
        ("CPU time per request", "c", f"{agents.cpu_us:g} µs"),
        ("busy cores", "R * c", f"{agents.busy_cores:.1f}"),
        ("cores, each up to 80 % busy", f"busy cores / {BUSY:g}", f"{agents.cores}"),
        ("agents", f"C / {AGENT_CONNECTIONS:,}, at least one per core", f"{agents.number}"),
        ("memory of the agents", own_formula, f"{own / GIB:.1f} GiB"),
        ("memory of their kernels", f"C * {costs.kernel_kib:g} KiB", f"{kernel / GIB:.1f} GiB"),
        ("source addresses", ports, f"{ceil(connections / PORTS)}"),
        ("descriptors of an agent", f"C / agents + {SPARE_DESCRIPTORS}", f"{descriptors:,}"),
    ]


def _of_network(agents: Agents) -> list[Row]:
    """Return the rows of the network, by direction and by the length of a body."""
    costs, around = agents.costs, PACKET_OVERHEAD
    rows = [("sent", f"R * ({costs.request_bytes} + {around}) bytes", costs.request_bytes + around)]
    for body in BODIES:
        packets = ceil((costs.head_bytes + body) / SEGMENT)
        formula = f"R * ({costs.head_bytes} + {body:,} + {packets} * {around}) bytes"
        received = costs.head_bytes + body + packets * around
        rows.append((f"received, bodies of {body:,} bytes", formula, received))
    rps = agents.load.rps
    return [(name, formula, f"{rps * size * 8 / 1e9:,.2f} Gbit/s") for name, formula, size in rows]


def _of_the_start(agents: Agents) -> list[Row]:
    """Return the rows of opening the connections."""
    costs, connections = agents.costs, agents.load.connections
    cpu_s = connections * costs.opening_cpu_us / 1e6
    longest_s = connections / agents.number / costs.opened_per_s
    by_one = f"C / agents / {costs.opened_per_s:,.0f}"
    at_once = agents.number * max(1, OPENED_AT_ONCE // agents.number)
    trip_ms = at_once * OPEN_WITHIN_S / connections * 1e3
    return [
        ("CPU time to open them", f"C * {costs.opening_cpu_us:g} µs", f"{cpu_s:.1f} s"),
        ("time to open them, a core each", by_one, f"{longest_s:.2f} s"),
        (
            "accepted by the server within 5 s",
            f"C / {OPEN_WITHIN_S:g} s",
            f"{connections / OPEN_WITHIN_S:,.0f}/s",
        ),
        (
            "longest round trip for that",
            f"opening at a time * {OPEN_WITHIN_S:g} s / C",
            f"{trip_ms:.1f} ms",
        ),
    ]


def _of_the_end(agents: Agents) -> list[Row]:
    """Return the rows of the process that merges the reports."""
    costs, number = agents.costs, agents.number
    cpu_s = number * costs.merge_ms / 1e3
    memory = f"{number * costs.merge_mib:.0f} MiB"
    return [
        ("reports", f"agents * {costs.report_mb:.2f} MB", f"{number * costs.report_mb:.1f} MB"),
        ("the controller's CPU time", f"agents * {costs.merge_ms:g} ms", f"{cpu_s:.2f} s"),
        ("the controller's memory", f"agents * {costs.merge_mib:g} MiB", memory),
    ]


def computed_table(costs: Costs) -> Table:
    """Return the table of what each load takes."""
    widths: Sequence[int] = (34, 36, *(len(load.name) for load in LOADS))
    names = ("what", "formula", *(load.name for load in LOADS))
    table = Table("A million, computed", tuple(zip(names, widths, strict=True)))
    for row in computed_rows(costs):
        table.add(*row)
    return table


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table there as well")
    return finish([computed_table(read_costs())], parser.parse_args().rst)


if __name__ == "__main__":
    sys.exit(main())
