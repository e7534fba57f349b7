"""A middleware that a commit adds to the settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class Watermark:
    """Signs each response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Respond with a signature of the body."""
        response = self.get_response(request)
        response["X-Watermark"] = self.sign(response.content)
        return response

    def sign(self, body: bytes) -> str:
        """Return the signature of a body."""
        digest = hashlib.sha256(body).digest()
        for _ in range(1500):
            digest = hashlib.sha256(digest).digest()
        return digest.hex()
