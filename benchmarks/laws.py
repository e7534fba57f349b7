"""Laws that any honest measurement of the example repeats, with the built-in generator.

- A view that sleeps a second serves, each second, as many requests as can wait at once: about
  all 2000 under gunicorn-gevent, two under granian with one blocking thread in two workers.
- An endpoint's figure does not depend on what was measured before it: every burst has a freshly
  launched server.

Prints medians of three bursts and whether each law held; exit status 1 if one did not.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable

from example_site import Bench, example_bench, machine_line
from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.gunicorn_gevent import GunicornGevent
from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.profile import Shape

TIMES = 3
SHAPE = Shape(connections=2000, duration_s=10.0, timeout_s=2.0, warmup_s=1.0)
FAST, SLOW = "/myapp/sync/json", "/myapp/sync/gateway_1s"


def median_rps(bench: Bench, backend: Backend, path: str, before: str | None = None) -> float:
    """The median requests/s of three bursts, each right after one on ``before``."""
    figures = []
    for _ in range(TIMES):
        for target in (before, path):
            if target is not None:
                result = bench.burst(backend, AsyncioGenerator(), target, SHAPE)
        figures.append(result.rps)
    return statistics.median(figures)


def main() -> int:
    """Print the table."""
    held = True

    def law(name: str, value: float, holds: Callable[[float], bool], bound: str) -> None:
        nonlocal held
        verdict = "held" if holds(value) else "BROKEN"
        held = held and holds(value)
        print(f"{name:<58} {value:>10,.2f}   {bound:<18} {verdict}", flush=True)

    print(machine_line())
    connections = SHAPE.connections
    one_thread = Granian(blocking_threads=1)
    with example_bench() as bench:
        law(
            "gunicorn-gevent gateway_1s, requests/s over connections",
            median_rps(bench, GunicornGevent(), SLOW) / connections,
            lambda value: value >= 0.5,
            ">= 0.5",
        )
        law(
            "granian gateway_1s, 2 workers x 1 thread, requests/s",
            median_rps(bench, one_thread, SLOW),
            lambda value: 1 <= value <= 3,
            "1 to 3",
        )
        alone = median_rps(bench, one_thread, FAST)
        after = median_rps(bench, one_thread, FAST, before=SLOW)
        law(
            f"granian json after gateway_1s over alone ({alone:,.0f}/s)",
            after / alone,
            lambda value: 0.5 <= value <= 2,
            "0.5 to 2",
        )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
