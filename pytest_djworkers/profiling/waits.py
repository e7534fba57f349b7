"""Tells what a request waits for, by its stack."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from pytest_djworkers.entry.stack_sampling import SUSPENDED
from pytest_djworkers.profiling.code_folders import Function


class Wait(StrEnum):
    """The kinds of things that requests wait for, in the words of a report."""

    POOL = "a connection of the pool"
    DATABASE = "the database"
    HTTP = "an outgoing request"
    CACHE = "the cache"
    LOCK = "a lock"
    SLEEP = "a sleep"
    NETWORK = "the network"
    PROCESS = "a process"
    DISK = "the disk"
    THREAD = "a free thread"
    OTHER = "something else"


QUEUES = {Wait.THREAD, Wait.OTHER}
"""The waits that may be for other requests to end."""


OF_DATABASES = re.compile(
    r"psycopg2?/|psycopg_c/|django/db/|sqlite3/|MySQLdb/|pymysql/|oracledb/|asyncpg/|sqlalchemy/"
    r"|aiosqlite/|pymongo/"
)
"""The files of Django's database layer, and of drivers."""
# A file of a library, or a function in it, that a waiting request is in. The first that fits
# counts: a pool waits by a lock, and a database by the network.
_LIBRARIES = (
    (Wait.POOL, re.compile(r"psycopg_pool/|sqlalchemy/pool/|dbutils/|asyncpg/pool\.py")),
    (Wait.DATABASE, OF_DATABASES),
    (
        Wait.HTTP,
        re.compile(
            r"http/client\.py|urllib/request\.py|urllib3/|requests/|httpx/|httpcore/|aiohttp/"
            r"|botocore/|grpc/|pycurl"
        ),
    ),
    (Wait.CACHE, re.compile(r"redis/|pymemcache/|pylibmc|django/core/cache/|django_redis/")),
    (Wait.PROCESS, re.compile(r"subprocess\.py|asyncio/subprocess\.py|multiprocessing/")),
    (
        Wait.LOCK,
        re.compile(
            r"threading\.py|queue\.py|asyncio/(?:locks|queues)\.py|concurrent/futures/_base\.py"
            r"|gevent/(?:_?lock|_?semaphore|thread|threading|queue|_?queue|event)\b|filelock/"
        ),
    ),
    (Wait.THREAD, re.compile(r"asgiref/|anyio/to_thread\.py|anyio/_backends/")),
    (Wait.NETWORK, re.compile(r"socket\.py|ssl\.py|gevent/_?(?:socket|ssl)|asyncio/streams\.py")),
)
# A thread waits for these by a socket or a file: in a futex, it waits for the interpreter's lock.
_WITHOUT_FUTEX = {Wait.DATABASE, Wait.HTTP, Wait.CACHE, Wait.NETWORK}
_SLEEPS = re.compile(r"\bsleep\(")
_LOCKS = re.compile(r"^with |\.acquire\(|\.wait\(|\.join\(|\.get\(|\.result\(")
_OF_CALLS = {
    "sleep": Wait.SLEEP,
    "network": Wait.NETWORK,
    "disk": Wait.DISK,
    "process": Wait.PROCESS,
}


def wait_of(functions: Sequence[Function], state: str, call: str) -> Wait | None:
    """Return what a request waits for; None if it computes, or could.

    ``functions`` are those of its stack, the outermost first; ``state`` and ``call`` as in
    ``RequestStack``.
    """
    if state not in {SUSPENDED, "futex", *_OF_CALLS}:
        return None
    called = _called_from_site(functions)
    found = [wait for wait, files in _LIBRARIES if any(files.match(one.file) for one in called)]
    if found:
        is_computing = state == "futex" and _WITHOUT_FUTEX.issuperset(found)
        return None if is_computing else found[0]
    innermost = functions[-1] if functions else None
    if _SLEEPS.search(call) or (innermost is not None and innermost.name == "sleep"):
        return Wait.SLEEP
    if state == "futex":
        # A thread that waits for the interpreter's own lock is in the same system call.
        return Wait.LOCK if _LOCKS.search(call) else None
    return _OF_CALLS.get(state, Wait.OTHER)


def _called_from_site(functions: Sequence[Function]) -> Sequence[Function]:
    """Return the functions of libraries that the innermost one of the site has called; all if the
    site's code is not on the stack."""
    places = [place for place, one in enumerate(functions) if one.is_of_site]
    return functions[places[-1] + 1 :] if places else functions
