"""Code that waits by blocking, where an event loop runs in this thread."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_running_loop() -> Iterator[None]:
    """Meanwhile no event loop counts as running in this thread: an async test, or a browser's sync
    API, has one, and Django refuses to use a database there.

    That loop stands still for as long as this is entered, as in any code that blocks: nothing of it
    can come between, so what Django guards against can't happen.
    """
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
