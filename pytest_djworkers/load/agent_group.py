"""Agents as processes of this one: told what to do, heard, and ended."""

from __future__ import annotations

import json
import os
import selectors
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httptools
import msgspec

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.deadlines import written_within
from pytest_djworkers.system.environment import child_environment, python_path
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.process import GuardedProcess

_OPEN_WITHIN_S = 30.0
_OPENED_AT_ONCE = 512
"""A bound to the bursts of connecting; most servers' backlogs are several times that."""
_TOLD_WITHIN_S = 30.0
"""It has to start first; what is longer than a pipe holds waits for it."""
_REPORT_WITHIN_S = 30.0
_STATUS_WITHIN_S = 1.0
_START_AFTER_NS = 20_000_000
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
"""Nothing of the site: it may have modules named like those that an agent imports."""


class AgentGroup:
    """Some agents that fire together, from ``__enter__`` to ``__exit__``.

    They are started before there is anything to fire at: of the target only the folder and the
    processes to watch are needed for that.
    """

    def __init__(self, count: int, target: Target) -> None:
        self._count = count
        self._target = target
        self._agents: list[_Agent] = []
        self._stack = ExitStack()
        self._fire_within_s = 0.0

    def __enter__(self) -> Self:
        with self._stack:
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
    ) -> None:
        """Have them open the profile's connections, split evenly. Raises GeneratorError."""
        shares = _split(profile.shape.connections, self._count)
        for agent, connections in zip(self._agents, shares, strict=True):
            agent.say(
                {
                    "profile": to_simple(profile),
                    "address": list(target.address),
                    "host": target.authority,
                    "connections": connections,
                    "share": [agent.index, self._count],
                    "at_once": _at_once(target, self._count),
                    "drain_s": drain_s,
                    "early_close": early_close and asdict(early_close),
                }
            )
        for agent in self._agents:
            agent.hear(_OPEN_WITHIN_S, "while it opened its connections")
        shape = profile.shape
        self._fire_within_s = shape.warmup_s + shape.duration_s + drain_s + _REPORT_WITHIN_S

    def fire(self) -> list[AgentReport]:
        """Have them fire at once; more than once only where they drain. Raises GeneratorError
        when one of them fails."""
        start_ns = CLOCK.monotonic_ns() + (_START_AFTER_NS if self._count > 1 else 0)
        for agent in self._agents:
            agent.say({"start_ns": start_ns})
        return [
            from_simple(agent.hear(self._fire_within_s, "in the middle of the burst"), AgentReport)
            for agent in self._agents
        ]


class _Agent:
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

    def say(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        try:
            is_told = written_within(self._process.input.fileno(), data, _TOLD_WITHIN_S)
        except OSError:
            raise self._ended("before it could be told what to do") from None
        if not is_told:
            raise self._failed(f"did not read what it was told within {_TOLD_WITHIN_S:g}s")

    def hear(self, within_s: float, when: str) -> dict[str, Any]:
        output = self._process.output
        deadline = CLOCK.monotonic() + within_s
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - CLOCK.monotonic())):
                    raise self._failed(f"gave no answer within {within_s:g}s")
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
    each, over = divmod(connections, agents)
    return [each + (index < over) for index in range(agents)]


def _at_once(target: Target, agents: int) -> int:
    """How many connections an agent may be opening at a time."""
    most = _OPENED_AT_ONCE if target.backlog is None else min(target.backlog, _OPENED_AT_ONCE)
    return max(1, most // agents)
