"""Reports to the pytest process that this process can serve the site, or that it can't load it.

A process that has loaded the site reports its process id. A server may load the site before it
forks its workers (gunicorn's ``preload_app``, uWSGI without ``lazy-apps``). So each fork reports
its own id and its parent's, and pytest finds out which are the workers: a site may fork for other
reasons.
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
"""The word before the id of a process that can't load the site."""


def report_ready(address: str) -> None:
    """Report this process as ready, and processes that it forks from now on."""
    parent = os.getpid()
    _say(address, str(parent))

    def forked() -> None:
        _say(address, f"{os.getpid()} {parent}")

    os.register_at_fork(after_in_child=forked)
    _tell_uwsgi(forked)


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


def _tell_uwsgi(forked: Callable[[], None]) -> None:
    """Report uWSGI's workers as well."""
    # uWSGI forks in C, so that Python's own fork hooks don't run. It has a hook of its own.
    uwsgi: Any = sys.modules.get("uwsgi")
    if not hasattr(uwsgi, "worker_id"):
        return
    before = getattr(uwsgi, "post_fork_hook", None)

    def hook() -> None:
        if uwsgi.worker_id():  # 0 in its mules and spoolers, which are forked as well
            forked()
        if before is not None:
            before()

    uwsgi.post_fork_hook = hook
