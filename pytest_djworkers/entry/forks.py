"""Calls a function in each process that this one forks, also in uWSGI's workers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any


def call_in_forks(function: Callable[[], None]) -> None:
    """Call a function in each process that is forked from now on, as its first step.

    Under uWSGI it is to be called when the site is loaded: the site may replace the hook.
    """
    os.register_at_fork(after_in_child=function)
    # uWSGI forks in C, so that Python's own fork hooks don't run. It has a hook of its own.
    uwsgi: Any = sys.modules.get("uwsgi")
    if not hasattr(uwsgi, "worker_id"):
        return
    before = getattr(uwsgi, "post_fork_hook", None)

    def hook() -> None:
        if uwsgi.worker_id():  # 0 in its mules and spoolers, which are forked as well
            function()
        if before is not None:
            before()

    uwsgi.post_fork_hook = hook
