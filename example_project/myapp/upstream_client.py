"""Calls to the upstream, over connections that are kept open between requests."""

import asyncio
import threading
from functools import cached_property

import httpx
import requests
from django.conf import settings

TIMEOUT_S = 30.0

# Above this number, requests wait for a connection here. httpx's own queue gives up on requests
# that wait for long, and searches all of them after each response.
ASYNC_CALLS_AT_ONCE = 32

# Shared, because reading the certificates takes longer than a call.
_ssl_context = httpx.create_ssl_context()


class _ThreadClients(threading.local):
    """A thread's own clients: a greenlet's, where gevent has patched the threads.

    `requests` doesn't promise that threads can share a session. They can share an `httpx.Client`,
    but it looks at each of its connections for each call, which is slow with hundreds of threads.
    """

    @cached_property
    def requests(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # no proxy: the upstream is a neighbour
        return session

    @cached_property
    def httpx(self) -> httpx.Client:
        return httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=_ssl_context)


class _LoopClient:
    """An event loop's own client, and the queue in front of it."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=_ssl_context)
        self._slots = asyncio.Semaphore(ASYNC_CALLS_AT_ONCE)

    async def get(self, url: str) -> httpx.Response:
        async with self._slots:
            return await self._client.get(url)


_thread_clients = _ThreadClients()
_loop_clients: dict[asyncio.AbstractEventLoop, _LoopClient] = {}


def _loop_client() -> _LoopClient:
    loop = asyncio.get_running_loop()
    if loop not in _loop_clients:
        # Under WSGI each request to an async view runs in a loop of its own.
        for closed in [other for other in list(_loop_clients) if other.is_closed()]:
            _loop_clients.pop(closed, None)
        _loop_clients[loop] = _LoopClient()
    return _loop_clients[loop]


def get_with_requests() -> bytes:
    """Return the body of the upstream's response."""
    response = _thread_clients.requests.get(settings.UPSTREAM_URL, timeout=TIMEOUT_S)
    response.raise_for_status()
    return response.content


def get_with_httpx() -> bytes:
    """Return the body of the upstream's response."""
    return _thread_clients.httpx.get(settings.UPSTREAM_URL).raise_for_status().content


async def aget_with_httpx() -> bytes:
    """Return the body of the upstream's response."""
    response = await _loop_client().get(settings.UPSTREAM_URL)
    return response.raise_for_status().content
