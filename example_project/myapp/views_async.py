"""The same views as coroutines."""

import asyncio

from django.http import HttpRequest, HttpResponse

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
