"""Gateways that end with their test, and the processes behind them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import execnet
import psutil

from pytest_djworkers.load.gateways import Gateways


@contextmanager
def gateways(folder: Path, *specs: str) -> Iterator[Gateways]:
    """The gateways of a run whose agents have these specifications, not yet open."""
    made = Gateways(specs, folder)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def socket_server() -> Iterator[str]:
    """execnet's socket server on loopback; its HOST:PORT."""
    script = Path(execnet.__file__).parent / "script" / "socketserver.py"
    with subprocess.Popen(
        [sys.executable, "-u", str(script), "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()  # ... Entering Accept loop ('127.0.0.1', 40123)
        try:
            yield f"127.0.0.1:{said.rpartition(', ')[2].strip().rstrip(')')}"
        finally:
            process.kill()


def below(wanted: str) -> list[psutil.Process]:
    """The processes below this one with this in their command line, without their guards."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            command = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        if wanted in command and "guard.py" not in command:
            found.append(process)
    return found


def agents() -> list[psutil.Process]:
    """The agents below this process, in the order in which they were started."""
    return sorted(below("pytest_djworkers.load.agent"), key=lambda one: one.create_time())


def gateway_commands() -> list[psutil.Process]:
    """The other sides of gateways below this process."""
    return below("exec(eval(sys.stdin.readline()))")
