"""The cost of a mix of requests to the built-in generator, beside that of a plain burst.

The server, the tool and the figures are those of ``generator.py``. With ``--before``, the plain
burst is also measured in turn with that of another checkout. The exit status is 1 if a bar is
missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from fast_server import PATH, FastServer, fast_server
from generator import FEW, MANY, SERVER, TOOL, cpu_us, measure_in_turn, medians, rps
from machine import describe_machine
from pytest_djworkers.load.profile import Order, Part, SentRequest
from speed import Start, built_in, pinned
from tables import MISSED, Bar, Table, at_most, finish

COLUMNS = (
    ("burst", 42),
    ("connections", 11),
    ("figure", 12),
    ("it", 9),
    ("plain", 9),
    ("ratio", 6),
    ("bar", 13),
    ("verdict", 7),
)
REQUESTS = tuple(SentRequest(f"{PATH}?number={number}") for number in range(10))
MIX = tuple(
    Part(request.path, (request,), weight) for weight, request in enumerate(REQUESTS, start=1)
)
CHECKED = tuple(
    Part(request.path, (SentRequest(request.path, contains=b"Hello" * (number == 0)),))
    for number, request in enumerate(REQUESTS)
)
BURSTS = {
    "mix of ten": (MIX, at_most(1.3)),
    "mix of ten, the body of one is looked at": (CHECKED, None),
    "ten paths, one after the other": ((Part("paths", REQUESTS),), None),
    "ten paths at random": ((Part("paths", REQUESTS, order=Order.RANDOM),), None),
}
_FIRE = """
import sys, tempfile
from pathlib import Path
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load import profile as plans
request = getattr(plans, "SentRequest", None) or plans.Request  # as earlier commits call it
host, port, connections = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
shape = plans.Shape(connections, float(sys.argv[5]) + 1.0, warmup_s=0.5)
profile = plans.Profile("speed", request(sys.argv[4]), shape)
with tempfile.TemporaryDirectory(prefix="djworkers-") as folder:
    AsyncioGenerator().fire(profile, Target((host, port), Path(folder)))
"""


def plain_of(checkout: Path) -> Start:
    """Return the plain burst as the package in this folder fires it."""

    @contextmanager
    def start(server: FastServer, connections: int, seconds: float) -> Iterator[None]:
        words = [*map(str, server.address), str(connections), PATH, str(seconds)]
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        with pinned({TOOL}):
            process = subprocess.Popen([sys.executable, "-P", "-c", _FIRE, *words], env=environment)
        try:
            yield
        finally:
            # It ends by itself. Killed, its connections would be open for a moment longer, and
            # count as those of the next one.
            process.wait()

    return start


def add_rows(
    table: Table, name: str, arms: tuple[Start, Start], pairs: int, bar: Bar | None
) -> None:
    """Measure two bursts in turn, and add their figures."""
    with fast_server(SERVER) as server:
        for connections in (FEW, MANY):
            measured = measure_in_turn(server, arms, connections, pairs, 2.0)
            if isinstance(measured, str):
                table.add(name, str(connections), measured, "", "", "", "", MISSED)
                continue
            for title, figure in (("CPU µs", cpu_us), ("requests/s", rps)):
                own, other, ratio = medians(measured, figure)
                judged = (bar.text, bar.verdict(ratio)) if bar and figure is cpu_us else ("", "")
                cells = (title, f"{own:,.1f}", f"{other:,.1f}", f"{ratio:.3f}")
                table.add(name, str(connections), *cells, *judged)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=9, help="pairs of each burst and plain ones")
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="another checkout")
    arguments = parser.parse_args()
    if shutil.which("nginx") is None:
        print("nginx is not on PATH")
        return 2
    if len(psutil.Process().cpu_affinity() or []) < 2:
        print("two CPUs are needed, one for the tool and one for the server")
        return 2
    print(describe_machine())
    table = Table("Mixes, beside a plain burst", COLUMNS)
    if arguments.before is not None:
        here = Path(__file__).parents[1]
        arms = plain_of(here), plain_of(arguments.before)
        name = f"plain, beside {arguments.before.name}"
        # The bar is for the cost: 0.98 of the speed.
        add_rows(table, name, arms, arguments.pairs, at_most(1 / 0.98, "1/0.98"))
    for name, (parts, bar) in BURSTS.items():
        arms = built_in(1, {TOOL}, parts=parts), built_in(1, {TOOL})
        add_rows(table, name, arms, arguments.pairs, bar)
    return finish([table], None)


if __name__ == "__main__":
    sys.exit(main())
