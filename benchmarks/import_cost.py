"""What the plugin's import costs a run that does not use it, in milliseconds.

A fresh interpreter each time, with pytest, Django and pytest-django imported beforehand, as
they are in any run that could use the plugin. Prints the median and the spread.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 15
BOUND_MS = 20.0
PROGRAM = """
import time
import pytest, django, pytest_django.plugin
begin = time.perf_counter()
import {module}
print((time.perf_counter() - begin) * 1000)
"""
MODULES = "pytest_djworkers.plugin, pytest_djworkers.options"


def measure() -> float:
    """One import in a fresh interpreter, in milliseconds."""
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=MODULES)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return float(said.stdout)


def main() -> None:
    """Print the table."""
    samples = sorted(measure() for _ in range(ROUNDS))
    median = statistics.median(samples)
    print(f"import {MODULES}")
    print(f"  median {median:.1f} ms, {samples[0]:.1f} to {samples[-1]:.1f} of {ROUNDS} runs")
    print(f"  bound {BOUND_MS:g} ms: {'held' if median < BOUND_MS else 'MISSED'}")


if __name__ == "__main__":
    main()
