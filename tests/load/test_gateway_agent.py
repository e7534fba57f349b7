"""The other side of an agent behind a gateway, in the test's own process."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from execnet import Channel

from pytest_djworkers.load import gateway_agent
from pytest_djworkers.load.agent_job import AgentJob
from pytest_djworkers.load.rate import Share
from pytest_djworkers.serialization import to_simple
from tests.support.channel import FakeChannel
from tests.support.fault_server import always, answer, eventually, serve
from tests.support.gateways import agents
from tests.support.profiles import make_profile


def line(message: dict[str, Any]) -> bytes:
    """A message to an agent."""
    return json.dumps(message).encode() + b"\n"


def serve_agent(channel: FakeChannel) -> None:
    """Run an agent at the end of a channel."""
    gateway_agent.serve(cast("Channel", channel))


def said(channel: FakeChannel) -> list[dict[str, Any]]:
    """Return the messages of the agent."""
    data = b"".join(item for item in channel.sent if isinstance(item, bytes))
    return [json.loads(one) for one in data.splitlines()]


def test_an_agents_streams_go_through_the_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_agent, "SHOWN_EVERY_S", 0.05)
    with serve(always(answer())) as server:
        job = AgentJob(make_profile(), server.address, "x", 4, Share(), 4, 0.0)
        channel = FakeChannel(line(to_simple(job)))
        with ThreadPoolExecutor(1) as pool:
            served = pool.submit(serve_agent, channel)
            assert eventually(lambda: bool(said(channel)))
            channel.tell(line({"start_ns": time.monotonic_ns()}))
            # It ends when it has reported.
            served.result(timeout=30)
    opened, report = said(channel)
    assert opened == {"opened": 4}
    assert report["parts"][0]["ok"]
    # To show that the connection holds, even when there is nothing to say.
    assert b"" in channel.sent
    assert channel.sent[-1]["how"] == "ended with exit status 0"


def test_the_end_of_the_channel_is_the_end_of_the_agent() -> None:
    channel = FakeChannel()
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve_agent, channel)
        assert eventually(lambda: bool(agents()))
        channel.tell(None)
        served.result(timeout=30)
    assert not agents()
    assert not [item for item in channel.sent if isinstance(item, dict)]


def pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Run this Python code instead of an agent."""
    file = folder / "agent"
    file.write_text(f"#!{sys.executable}\n{code}\n")
    file.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(file))


def test_an_agent_that_fails_is_told_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, "import sys; sys.exit('some last words')")
    channel = FakeChannel()
    serve_agent(channel)
    (end,) = (item for item in channel.sent if item)
    assert end["how"] == "ended with exit status 1"
    assert "some last words" in end["log"]


def test_an_agent_that_closes_its_standard_input_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, time; os.close(0); print('deaf', flush=True); time.sleep(60)"
    pretend(tmp_path, monkeypatch, code)
    monkeypatch.setattr(gateway_agent, "STATUS_WITHIN_S", 0.1)
    channel = FakeChannel()
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve_agent, channel)
        assert eventually(lambda: b"deaf\n" in channel.sent)
        channel.tell(b"x" * 1_000_000)
        served.result(timeout=30)
    assert channel.sent[-1] == {"how": "ended", "log": ""}


def test_an_agent_that_does_not_read_its_job_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(gateway_agent, "JOB_READ_WITHIN_S", 0.1)
    channel = FakeChannel(b"x" * 1_000_000)
    serve_agent(channel)
    assert channel.sent[-1] == {"how": "did not read its job within 0.1s", "log": ""}
