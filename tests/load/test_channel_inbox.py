"""What comes through a channel is there for select(2)."""

from __future__ import annotations

import select
import time
from threading import Timer
from typing import cast

import pytest
from execnet import Channel

from pytest_djworkers.load.channel_inbox import ChannelInbox
from tests.support.channel import FakeChannel


def test_the_next_item_is_waited_for_up_to_a_deadline() -> None:
    channel = FakeChannel("one", "two")
    inbox = ChannelInbox(cast("Channel", channel))
    deadline = time.monotonic() + 30
    assert [inbox.next(deadline), inbox.next(deadline)] == ["one", "two"]
    Timer(0.05, channel.tell, ["three"]).start()
    assert inbox.next(deadline) == "three"
    with pytest.raises(TimeoutError):
        inbox.next(time.monotonic() + 0.05)
    channel.tell(None)
    assert inbox.next(deadline) is None
    assert inbox.take() == []
    assert not select.select([inbox], [], [], 0)[0]
    inbox.close()
    inbox.close()
    channel.tell("late")
