"""The header with which a proxy tells the site that a request came over HTTPS.

A site that redirects to HTTPS would respond to load in plain HTTP with redirects alone. If its
settings name such a header, the load has it, as it would behind the site's proxy.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

_PREFIX = "HTTP_"


def proxy_header_of(settings: Any) -> tuple[str, str] | None:
    """Return the name and the value of the header that load must have; None if it needs none.

    ``settings`` are those of the served site.
    """
    named = getattr(settings, "SECURE_PROXY_SSL_HEADER", None)
    if not (getattr(settings, "SECURE_SSL_REDIRECT", False) and named):
        return None
    variable, value = named
    # Other variables come from the server itself, and no client can set them.
    if not str(variable).startswith(_PREFIX):
        return None
    return variable.removeprefix(_PREFIX).replace("_", "-").title(), value


def report_proxy_header(folder: Path) -> None:
    """Report to the pytest process the header that load must have, if there is one.

    ``folder`` is that of the brief.
    """
    from django.conf import settings

    header = proxy_header_of(settings)
    # All workers have the same: the first one reports it.
    with suppress(FileExistsError):
        if header is not None:
            with proxy_header_file(folder).open("x") as file:
                json.dump(header, file)


def proxy_header_file(folder: Path) -> Path:
    """Return the file with the report."""
    return folder / "proxy-header"


def reported_proxy_header(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return the headers that the server has reported: one or none."""
    try:
        name, value = json.loads(proxy_header_file(folder).read_text())
    except FileNotFoundError:
        return ()
    return ((name, value),)
