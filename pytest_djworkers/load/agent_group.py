"""Agents as child processes: started, given their job, listened to, and ended."""

from __future__ import annotations

import json
import os
import selectors
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httptools
import msgspec

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.agent_job import AgentJob, StartSignal
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.rate import Share
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.deadlines import written_within
from pytest_djworkers.system.environment import child_environment, python_path
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.process import GuardedProcess

_OPEN_WITHIN_S = 30.0
_OPENED_AT_ONCE = 512
"""The number of connections that may be opening at a time. It keeps the bursts of connecting
small: most servers' backlogs are several times that."""
_JOB_READ_WITHIN_S = 30.0
"""The time in which an agent must start and read its job, of which a pipe holds only a part."""
_REPORT_WITHIN_S = 30.0
_STATUS_WITHIN_S = 1.0
_START_AFTER_NS = 20_000_000
"""The time in which all agents have read the signal, so that they start at the same moment."""
# Nothing of the site: it may have modules with the names of those that an agent imports.
_AGENTS_PATH = python_path(
    map(
        str,
        (
            Path(__file__).parents[2],
            Path(httptools.__file__).parents[1],
            Path(msgspec.__file__).parents[1],
        ),
    )
)


class AgentGroup:
    """Agents that fire together, from ``__enter__`` to ``__exit__``.

    They can be started while the server still starts: until ``open``, only the target's folder and
    the processes to watch are used.
    """

    def __init__(self, count: int, target: Target) -> None:
        self._count = count
        self._target = target
        self._agents: list[_Agent] = []
        self._stack = ExitStack()
        self._fire_within_s = 0.0

    def __enter__(self) -> Self:
        with self._stack:
            # If one can't be started, the stack ends those before it.
            for number in range(1, self._count + 1):
                agent = _Agent(self._target, number, of=self._count)
                self._stack.callback(agent.stop)
                self._agents.append(agent)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def open(
        self,
        profile: Profile,
        target: Target,
        *,
        drain_s: float,
        early_close: EarlyClose | None = None,
        under_load: bool = False,
    ) -> None:
        """Have the agents open the profile's connections, split evenly.

        With ``drain_s`` they fire windows that count every request sent in them; see ``Pool``. The
        drain is made as long as the timeout, since no younger request may be given up. With
        ``under_load``, each connection is opened while those before it have requests. Raises
        GeneratorError if an agent fails.
        """
        if drain_s:
            drain_s = max(drain_s, profile.shape.timeout_s)
        shares = _split(profile.shape.connections, self._count)
        for agent, connections in zip(self._agents, shares, strict=True):
            job = AgentJob(
                profile,
                target.address,
                target.authority,
                connections,
                Share(agent.index, self._count),
                _at_once(target, self._count),
                drain_s,
                early_close,
                under_load,
            )
            agent.say(job)
        within_s = _OPEN_WITHIN_S + (drain_s if under_load else 0)
        for agent in self._agents:
            agent.hear(within_s, "while it opened its connections")
        shape = profile.shape
        self._fire_within_s = shape.warmup_s + shape.duration_s + drain_s + _REPORT_WITHIN_S

    def fire(self, *, early_close: EarlyClose | None = None) -> list[AgentReport]:
        """Have the agents fire one window together, and return their reports.

        It can be repeated if ``open`` was given a time to drain. ``early_close`` is for this window
        alone, in place of that of ``open``. Raises GeneratorError if one of them fails.
        """
        self.begin(early_close=early_close)
        return self.reports()

    def begin(self, *, early_close: EarlyClose | None = None) -> None:
        """Have the agents fire one window together, as ``fire`` does, and don't wait for it."""
        # The monotonic clock is the same in all processes of a machine.
        start_ns = CLOCK.monotonic_ns() + (_START_AFTER_NS if self._count > 1 else 0)
        for agent in self._agents:
            agent.say(StartSignal(start_ns, early_close))

    def reports(self) -> list[AgentReport]:
        """Return the agents' reports on the window begun. Raises GeneratorError if one fails."""
        return [
            from_simple(agent.hear(self._fire_within_s, "in the middle of the burst"), AgentReport)
            for agent in self._agents
        ]


class _Agent:
    """One agent and its pipes. Whatever fails ends it, and is a GeneratorError with its log."""

    def __init__(self, target: Target, number: int, *, of: int) -> None:
        self.index = number - 1
        self._name = f"load agent {number} of {of}"
        self._log = target.folder / f"agent-{number}.log"
        self._process = GuardedProcess(
            [sys.executable, "-P", "-m", "pytest_djworkers.load.agent"],
            log=self._log,
            environment=child_environment(PYTHONPATH=_AGENTS_PATH),
            watch=target.watch,
            talks=True,
            name=self._name,
        )

    def say(self, message: AgentJob | StartSignal) -> None:
        data = json.dumps(to_simple(message)).encode() + b"\n"
        try:
            was_read = written_within(self._process.input.fileno(), data, _JOB_READ_WITHIN_S)
        except OSError:
            raise self._ended("before it could be given its job") from None
        # It may have started and be stopped: a full pipe would block us for good.
        if not was_read:
            raise self._failed(f"did not read its job within {_JOB_READ_WITHIN_S:g}s")

    def hear(self, within_s: float, when: str) -> dict[str, Any]:
        output = self._process.output
        deadline = CLOCK.monotonic() + within_s
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - CLOCK.monotonic())):
                    raise self._failed(f"did not respond within {within_s:g}s")
                # Not readline, which would wait for the rest of a line beyond the deadline.
                data = os.read(output.fileno(), 1 << 20)
                if not data:
                    raise self._ended(when)
                line += data
        message: dict[str, Any] = json.loads(line)
        return message

    def stop(self) -> None:
        self._process.stop()

    def _ended(self, when: str) -> GeneratorError:
        status = self._process.wait(_STATUS_WITHIN_S)
        how = "" if status is None else f" (exit status {status})"
        return self._failed(f"ended {when}{how}")

    def _failed(self, what: str) -> GeneratorError:
        self._process.stop()
        return GeneratorError(f"{self._name} {what}{tail(self._log)}")


def _split(connections: int, agents: int) -> list[int]:
    """Return the number of connections of each agent; the first ones get one more."""
    each, over = divmod(connections, agents)
    return [each + (index < over) for index in range(agents)]


def _at_once(target: Target, agents: int) -> int:
    """Return the number of connections that each agent may be opening at a time."""
    most = _OPENED_AT_ONCE if target.backlog is None else min(target.backlog, _OPENED_AT_ONCE)
    return max(1, most // agents)
