"""This side of an agent behind a gateway, with a channel that goes nowhere."""

from __future__ import annotations

import select
from typing import Any, cast

import pytest
from execnet import Channel

from pytest_djworkers.load import remote_agent
from pytest_djworkers.load.agent_job import StartSignal
from pytest_djworkers.load.agent_protocol import SAME_CLOCK, AgentLost, hear
from pytest_djworkers.load.remote_agent import RemoteAgent
from tests.support.channel import FakeChannel, RemoteError

END = {"how": "ended with exit status 3", "log": "\nThe end of its log:\n    \x1b[31moh"}


def agent_of(channel: FakeChannel) -> RemoteAgent:
    """The agent at this end of a channel."""
    return RemoteAgent(cast("Channel", channel), "load agent 2 of 2 (popen)", SAME_CLOCK)


def loss(agent: RemoteAgent, when: str = "in the middle of the burst") -> str:
    """Return why an agent is lost."""
    with pytest.raises(AgentLost) as raised:
        agent.read(when)
    return str(raised.value)


def test_messages_may_come_in_parts_and_nothing_shows_that_it_is_there() -> None:
    channel = FakeChannel(b'{"opened"', b"", b': 4}\n{"so')
    agent = agent_of(channel)
    assert select.select([agent], [], [], 0)[0] == [agent]
    assert agent.read("") == [{"opened": 4}]
    assert select.select([agent], [], [], 0)[0] == []
    assert agent.read("") == []
    channel.tell(b'_far": 1}\n')
    assert hear(agent, 5, "") == {"so_far": 1}
    agent.stop()


def test_a_report_counts_though_the_end_comes_with_it() -> None:
    agent = agent_of(FakeChannel(b'{"ok": 1}\n', END, None))
    assert agent.read("") == [{"ok": 1}]
    assert select.select([agent], [], [], 0)[0] == [agent]
    assert loss(agent) == (
        "load agent 2 of 2 (popen) ended with exit status 3 in the middle of the burst\n"
        "The end of its log:\n"
        "    oh"
    )


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        (None, "was cut off in the middle of the burst: the gateway to it has ended"),
        (EOFError(), "was cut off in the middle of the burst: the gateway to it has ended"),
        (RemoteError("Traceback\nOh\n"), "failed in the middle of the burst:\nTraceback\nOh"),
    ],
)
def test_the_end_of_the_channel_is_a_loss(fails: Exception | None, says: str) -> None:
    channel = FakeChannel(None, fails=fails)
    assert loss(agent_of(channel)) == f"load agent 2 of 2 (popen) {says}"
    assert channel.is_closed


def test_a_job_that_the_gateway_does_not_take_is_a_loss() -> None:
    channel = FakeChannel()
    agent = agent_of(channel)
    agent.say(StartSignal(5))
    assert channel.sent == [b'{"start_ns":5,"early_close":null}\n']
    channel.close()
    with pytest.raises(AgentLost, match="was cut off before it was told what to do"):
        agent.say(StartSignal(5))
    # What comes later is for nobody.
    channel.tell(b"late")


def test_silence_is_told_from_lateness(monkeypatch: pytest.MonkeyPatch) -> None:
    late: Any = agent_of(FakeChannel()).too_late(30.0)
    assert str(late) == "load agent 2 of 2 (popen) did not respond within 30s"
    monkeypatch.setattr(remote_agent, "SILENT_FOR_S", 0.0)
    silent = agent_of(FakeChannel()).too_late(30.0)
    assert isinstance(silent, AgentLost)
    assert str(silent) == (
        "load agent 2 of 2 (popen) was not heard of for 0s: its machine, or the connection to it,"
        " is gone"
    )


def test_more_than_a_pipe_holds_waits_for_its_reader() -> None:
    channel = FakeChannel(*[b""] * 70_000, b"{}\n")
    agent = agent_of(channel)
    assert agent.read("") == [{}]
    agent.stop()
