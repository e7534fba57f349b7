"""A worker's master is killed, and nobody else is there any more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.processes import REPOSITORY, lives, until

MASTER = """
import os, signal, sys, threading
from pytest_djworkers.entry.die_with_parent import die_with_parent

def worker():
    done, told = os.pipe()
    if os.fork():
        os.close(told)
        os.read(done, 1)
    else:
        die_with_parent()
        os.close(told)
        signal.alarm(60)
        print(os.getpid(), flush=True)
        sys.stdin.readline()
        print("alive", flush=True)
        os._exit(0)

if sys.argv[1] == "another thread":
    thread = threading.Thread(target=worker)
    thread.start()
    thread.join()
else:
    worker()
signal.pause()
"""


def master(how: str) -> tuple[subprocess.Popen[str], int]:
    """A process and its child."""
    process = subprocess.Popen(
        [sys.executable, "-c", MASTER, how],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_a_worker_dies_with_its_master() -> None:
    process, worker = master("main thread")
    assert lives(worker)
    process.kill()
    until(lambda: not lives(worker))
    process.communicate()


def test_a_worker_whose_thread_in_the_master_is_gone_lives_on() -> None:
    process, _ = master("another thread")
    until(lambda: len(list(Path(f"/proc/{process.pid}/task").iterdir())) == 1)
    process.kill()
    assert process.communicate("\n")[0] == "alive\n"
