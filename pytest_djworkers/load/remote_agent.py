"""One agent on another machine, and what it says through a channel of execnet's."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_djworkers.load.agent_job import AgentJob, StartSignal
from pytest_djworkers.load.agent_protocol import AgentLost, ClockOffset, Lines
from pytest_djworkers.load.channel_inbox import ChannelInbox
from pytest_djworkers.printable import printable
from pytest_djworkers.serialization import to_line
from pytest_djworkers.system.clock import CLOCK

if TYPE_CHECKING:
    from execnet import Channel

SILENT_FOR_S = 15.0
"""The seconds after which an agent that says nothing is lost. It shows itself once a second."""
_CLOSED_WITHIN_S = 1.0


class RemoteAgent:
    """An agent behind a gateway, whose other end is ``gateway_agent.py``.

    Whatever fails ends it, and is an AgentLost.
    """

    def __init__(self, channel: Channel, name: str, clock: ClockOffset) -> None:
        self.name = name
        self.clock = clock
        self._channel = channel
        self._lines = Lines()
        self._heard_at = CLOCK.monotonic()
        self._inbox = ChannelInbox(channel)

    @property
    def silent_after(self) -> float:
        """The monotonic time until which it must say something."""
        return self._heard_at + SILENT_FOR_S

    def say(self, message: AgentJob | StartSignal) -> None:
        """Give it a message. Raises AgentLost if the gateway doesn't take it in time."""
        try:
            self._channel.send(bytes(to_line(message)))
        except OSError:
            # It may have failed already, and has said why.
            raise self._ended(None, "before it was told what to do") from None

    def read(self, when: str) -> list[dict[str, Any]]:
        """Return the messages that are complete by now; ``when`` says what it does meanwhile.

        Raises AgentLost if it has ended, or if the gateway has.
        """
        messages: list[dict[str, Any]] = []
        items = self._inbox.take()
        for position, item in enumerate(items):
            self._heard_at = CLOCK.monotonic()
            if isinstance(item, bytes):
                messages += self._lines.add(item)
                continue
            if not messages:
                raise self._ended(item, when)
            # What came before its end counts: it may have reported.
            for left in items[position:]:
                self._inbox.put(left)
            break
        return messages

    def fileno(self) -> int:
        """Return a descriptor that is readable when it has said something."""
        return self._inbox.fileno()

    def stop(self) -> None:
        """End it."""
        # The other side may be gone: then there is nothing to end.
        with suppress(OSError):
            self._channel.close()
        self._inbox.close()

    def too_late(self, within_s: float) -> AgentLost:
        """End it, and return the error that it said nothing for so many seconds."""
        if CLOCK.monotonic() < self.silent_after:
            return self._lost(f"did not respond within {within_s:g}s")
        return self._lost(
            f"was not heard of for {SILENT_FOR_S:g}s: its machine, or the connection to it, is gone"
        )

    def _ended(self, end: dict[str, str] | None, when: str) -> AgentLost:
        if end is not None:
            return self._lost(f"{end['how']} {when}{printable(end['log'])}")
        try:
            self._channel.waitclose(_CLOSED_WITHIN_S)
        except self._channel.RemoteError as error:
            return self._lost(f"failed {when}:\n{printable(str(error).rstrip())}")
        except (EOFError, OSError):
            pass
        return self._lost(f"was cut off {when}: the gateway to it has ended")

    def _lost(self, what: str) -> AgentLost:
        self.stop()
        return AgentLost(f"{self.name} {what}")
