"""The protocol of an agent, and what listens to several of them."""

from __future__ import annotations

import json
import selectors
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.agent_job import AgentJob, StartSignal
from pytest_djworkers.load.generator import Target
from pytest_djworkers.system.clock import CLOCK


class AgentLost(GeneratorError):
    """An agent of another machine is gone; a burst can do without it."""


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """The clocks of an agent's machine against those of this one."""

    monotonic_ns: int = 0
    """The nanoseconds by which its monotonic clock shows more."""
    unix_s: float = 0.0
    """The seconds by which its Unix time is ahead."""
    error_s: float = 0.0
    """The most by which either may be wrong: half of the round trip that it was measured with."""


SAME_CLOCK = ClockOffset()
"""That of an agent on this machine."""


class Agent(Protocol):
    """One process that fires, wherever it runs, and the lines that it exchanges with this one."""

    @property
    def name(self) -> str:
        """The name for messages: ``load agent 2 of 3``, with its place if that is another one."""

    @property
    def clock(self) -> ClockOffset:
        """Its machine's clocks."""

    @property
    def silent_after(self) -> float | None:
        """The monotonic time until which it must say something; None if it needn't."""

    def say(self, message: AgentJob | StartSignal) -> None:
        """Give it a message. Raises GeneratorError if it doesn't take it in time."""

    def read(self, when: str) -> list[dict[str, Any]]:
        """Return the messages that are complete by now; wait if there is nothing to read.

        ``when`` says what it does meanwhile. Raises GeneratorError if it has ended, and AgentLost
        if it is on another machine.
        """

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is something to read."""

    def stop(self) -> None:
        """End it."""

    def too_late(self, within_s: float) -> GeneratorError:
        """End it, and return the error that it said nothing for so many seconds."""


class MakeAgent(Protocol):
    """Starts an agent."""

    def __call__(self, target: Target, number: int, *, of: int) -> Agent:
        """Start agent ``number`` of ``of``, counted from 1. Raises GeneratorError."""


class Lines:
    """Bytes that come in parts, as the messages that are complete."""

    def __init__(self) -> None:
        self._unread = b""

    def add(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages that these bytes complete."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        return [json.loads(line) for line in lines]


def hear(agent: Agent, within_s: float, when: str) -> dict[str, Any]:
    """Return an agent's one next message. Raises GeneratorError if there is none in time."""
    deadline = CLOCK.monotonic() + within_s
    while wait_for_any([agent], deadline):
        for message in agent.read(when):
            return message
    raise agent.too_late(within_s)


def wait_for_any(agents: Sequence[Agent], deadline: float) -> list[Agent]:
    """Return the agents that have said something or ended; none at the monotonic deadline."""
    with selectors.DefaultSelector() as selector:
        keys = {selector.register(agent, selectors.EVENT_READ).fd: agent for agent in agents}
        ready = selector.select(max(0.0, deadline - CLOCK.monotonic()))
    return [keys[key.fd] for key, _ in ready]
