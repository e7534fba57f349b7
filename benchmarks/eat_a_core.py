"""Keep a core busy, on and off, as a neighbour on a shared machine does.

``eat_a_core.py SECONDS`` ends after that many seconds, or when its standard input ends.
"""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

SPELLS_S = (0.2, 4.0)
"""The shortest and the longest spell: within a window, and over half of a block."""
_LOOK_EVERY_S = 0.01
_STOP_WITHIN_S = 5.0


@contextmanager
def a_core_eaten(most_s: float) -> Iterator[None]:
    """Keep a core busy in this context, for ``most_s`` seconds at most."""
    process = subprocess.Popen([sys.executable, __file__, str(most_s)], stdin=subprocess.PIPE)
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_STOP_WITHIN_S)
        finally:
            process.kill()
            process.wait()


def main() -> None:
    """Keep the core busy until the end."""
    end = time.monotonic() + float(sys.argv[1])
    draw = Random()
    while time.monotonic() < end:
        until = time.monotonic() + draw.uniform(*SPELLS_S)
        while time.monotonic() < until:
            # A look at standard input is a system call: at each turn it would be most of the work.
            look = time.monotonic() + _LOOK_EVERY_S
            while time.monotonic() < look:
                pass
            if _is_over(0.0):
                return
        # Between two spells the process is idle.
        if _is_over(draw.uniform(*SPELLS_S)):
            return


def _is_over(within_s: float) -> bool:
    return bool(select.select([sys.stdin], [], [], within_s)[0])


if __name__ == "__main__":
    main()
