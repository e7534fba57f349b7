"""Reports to the pytest process that this process can serve the site, or that it can't load it.

A process that has loaded the site reports its process id. A server may load the site before it
forks its workers (gunicorn's ``preload_app``, uWSGI without ``lazy-apps``). So each fork reports
its own id and its parent's, and pytest finds out which are the workers: a site may fork for other
reasons.
"""

from __future__ import annotations

import os
import traceback
from _socket import AF_UNIX, SOCK_DGRAM
from _socket import socket as plain_socket
from contextlib import suppress

from pytest_djworkers.entry.forks import call_in_forks

FAILED = "failed"
"""The word before the id of a process that can't load the site."""


def report_ready(address: str) -> None:
    """Report this process as ready, and processes that it forks from now on."""
    parent = os.getpid()
    _say(address, str(parent))

    def forked() -> None:
        _say(address, f"{os.getpid()} {parent}")

    call_in_forks(forked)


def report_failure(address: str, error: BaseException) -> None:
    """Write the traceback to the log, and report that this process can't load the site."""
    # Some servers log only a part of the traceback, or start another worker, which fails as well,
    # and another one.
    text = "".join(traceback.format_exception(error))
    with suppress(OSError):
        os.write(2, text.encode(errors="backslashreplace"))
    _say(address, f"{FAILED} {os.getpid()}")


def _say(address: str, text: str) -> None:
    # Once all workers are ready, nobody listens to a worker that replaces another. The socket class
    # is the C implementation: gevent or a library for tests may have replaced Python's.
    said = plain_socket(AF_UNIX, SOCK_DGRAM)
    try:
        with suppress(OSError):
            said.sendto(text.encode(), address)
    finally:
        said.close()
