"""Views that compute, sleep, wait for a lock, ask another service and query, each in a function of
its own. ``places.py`` shows which of them a profile finds."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from caused.stock import asked

LOCK = threading.Lock()
ASYNC_LOCK = asyncio.Lock()
HASHES = 1200
NAP_TAKES_S = 0.01
HOLDING_TAKES_S = 0.002
QUERY_TAKES_S = 0.005


def burn() -> None:
    """Compute for about a millisecond."""
    data = b""
    for _ in range(HASHES):
        data = hashlib.sha256(data).digest()


def nap() -> None:
    """Sleep."""
    time.sleep(NAP_TAKES_S)


def hold() -> None:
    """Sleep while nobody else does."""
    with LOCK:
        time.sleep(HOLDING_TAKES_S)


def query() -> None:
    """Wait for the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [QUERY_TAKES_S])


async def async_nap() -> None:
    """Sleep, in a coroutine."""
    await asyncio.sleep(NAP_TAKES_S)


async def async_hold() -> None:
    """Sleep while no other coroutine does."""
    async with ASYNC_LOCK:
        await asyncio.sleep(HOLDING_TAKES_S)


def places(request: HttpRequest) -> HttpResponse:
    """Respond after all of it."""
    burn()
    nap()
    hold()
    asked()
    query()
    return JsonResponse({})


async def async_places(request: HttpRequest) -> HttpResponse:
    """Respond after all of it, with threads for what is not async."""
    burn()
    await async_nap()
    await async_hold()
    await sync_to_async(asked)()
    await sync_to_async(query)()
    return JsonResponse({})
