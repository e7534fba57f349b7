"""Each wait has an end, whoever it waits for, and whatever a test has done to the clocks."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from freezegun import freeze_time

from pytest_djworkers.system.deadlines import ends_within, true_within, written_within


@pytest.fixture(autouse=True)
def stopped_clock() -> Iterator[None]:
    """No test here ends by any other clock."""
    with freeze_time("2000-01-01"):
        yield


def test_a_condition_that_is_true_is_not_waited_for() -> None:
    assert true_within(0, lambda: True)
    assert not true_within(0, lambda: False)


def test_a_process_that_ends_is_collected() -> None:
    with subprocess.Popen(["true"]) as process:
        assert ends_within(process, 15)
        assert process.returncode == 0


def test_the_wait_for_a_stopped_process_ends_in_time() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        process.send_signal(signal.SIGSTOP)
        assert not ends_within(process, 0.05)
        process.kill()
        assert ends_within(process, 15)


@pytest.mark.parametrize("reads", [True, False], ids=["read", "not read"])
def test_more_than_a_pipe_holds_is_written_if_somebody_reads(reads: bool) -> None:
    data = bytes(1 << 20)
    with subprocess.Popen(["wc", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        if not reads:
            process.send_signal(signal.SIGSTOP)
        assert written_within(process.stdin.fileno(), data, 15 if reads else 0.05) == reads
        process.send_signal(signal.SIGCONT)
        counted = int(process.communicate()[0])
        assert (counted == len(data)) == reads


def test_writing_to_a_pipe_without_a_reader_is_an_error() -> None:
    there, here = os.pipe()
    os.close(there)
    with pytest.raises(BrokenPipeError):
        written_within(here, b"x", 15)
    os.close(here)
