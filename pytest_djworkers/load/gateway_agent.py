"""One agent behind a gateway: this runs on the agent's machine, in the gateway's process.

Through the channel go the bytes of the agent's standard streams, both ways. From here there is also
nothing (``b""``) now and then, to show that the connection holds, and at the end a dict: how the
agent ended, and the end of its log.
"""

from __future__ import annotations

import os
import select
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pytest_djworkers.load.agent_process import JOB_READ_WITHIN_S, STATUS_WITHIN_S, start_agent
from pytest_djworkers.load.channel_inbox import ChannelInbox
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.deadlines import written_within
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.scratch import ScratchFolder

if TYPE_CHECKING:
    from execnet import Channel

SHOWN_EVERY_S = 1.0
"""The time after which something is sent, in seconds, if only nothing."""


def serve(channel: Channel) -> None:
    """Run one agent until it ends, or until the channel does."""
    with ExitStack() as stack:
        inbox = ChannelInbox(channel)
        stack.callback(inbox.close)
        scratch = ScratchFolder()
        stack.callback(scratch.remove)
        log = scratch.path / "agent.log"
        # It ends with this process, whatever ends that.
        agent = start_agent("load agent", log)
        stack.callback(agent.stop)
        how = _exchange(agent, channel, inbox)
        if how is not None:
            channel.send({"how": how, "log": tail(log)})


def _exchange(agent: GuardedProcess, channel: Channel, inbox: ChannelInbox) -> str | None:
    """Pass bytes on until the agent ends, and return how, in words; None at the channel's end."""
    show_at = CLOCK.monotonic() + SHOWN_EVERY_S
    said_there, said_here = inbox.fileno(), agent.output.fileno()
    while True:
        left_s = max(0.0, show_at - CLOCK.monotonic())
        readable, _, _ = select.select([said_there, said_here], [], [], left_s)
        for data in inbox.take() if said_there in readable else ():
            if data is None:
                return None
            try:
                if not written_within(agent.input.fileno(), data, JOB_READ_WITHIN_S):
                    return f"did not read its job within {JOB_READ_WITHIN_S:g}s"
            except OSError:
                return _ended(agent)
        if said_here in readable:
            said = os.read(said_here, 1 << 20)
            if not said:
                return _ended(agent)
            channel.send(said)
        if CLOCK.monotonic() >= show_at:
            channel.send(b"")
            show_at = CLOCK.monotonic() + SHOWN_EVERY_S


def _ended(agent: GuardedProcess) -> str:
    status = agent.wait(STATUS_WITHIN_S)
    return "ended" if status is None else f"ended with exit status {status}"
