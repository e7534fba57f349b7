"""The cost of many agents to the process that adds up their reports, which is pytest's.

Reports as those of real bursts are made up and written to a file, one line of JSON each. A process
of its own for each row reads them one after the other, as they come from agents, and merges them.
The kernel counts its CPU time and its highest resident memory. Medians of several processes.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from machine import describe_machine
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.histogram import Counts
from pytest_djworkers.load.merge import merge_agents
from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.serialization import from_simple, to_simple
from tables import MISSED, Table, at_most, finish, verdict_of

AGENTS = (1, 10, 50, 200)
CONNECTIONS = 5000
"""The number of connections of an agent."""
WINDOW_S = 10.0
RESPONSES = 1_700_000
"""The number of responses of one agent in a window. An agent with 5,000 connections got so many of
nginx, and its report had about as many buckets and gaps as those made here."""
_SAMPLES = 60_000
_GAPS = 400
_PROCESSES = 5
MOST_CPU_S, MOST_MIB = at_most(2.0), at_most(200.0)
MIB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """The cost of the reports of one burst. Times are in seconds."""

    parse_s: float
    merge_s: float
    cpu_s: float
    memory_bytes: int
    """The highest resident memory, above that of the process before the first report."""


def made_up_report(rng: random.Random) -> AgentReport:
    """Return a report as one of 5,000 connections that were busy for 10 s."""
    latency = _buckets(rng.lognormvariate(10.2, 0.35) for _ in range(_SAMPLES))
    lag = _buckets(rng.lognormvariate(9.0, 0.7) for _ in range(_SAMPLES))
    intervals = round(WINDOW_S * 10)
    step_ns = round(WINDOW_S * 1e9) // _GAPS
    mean = RESPONSES // CONNECTIONS
    counts = PartReport(
        ok=RESPONSES,
        late=0,
        unexpected=0,
        error=0,
        unanswered=0,
        in_flight=0,
        outside=RESPONSES // 10,
        after_window=0,
        wrong_bodies=0,
        statuses={200: RESPONSES},
        error_kinds={},
        latency=latency,
        sizes=[(136, RESPONSES)],
    )
    return AgentReport(
        closed_idle=0,
        resent=0,
        reconnects=0,
        requested=CONNECTIONS,
        opened=CONNECTIONS,
        served=CONNECTIONS,
        parts=[counts],
        lag=lag,
        requests=[rng.randint(15_000, 19_000) for _ in range(intervals)],
        errors=[0] * intervals,
        outstanding=[],
        gaps=[
            (number * step_ns + rng.randint(0, step_ns // 4), (number + 1) * step_ns)
            for number in range(_GAPS)
        ],
        per_connection=[rng.randint(mean - 20, mean + 20) for _ in range(CONNECTIONS)],
        connect_max_s=0.1,
        in_service_s=CONNECTIONS * WINDOW_S,
        began_at=1.7e9,
        window_s=WINDOW_S,
        cpu_s=WINDOW_S,
        stopped_s=0.0,
    )


def _buckets(microseconds: Iterable[float]) -> Pairs:
    """Return a histogram of as many responses as a report has, from a part of them."""
    counts = Counts()
    counts.add(microseconds)
    return Pairs.of((value, count * RESPONSES // _SAMPLES) for value, count in counts.items())


def measure(agents: int, lines: Path) -> Cost:
    """Return the median cost of so many reports, over several processes."""
    costs = [_in_a_process(agents, lines) for _ in range(_PROCESSES)]
    return Cost(*map(statistics.median, zip(*map(astuple, costs), strict=True)))


def _in_a_process(agents: int, lines: Path) -> Cost:
    done = subprocess.run(
        [sys.executable, __file__, f"--merge={agents}", f"--reports={lines}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return Cost(**json.loads(done.stdout))


def merge(agents: int, lines: Path) -> Cost:
    """Return the cost of that many of the reports in the file, to this process."""
    profile = Profile("many", SentRequest("/"), Shape(agents * CONNECTIONS, duration_s=WINDOW_S))
    # Forgets the highest memory until now, which was that of an import (proc_pid_clear_refs(5)).
    Path("/proc/self/clear_refs").write_text("5")
    memory_bytes = _highest_memory()
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    with lines.open() as file:
        # A line is gone when the next one comes, as in the process that listens to agents.
        reports = [from_simple(json.loads(next(file)), AgentReport) for _ in range(agents)]
    parsed_s = time.monotonic()
    result = merge_agents(profile, reports)
    merged_s = time.monotonic()
    assert result.latency is not None
    assert result.rps == agents * RESPONSES / WINDOW_S
    return Cost(
        parsed_s - began_s,
        merged_s - parsed_s,
        time.process_time() - began_cpu_s,
        _highest_memory() - memory_bytes,
    )


def _highest_memory() -> int:
    """Return the highest resident memory of this process in bytes."""
    (line,) = re.findall(
        r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE
    )
    return int(line) * 1024


def write_reports(lines: Path) -> int:
    """Write as many reports as the largest row needs; return the mean length in bytes."""
    rng = random.Random(1)
    with lines.open("w") as file:
        for _ in range(max(AGENTS)):
            report = to_simple(made_up_report(rng))
            file.write(json.dumps(report, separators=(",", ":")) + "\n")
    return lines.stat().st_size // max(AGENTS)


def measured_table() -> Table:
    """Return the table of the controller's cost by the number of agents."""
    columns = (
        ("agents", 6),
        ("connections", 11),
        ("JSON", 9),
        ("read it", 9),
        ("merge", 9),
        ("CPU time", 9),
        ("memory", 9),
        ("CPU/agent", 9),
        ("memory/agent", 12),
        ("bar", 20),
        ("verdict", 7),
    )
    title = "The controller's cost when a burst of 10 s ends"
    table = Table(title, columns)
    with tempfile.TemporaryDirectory(prefix="djworkers-") as folder:
        lines = Path(folder) / "reports"
        length = write_reports(lines)
        for agents in AGENTS:
            _add_row(table, agents, length, measure(agents, lines))
    return table


def _add_row(table: Table, agents: int, length: int, cost: Cost) -> None:
    verdicts = MOST_CPU_S.verdict(cost.cpu_s), MOST_MIB.verdict(cost.memory_bytes / MIB)
    is_judged = agents == max(AGENTS)
    table.add(
        str(agents),
        f"{agents * CONNECTIONS:,}",
        f"{agents * length / 1e6:.2f} MB",
        f"{cost.parse_s * 1e3:,.0f} ms",
        f"{cost.merge_s * 1e3:,.0f} ms",
        f"{cost.cpu_s * 1e3:,.0f} ms",
        f"{cost.memory_bytes / MIB:,.1f} MiB",
        f"{cost.cpu_s / agents * 1e3:.1f} ms",
        f"{cost.memory_bytes / agents / MIB:.2f} MiB",
        f"at most {MOST_CPU_S.most:g} s, {MOST_MIB.most:g} MiB" if is_judged else "",
        verdict_of(MISSED not in verdicts) if is_judged else "",
    )


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table there as well")
    parser.add_argument("--merge", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--reports", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Print the table; or, in a process for one row, the cost of that row as JSON."""
    arguments = parse_arguments()
    if arguments.merge:
        print(json.dumps(asdict(merge(arguments.merge, arguments.reports))))
        return 0
    print(describe_machine())
    return finish([measured_table()], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
