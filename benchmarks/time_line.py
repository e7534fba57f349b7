"""A plugin for pytest that notes when each test and each server ran, by the monotonic clock.

It appends a line of JSON for each to the file that the environment names. It can put load tests
first, or anywhere among the others, too.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from pytest_djworkers.run.load_tests import is_load_test
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.server import Server

FILE_VARIABLE = "TIME_LINE_IN"
ORDER_VARIABLE = "LOAD_TESTS"
_SEED = 1


@dataclass(frozen=True)
class Stretch:
    """The time in which a test or a server ran."""

    kind: str
    """``test``, ``load test`` or ``server``."""
    name: str
    pid: int
    began_s: float
    ended_s: float

    def overlaps(self, other: Stretch) -> bool:
        """Return True if both ran at the same time."""
        return self.began_s < other.ended_s and other.began_s < self.ended_s


def read(file: Path) -> list[Stretch]:
    """Return all stretches, in the order in which they began."""
    lines = file.read_text().splitlines()
    return sorted((Stretch(**json.loads(line)) for line in lines), key=lambda one: one.began_s)


def beside_servers(stretches: Iterable[Stretch]) -> list[tuple[Stretch, Stretch]]:
    """Return the servers, each with what another process ran at the same time: there must be none.

    A load test waits for its turn while others measure, so only its server counts.
    """
    all_of_them = list(stretches)
    return [
        (server, other)
        for server in all_of_them
        for other in all_of_them
        if server.kind == "server" and other.kind != "load test" and other.pid != server.pid
        if server.overlaps(other)
    ]


def _note(kind: str, name: str, began_s: float) -> None:
    stretch = Stretch(kind, name, os.getpid(), began_s, time.monotonic())
    with Path(os.environ[FILE_VARIABLE]).open("a") as file:
        file.write(json.dumps(asdict(stretch)) + "\n")


# Innermost: the waits of other plugins' wrappers are no time of the test.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note when a test ran, with its fixtures."""
    began_s = time.monotonic()
    try:
        return (yield)
    finally:
        _note("load test" if is_load_test(item) else "test", item.nodeid, began_s)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Put the load tests where the environment says, after all other plugins."""
    yield
    order = os.environ.get(ORDER_VARIABLE)
    if order == "first":
        items.sort(key=lambda item: not is_load_test(item))
    elif order == "mixed":
        # The same order in all workers.
        random.Random(_SEED).shuffle(items)


def pytest_configure() -> None:
    """Note when each server ran, from the moment at which it may be started to its stop."""
    # Only in a run that has this as a plugin: tests import it to read what was noted.
    start, stop = Server.start, Server.stop
    began_s: dict[int, float] = {}

    def noted_start(self: Server, needs: BurstNeeds) -> None:
        start(self, needs)
        began_s[id(self)] = time.monotonic()

    def noted_stop(self: Server) -> None:
        if (since_s := began_s.pop(id(self), None)) is not None:
            _note("server", self.backend, since_s)
        stop(self)

    Server.start, Server.stop = noted_start, noted_stop  # type: ignore[method-assign]  # on purpose
