"""The same views as coroutines."""

import asyncio
import itertools
from collections.abc import AsyncIterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from myapp import queries, responses, upstream_client


async def json(request: HttpRequest) -> HttpResponse:
    return responses.greeting()


async def json_query(request: HttpRequest) -> HttpResponse:
    books = [book async for book in queries.newest_books(responses.BOOKS_IN_JSON)]
    return responses.books_json(books)


async def template_query(request: HttpRequest) -> HttpResponse:
    books = [book async for book in queries.newest_books(responses.BOOKS_ON_PAGE)]
    return responses.books_page(request, books)


async def gateway(request: HttpRequest, wait_s: float) -> HttpResponse:
    """Respond after `wait_s` seconds, as a view that waits for a slow gateway does."""
    await asyncio.sleep(wait_s)
    return responses.gateway_response(wait_s)


async def brotli(request: HttpRequest) -> HttpResponse:
    return responses.compressed_catalogue()


async def requests(request: HttpRequest) -> HttpResponse:
    body = await asyncio.to_thread(upstream_client.get_with_requests)
    return responses.upstream_response(body)


async def httpx(request: HttpRequest) -> HttpResponse:
    return responses.upstream_response(await upstream_client.aget_with_httpx())


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Respond in pieces, the first of them at once, as an export of many rows does."""
    return responses.streamed(_pieces())


async def _pieces() -> AsyncIterator[bytes]:
    for number in range(responses.PIECES):
        if number:
            await asyncio.sleep(responses.BETWEEN_PIECES_S)
        yield responses.piece(number)


async def events(request: HttpRequest) -> StreamingHttpResponse:
    """Send the stock of a book whenever it changes, as server-sent events, without end."""
    return StreamingHttpResponse(_stock(), content_type="text/event-stream")


async def _stock() -> AsyncIterator[str]:
    for number in itertools.count():
        yield f"event: stock\ndata: {number}\n\n"
        await asyncio.sleep(responses.BETWEEN_PIECES_S)
