"""The cost of the plugin's import in a run that doesn't use it, in milliseconds.

Each import is in a fresh interpreter that has imported pytest, Django and pytest-django before, as
any run has that could use the plugin. Prints the median and the spread.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

ROUNDS = 15
BOUND_MS = 20.0
# One interpreter for each import, since a second import in the same one costs nothing.
PROGRAM = """
import time
import pytest, django, pytest_django.plugin
begin = time.perf_counter()
import {module}
print((time.perf_counter() - begin) * 1000)
"""
MODULES = "pytest_djworkers.plugin, pytest_djworkers.options"


def measure() -> float:
    """Return the milliseconds of one import in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=MODULES)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return float(done.stdout)


def main() -> None:
    """Print the figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    samples = sorted(measure() for _ in range(ROUNDS))
    median = statistics.median(samples)
    print(f"import {MODULES}")
    print(f"  median {median:.1f} ms, {samples[0]:.1f} to {samples[-1]:.1f} of {ROUNDS} runs")
    print(f"  bound {BOUND_MS:g} ms: {'held' if median < BOUND_MS else 'MISSED'}")


if __name__ == "__main__":
    main()
