"""The thing that a request waits for, by its stack."""

from __future__ import annotations

import pytest

from pytest_djworkers.entry.stack_sampling import SUSPENDED
from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.waits import Wait, wait_of

VIEW = Function("view", "shop/views.py", Owner.SITE)


def stack(*files: str) -> list[Function]:
    return [VIEW, *(Function("called", file, Owner.LIBRARY) for file in files)]


@pytest.mark.parametrize(
    ("files", "state", "expected"),
    [
        (["django/db/backends/sqlite3/base.py"], "disk", Wait.DATABASE),
        (["django/db/backends/sqlite3/base.py"], "sleep", Wait.DATABASE),
        (["django/db/backends/utils.py", "psycopg/waiting.py"], "network", Wait.DATABASE),
        (["urllib/request.py", "http/client.py", "socket.py"], "network", Wait.HTTP),
        (["django/db/utils.py", "psycopg_pool/pool.py", "threading.py"], "futex", Wait.POOL),
        (["http/client.py", "socket.py"], SUSPENDED, Wait.HTTP),
        (["urllib3/connectionpool.py", "queue.py"], "futex", Wait.HTTP),
    ],
)
def test_libraries_tell_what_is_waited_for(files: list[str], state: str, expected: Wait) -> None:
    assert wait_of(stack(*files), state, "") is expected


@pytest.mark.parametrize(
    "files",
    [
        ["django/db/backends/sqlite3/base.py"],
        ["django/db/backends/base/base.py", "<frozen posixpath>"],
        ["urllib/request.py", "http/client.py"],
    ],
)
def test_a_thread_that_needs_no_futex_for_it_computes_or_could(files: list[str]) -> None:
    assert wait_of(stack(*files), "futex", "sqlite3.connect(name)") is None
