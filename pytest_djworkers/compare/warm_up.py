"""Warms an arm up, and sees to it that its load keeps every worker busy."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.compare.arm_server import ArmServer, Fired
from pytest_djworkers.compare.numbers import ComparisonNumbers
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.load.early_close import EarlyClose


def warm_up(server: ArmServer, size: WindowSize, numbers: ComparisonNumbers) -> Fired:
    """Open the connections, and apply the load for a while; return its last window.

    They are opened anew if some workers got none of them, a few times at most. Raises
    GeneratorError.
    """
    early_close = _early_close(size, numbers)
    for opening in range(numbers.most_openings):
        server.connect(size, under_load=opening > 0)
        fired = server.fire(early_close)
        if not fired.idle_workers or server.ended or opening == numbers.most_openings - 1:
            break
    return fired


def warm_up_together(
    servers: Sequence[ArmServer], size: WindowSize, numbers: ComparisonNumbers
) -> list[Fired]:
    """Warm up servers of a view that waits, all at once; return the last window of each.

    They don't disturb each other, and use too little CPU time to tell which workers are idle.
    Raises GeneratorError.
    """
    for server in servers:
        server.connect(size)
    for server in servers:
        server.begin(_early_close(size, numbers))
    return [server.finish() for server in servers]


def _early_close(size: WindowSize, numbers: ComparisonNumbers) -> EarlyClose:
    # It closes at the first response, if that comes later: a view that takes longer than the
    # warm-up gets one request on each connection.
    return EarlyClose(numbers.warm_up_s, 1, one_wave=size.one_wave)
