"""The plugin's own view, which limits can be relative to: it returns two bytes."""

from __future__ import annotations

from typing import Any

PLAIN_PATH = "/__djworkers__/plain"


def add_plain_view(interface: str) -> None:
    """Let the site's URLconf lead to the plain view, through the site's middleware."""
    from django.db import connections, transaction
    from django.http import HttpResponse
    from django.urls import get_resolver, path

    def plain(_request: Any) -> HttpResponse:
        return HttpResponse(b"ok", content_type="text/plain")

    async def plain_async(_request: Any) -> HttpResponse:
        return HttpResponse(b"ok", content_type="text/plain")

    # A sync view would get a thread, which has a cost of its own.
    view: Any = plain_async if interface == "asgi" else plain
    # What Django's LoginRequiredMiddleware looks at.
    view.login_required = False
    for alias in connections:
        # Django refuses async views in a transaction (ATOMIC_REQUESTS), and this one needs none.
        transaction.non_atomic_requests(alias)(view)
    resolver = get_resolver()
    route = path(PLAIN_PATH.removeprefix("/"), view)
    # First, since a site's last pattern may lead anywhere. It is a cached property.
    vars(resolver)["url_patterns"] = [route, *resolver.url_patterns]
