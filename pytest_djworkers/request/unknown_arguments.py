"""Arguments that ``burst()`` does not have: typing errors, and those of other clients."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from pytest_djworkers.errors import BurstArgumentError

_DJANGO = "Django's test client"
_BODY = (
    "here a form is form={...}, its files are files={...}, json= is encoded, and body= takes bytes"
    " or text as they are sent"
)
_HEADERS = "here it is a header, as it is sent: headers={{{!r}: ...}}"
_NO_REDIRECT = (
    "a burst follows no redirects: name the path that it leads to, or expect the redirect itself"
    " with expect=302"
)
_QUERY = "here it is query="
_CONNECTIONS = "here it is connections=, the number of requests at a time"
# The argument of another client, whose it is, and what to write instead.
_OF_OTHER_CLIENTS = {
    "data": (f"{_DJANGO} and requests", _BODY),
    "content": ("httpx", _BODY),
    "content_type": (_DJANGO, _HEADERS.format("Content-Type")),
    "params": ("requests", _QUERY),
    "query_params": (_DJANGO, _QUERY),
    "follow": (_DJANGO, _NO_REDIRECT),
    "follow_redirects": ("httpx", _NO_REDIRECT),
    "allow_redirects": ("requests", _NO_REDIRECT),
    "verify": (
        "requests and httpx",
        "a server that the run starts is known by its certificate, and another one's is always"
        " verified",
    ),
    "url": ("requests and httpx", "here the path comes first, without a name: burst('/path')"),
    "auth": ("requests", _HEADERS.format("Authorization")),
    "secure": (
        _DJANGO,
        "here a run is over TLS as a whole, with --djworkers-tls; and SECURE_SSL_REDIRECT is met"
        " with the header that SECURE_PROXY_SSL_HEADER names",
    ),
    # Words of load testers.
    "vus": ("k6", _CONNECTIONS),
    "concurrency": ("ab and hey", _CONNECTIONS),
    "threads": ("wrk", "here the number of processes that fire is --djworkers-agents"),
    "requests": ("ab and hey", "a burst has a length instead: duration='10s'"),
    "rps": ("k6 and vegeta", "here it is rate=; for a limit, the marker min_rps"),
}


def refuse_unknown(given: Iterable[str], known: Collection[str]) -> None:
    """Raise BurstArgumentError for the first name that is not known, with what to write instead."""
    for name in given:
        if name not in known:
            raise BurstArgumentError(_explain(name, known))


def header_of_wsgi_name(name: str) -> str | None:
    """Return the header for a name like ``HTTP_ACCEPT`` of WSGI's environment; else None."""
    bare = name.removeprefix("HTTP_")
    if bare == name and name.upper() not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        return None
    return bare.replace("_", "-").title()


def _explain(name: str, known: Collection[str]) -> str:
    if name in _OF_OTHER_CLIENTS:
        client, instead = _OF_OTHER_CLIENTS[name]
        return f"{name}= is an argument of {client}: {instead}"
    if (header := header_of_wsgi_name(name)) is not None:
        return f"{name}= is an argument of {_DJANGO}: {_HEADERS.format(header)}"
    similar = get_close_matches(name, known, n=1)
    hint = f"; did you mean {similar[0]}=?" if similar else ""
    return f"burst() has no argument {name}={hint} (it has: {', '.join(known)})"
