"""How a process says that it is ready to serve.

One that has loaded the site says so. Where a server loads it before it forks its workers
(gunicorn's ``preload_app``, uWSGI without ``lazy-apps``), each fork says whose it is, and pytest
tells from all of it which are the workers: a site forks for other reasons, too.
"""

from __future__ import annotations

import os
import sys
import traceback
from _socket import AF_UNIX, SOCK_DGRAM
from _socket import socket as plain_socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

FAILED = "failed"
"""What stands before the process id of one that can't load the site."""


def report_ready(address: str) -> None:
    """Say it for this process, and for those that it forks from now on."""
    parent = os.getpid()
    _say(address, str(parent))

    def forked() -> None:
        _say(address, f"{os.getpid()} {parent}")

    os.register_at_fork(after_in_child=forked)
    _tell_uwsgi(forked)


def report_failure(address: str, error: BaseException) -> None:
    """Say that this process can't load the site, once the log says why: some servers say half of
    it, or start another worker that can't either, and another."""
    text = "".join(traceback.format_exception(error))
    with suppress(OSError):
        os.write(2, text.encode(errors="backslashreplace"))
    _say(address, f"{FAILED} {os.getpid()}")


def _say(address: str, text: str) -> None:
    # Once all workers are there, nobody listens to one that replaces another. The socket is none
    # that gevent or a library of tests has replaced.
    said = plain_socket(AF_UNIX, SOCK_DGRAM)
    try:
        with suppress(OSError):
            said.sendto(text.encode(), address)
    finally:
        said.close()


def _tell_uwsgi(forked: Callable[[], None]) -> None:
    """uWSGI forks without Python's knowledge, and has a hook of its own."""
    uwsgi: Any = sys.modules.get("uwsgi")
    if not hasattr(uwsgi, "worker_id"):
        return
    before = getattr(uwsgi, "post_fork_hook", None)

    def hook() -> None:
        if uwsgi.worker_id():  # its mules and spoolers are forked, too
            forked()
        if before is not None:
            before()

    uwsgi.post_fork_hook = hook
