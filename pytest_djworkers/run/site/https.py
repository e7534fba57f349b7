"""Says in the header how load reaches a site that redirects to HTTPS."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_djworkers.entry.proxy_header import proxy_header_of
from pytest_djworkers.settings.settings import Settings


def sent_for_proxy(settings: Settings) -> Iterator[str]:
    """Yield a line if load has the header with which the site's proxy says that it is HTTPS."""
    from django.conf import settings as of_site

    # Other settings are known only in the server, which finds out for itself.
    if settings.tls is None and settings.settings_module is None:
        header = proxy_header_of(of_site)
        if header is not None:
            yield (
                f"sends {header[0]}: {header[1]}, as the site's SECURE_PROXY_SSL_HEADER names it,"
                " since SECURE_SSL_REDIRECT is on"
            )
