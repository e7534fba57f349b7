"""The processes of a session and their CPU time."""

from __future__ import annotations

import os

import pytest

from pytest_djworkers.system.session_members import cpu_used, read_each


def test_a_session_that_is_gone_or_whose_time_is_not_known_finely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert cpu_used(0x7FFFFFF0) == {}
    session = os.getsid(0)

    class NoSuchClock:
        """A system without these clocks."""

        def cpu_of_process(self, pid: int) -> float:
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr("pytest_djworkers.system.session_members.CLOCK", NoSuchClock())
    assert cpu_used(session) is None


def test_reading_is_repeated_if_processes_begin_or_end_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lists = iter([{1, 2}, {1, 3}, {1, 3}, {1, 3}])
    monkeypatch.setattr(
        "pytest_djworkers.system.session_members.session_members", lambda _: next(lists)
    )
    assert read_each(7, lambda pid: pid) == {1: 1, 3: 3}
