"""The processes of a session and their CPU time."""

from __future__ import annotations

import os

import pytest

from pytest_djworkers.system.session_members import cpu_used, read_each


def test_one_that_is_gone_or_cannot_be_told_finely(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cpu_used(0x7FFFFFF0) == {}
    session = os.getsid(0)

    class NoSuchClock:
        """A system without these clocks."""

        def cpu_of_process(self, pid: int) -> float:
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr("pytest_djworkers.system.session_members.CLOCK", NoSuchClock())
    assert cpu_used(session) is None


def test_a_look_that_processes_come_and_go_in_is_taken_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lists = iter([{1, 2}, {1, 3}, {1, 3}, {1, 3}])
    monkeypatch.setattr(
        "pytest_djworkers.system.session_members.session_members", lambda _: next(lists)
    )
    assert read_each(7, lambda pid: pid) == {1: 1, 3: 3}
