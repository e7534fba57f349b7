"""Each endpoint twice: /myapp/sync/<name> and /myapp/async/<name>."""

from types import ModuleType

from django.urls import URLPattern, include, path

from myapp import views_async, views_sync


def endpoints(views: ModuleType) -> list[URLPattern]:
    return [
        path("json", views.json, name="json"),
        path("json_query", views.json_query, name="json_query"),
        path("template_query", views.template_query, name="template_query"),
        path("gateway_1s", views.gateway, {"wait_s": 1}, name="gateway_1s"),
        path("gateway_3s", views.gateway, {"wait_s": 3}, name="gateway_3s"),
        path("gateway_10s", views.gateway, {"wait_s": 10}, name="gateway_10s"),
        path("brotli", views.brotli, name="brotli"),
        path("requests", views.requests, name="requests"),
        path("httpx", views.httpx, name="httpx"),
        path("stream", views.stream, name="stream"),
    ]


urlpatterns = [
    path("sync/", include((endpoints(views_sync), "sync"))),
    path("async/", include((endpoints(views_async), "async"))),
    path("async/events", views_async.events, name="events"),
]
