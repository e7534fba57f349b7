"""A gateway of execnet's to another machine: opened, checked, its clocks compared, and ended."""

from __future__ import annotations

import ipaddress
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load import gateway_check
from pytest_djworkers.load.agent_protocol import Agent, ClockOffset
from pytest_djworkers.load.channel_inbox import ChannelInbox
from pytest_djworkers.load.gateway_opening import GatewayFailed, open_gateway, parsed
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.machine_clocks import compare_clocks
from pytest_djworkers.load.remote_agent import RemoteAgent
from pytest_djworkers.printable import printable
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.log import tail

OPENED_WITHIN_S = 30.0
"""The time in which a gateway must be open and checked, in seconds."""
_ENDED_WITHIN_S = 2.0
_CLOCKS_WITHIN_S = 10.0
_PINGS = 11
# The folder that a gateway is started in may have modules with the names of those it imports.
_SERVE = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
from pytest_djworkers.load.gateway_agent import serve
serve(channel)
"""


class Gateway:
    """One gateway that is open; several agents may run behind it."""

    def __init__(self, spec: str, log: Path, watch: tuple[int, ...] = ()) -> None:
        """Open it. Raises GeneratorError, which says what happened and what to do.

        ``log`` is the file for what its command says, and ``watch`` are processes that the command
        must not outlive, besides this one.
        """
        self.spec = spec
        deadline = CLOCK.monotonic() + OPENED_WITHIN_S
        self._stack = ExitStack()
        try:
            with self._stack:
                self._gateway, self._link = open_gateway(parsed(spec), log, deadline, watch)
                self._stack.callback(self._end)
                self._channel = self._gateway.remote_exec(gateway_check)
                self._inbox = ChannelInbox(self._channel)
                self._stack.callback(self._inbox.close)
                facts = self._next(deadline)
                if reason := _why_unfit(facts):
                    raise GatewayFailed(reason)
                self.clock = self._compare_clocks(deadline)
                self._stack = self._stack.pop_all()
        except (GatewayFailed, OSError) as error:
            raise GeneratorError(f"agent {spec}: {error}{tail(log)}") from None
        self.descriptors: int | None = facts["descriptors"]
        """The hard limit of file descriptors of a process there; None for no limit."""
        self._is_here: bool = facts["network"] == gateway_check.network()

    def refresh(self) -> bool:
        """Compare the clocks again; return False if the gateway is gone."""
        try:
            self.clock = self._compare_clocks(CLOCK.monotonic() + _CLOCKS_WITHIN_S)
        except (GatewayFailed, OSError):
            return False
        return True

    def agent(self, target: Target, number: int, *, of: int) -> Agent:
        """Start an agent behind it. Raises GeneratorError, also if it can't reach the target."""
        name = f"load agent {number} of {of} ({self.spec})"
        # A loopback address there is another server, whose owners nobody has asked.
        if not self._is_here and ipaddress.ip_address(target.address[0]).is_loopback:
            raise GeneratorError(
                f"{name} is on another machine or in another container, and fires at no loopback"
                " address there: name a server that it reaches with --djworkers-url and"
                " --djworkers-allow-host"
            )
        try:
            channel = self._gateway.remote_exec(_SERVE)
        except OSError as error:
            raise GeneratorError(f"{name} can't be started: {error}") from None
        return RemoteAgent(channel, name, self.clock)

    def close(self) -> None:
        """End it, and its agents with it."""
        self._stack.close()

    def _end(self) -> None:
        # The other side ends when it can read no more. What hangs is killed.
        self._link.close_write()
        self._gateway.join(_ENDED_WITHIN_S)
        self._link.kill()
        self._gateway.join(_ENDED_WITHIN_S)

    def _compare_clocks(self, deadline: float) -> ClockOffset:
        def ask() -> tuple[int, float]:
            self._channel.send(None)
            monotonic_ns, unix_s = self._next(deadline)
            return monotonic_ns, unix_s

        return compare_clocks(ask, _PINGS)

    def _next(self, deadline: float) -> Any:
        """Return what the other side sends next. Raises GatewayFailed."""
        try:
            item = self._inbox.next(deadline)
        except TimeoutError:
            raise GatewayFailed("did not respond in time") from None
        if item is not None:
            return item
        try:
            self._channel.waitclose(_ENDED_WITHIN_S)
        except self._channel.RemoteError as error:
            raise GatewayFailed(f"failed:\n{printable(str(error).rstrip())}") from None
        except (EOFError, OSError):
            pass
        raise GatewayFailed("has ended: its command or the connection is gone")


def _why_unfit(facts: dict[str, Any]) -> str | None:
    """Return why agents can't run there, in words, and what to do; None if they can."""
    python, executable = ".".join(map(str, facts["python"])), printable(str(facts["executable"]))
    name = gateway_check.NEEDED
    if tuple(facts["python"]) < gateway_check.OLDEST:
        oldest = ".".join(map(str, gateway_check.OLDEST))
        return (
            f"{executable} there is Python {python}, and agents need {oldest} or newer: name"
            " another one with //python=PATH"
        )
    own = metadata.version(name)
    install = f"install it there: {executable} -m pip install {name}=={own}"
    if facts["version"] is None:
        return f"{executable} there has no {name}: {install}"
    if facts["version"] != own:
        return (
            f"{executable} there has {name} {printable(facts['version'])}, and this run {own}, so"
            f" they may count differently: {install}"
        )
    if facts["failure"]:
        return f"an agent can't start there: {printable(facts['failure'])}: {install}"
    return None
