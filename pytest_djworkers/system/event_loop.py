"""Code that blocks, in a thread in which an event loop runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_running_loop() -> Iterator[None]:
    """While this is entered, asyncio sees no running event loop in this thread.

    Libraries such as Django refuse to do blocking work in a thread with a running loop. An async
    test has one, and so has a test that uses the sync API of a browser library.
    """
    # The loop stands still for as long as this is entered, as during any code that blocks. None of
    # its tasks can run meanwhile, so the mix-up of tasks that Django guards against can't happen.
    events = sys.modules.get("asyncio.events")
    loop = None if events is None else events._get_running_loop()  # noqa: SLF001  # asyncio's own way
    if events is None or loop is None:
        yield
        return
    events._set_running_loop(None)  # noqa: SLF001  # likewise
    try:
        yield
    finally:
        events._set_running_loop(loop)  # noqa: SLF001  # likewise
