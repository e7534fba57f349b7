"""The environment of a process that loads the site."""

from __future__ import annotations

from pytest_djworkers.system.environment import child_environment

_NOT_FOR_THE_SITE = (
    # Several servers take their number of workers, or a socket, from here.
    "WEB_CONCURRENCY",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    # gunicorn uses it for each request that has none, and responds with 500 to every path that
    # does not begin with it.
    "SCRIPT_NAME",
    # gunicorn and uvicorn: the proxies whose word about the client is taken.
    "FORWARDED_ALLOW_IPS",
    "SENDFILE",
    # Browser tests set it, and it hides mistakes in async views.
    "DJANGO_ALLOW_ASYNC_UNSAFE",
)
"""Variables that change what a server does, and that may be set here for another purpose."""


def site_environment(scrubbed: tuple[str, ...] = (), **added: str) -> dict[str, str]:
    """Return this process's environment, without variables that would change what the site serves.

    ``scrubbed`` are names of more variables to leave out; a name that ends in an underscore
    stands for all that begin with it. ``added`` are variables to set.
    """
    return child_environment((*_NOT_FOR_THE_SITE, *scrubbed), **added)
