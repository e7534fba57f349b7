"""Threads of the operating system, with and without gevent."""

from __future__ import annotations

import subprocess
import sys
import threading

from pytest_djworkers.entry import plain_threads
from tests.support.processes import REPOSITORY, until

IN_GEVENT = """
from gevent import monkey
monkey.patch_all()
import threading
import time
import gevent
import _thread
from gevent.threadpool import ThreadPool
from pytest_djworkers.entry.plain_threads import sleep, start_thread, thread_ident

own = monkey.get_original("_thread", "get_ident")
assert thread_ident() == own()
assert gevent.spawn(thread_ident).get() == own()
found = []
start_thread(lambda: (sleep(0.01), found.append(thread_ident())))
while not found:
    monkey.get_original("time", "sleep")(0.001)
assert found[0] != own(), "a greenlet of this thread"

others = []
greenlet = gevent.spawn(others.append, 1)
sleep(0.01)
assert not others, "it let another greenlet run"
greenlet.join()
"""


def test_a_function_runs_in_another_thread() -> None:
    found: list[int] = []
    plain_threads.start_thread(lambda: found.append(plain_threads.thread_ident()))
    until(lambda: found)
    assert found != [threading.get_ident()]
    assert plain_threads.thread_ident() == threading.get_ident()


def test_with_gevent_it_is_no_greenlet() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IN_GEVENT],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        timeout=60,
    )
    assert not done.returncode, done.stderr
