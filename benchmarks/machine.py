"""The machine that the figures are measured on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_djworkers.baseline.machine import this_machine
from pytest_djworkers.system.cpu_count import available_cpus
from pytest_djworkers.system.machine_lock import MachineLock


def describe_machine() -> str:
    """Return the CPU, the number of CPUs that may be used, and Python's version."""
    machine = this_machine()
    return f"{machine.cpu}, {available_cpus().usable:g} CPUs, Python {sys.version.split()[0]}"


@contextmanager
def locked() -> Iterator[None]:
    """Keep other runs of this package off the machine, as they keep each other off it."""
    lock = MachineLock()
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
