"""Laws that any honest measurement of the example repeats, with the built-in generator.

- A view that sleeps for a second serves, each second, as many requests as can wait at once: about
  all 2000 under gunicorn-gevent, two under granian with one blocking thread in two workers.
- An endpoint's figure does not depend on the burst before it, because every burst has a freshly
  launched server.

Prints medians of three bursts, and for each law if it held. The exit status is 1 if one did not.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from example_site import Bench, example_bench
from machine import describe_machine
from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.gunicorn_gevent import GunicornGevent
from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.profile import Shape
from tables import Bar, Table, at_least, between, finish

TIMES = 3
SHAPE = Shape(connections=2000, duration_s=10.0, timeout_s=2.0, warmup_s=1.0)
FAST, SLOW = "/myapp/sync/json", "/myapp/sync/gateway_1s"


def median_rps(bench: Bench, backend: Backend, path: str, before: str | None = None) -> float:
    """Return the median requests/s of three bursts, each right after one on ``before``."""
    figures = []
    for _ in range(TIMES):
        for target in (before, path):
            if target is not None:
                result = bench.burst(backend, AsyncioGenerator(), target, SHAPE)
        figures.append(result.rps)
    return statistics.median(figures)


def add_law(table: Table, name: str, value: float, bar: Bar) -> None:
    """Add a row."""
    table.add(name, f"{value:,.2f}", bar.text, bar.verdict(value))


def main() -> int:
    """Print the table."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print(describe_machine())
    table = Table("Laws", (("law", 58), ("value", 10), ("bar", 12), ("verdict", 7)))
    # By default granian has a thread for each of hundreds of requests.
    one_thread = Granian(blocking_threads=1)
    with example_bench() as bench:
        add_law(
            table,
            "gunicorn-gevent gateway_1s, requests/s over connections",
            median_rps(bench, GunicornGevent(), SLOW) / SHAPE.connections,
            at_least(0.5),
        )
        add_law(
            table,
            "granian gateway_1s, 2 workers x 1 thread, requests/s",
            median_rps(bench, one_thread, SLOW),
            between(1, 3),
        )
        alone = median_rps(bench, one_thread, FAST)
        after = median_rps(bench, one_thread, FAST, before=SLOW)
        add_law(
            table,
            f"granian json after gateway_1s over alone ({alone:,.0f}/s)",
            after / alone,
            between(0.5, 2),
        )
    return finish([table], None)


if __name__ == "__main__":
    sys.exit(main())
