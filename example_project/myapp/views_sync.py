"""The views as plain functions."""

import time
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from myapp import queries, responses, upstream_client


def json(request: HttpRequest) -> HttpResponse:
    return responses.greeting()


def json_query(request: HttpRequest) -> HttpResponse:
    return responses.books_json(list(queries.newest_books(responses.BOOKS_IN_JSON)))


def template_query(request: HttpRequest) -> HttpResponse:
    return responses.books_page(request, list(queries.newest_books(responses.BOOKS_ON_PAGE)))


def gateway(request: HttpRequest, wait_s: float) -> HttpResponse:
    """Respond after `wait_s` seconds, as a view that waits for a slow gateway does."""
    time.sleep(wait_s)
    return responses.gateway_response(wait_s)


def brotli(request: HttpRequest) -> HttpResponse:
    return responses.compressed_catalogue()


def requests(request: HttpRequest) -> HttpResponse:
    return responses.upstream_response(upstream_client.get_with_requests())


def httpx(request: HttpRequest) -> HttpResponse:
    return responses.upstream_response(upstream_client.get_with_httpx())


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Respond in pieces, the first of them at once, as an export of many rows does."""
    return responses.streamed(_pieces())


def _pieces() -> Iterator[bytes]:
    for number in range(responses.PIECES):
        if number:
            time.sleep(responses.BETWEEN_PIECES_S)
        yield responses.piece(number)
