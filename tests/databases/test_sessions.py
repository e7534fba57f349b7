"""Sessions that servers leave running in PostgreSQL, tested without a PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from pytest_djworkers.databases import sessions
from pytest_djworkers.errors import DatabaseError
from pytest_djworkers.system.clock import Clock


class Full:
    """A connection to a database that lets nobody in the first times."""

    alias = "default"

    def __init__(self, times: int) -> None:
        self.refusals = times

    def ensure_connection(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise OperationalError('FATAL:  too many connections for role "shop"\n')


def test_a_free_connection_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(sessions, "CLOCK", Clock(sleep=slept.append))
    connection: Any = Full(3)
    sessions.connect(connection)
    assert len(slept) == 3


def test_an_error_says_so_if_no_connection_gets_free_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sessions, "_ROOM_WITHIN_S", 0.0)
    with pytest.raises(DatabaseError) as caught:
        sessions.connect(Full(1_000))
    assert str(caught.value) == (
        "database 'default' can't be reached any more, so what servers that are gone left running"
        ' there can\'t be ended: FATAL:  too many connections for role "shop"'
    )
