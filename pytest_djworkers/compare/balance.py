"""Find the workers of a server that the connections of a load leave idle.

The kernel hands connections to workers by a hash, or to whoever accepts first, so a few connections
may all be on one worker. Then a part of the server idles, and the arm looks slow in that launch.
"""

from __future__ import annotations

from collections.abc import Sequence

_LEAST_OF_MEAN = 0.2
"""The share of the workers' mean CPU time that each of them must have used."""
_LEAST_S = 0.03
"""The CPU seconds of all workers, for each of them, below which nothing can be said."""


def idle_workers(cpu_s: Sequence[float]) -> int:
    """Return the number of workers that idled while the others served.

    ``cpu_s`` are the CPU seconds that each of them used under load. 0 if they used too little to
    tell.
    """
    if len(cpu_s) < 2 or sum(cpu_s) < _LEAST_S * len(cpu_s):
        return 0
    mean_s = sum(cpu_s) / len(cpu_s)
    return sum(used_s < _LEAST_OF_MEAN * mean_s for used_s in cpu_s)
