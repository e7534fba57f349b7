"""Arguments of ``burst()`` that it has not: those of other clients, and typing errors."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from pytest_djworkers.errors import BurstArgumentError

_DJANGOS = "Django's test client"
_BODY = (
    "here body= takes bytes or text as they are sent, and json= is encoded; a form is"
    " body=urllib.parse.urlencode({...}) with headers={'Content-Type':"
    " 'application/x-www-form-urlencoded'}"
)
_HEADERS = "here it is a header, as it is sent: headers={{{!r}: ...}}"
_NO_REDIRECT = (
    "a burst follows no redirect: name the path that it leads to, or take the redirect itself"
    " with expect=302"
)
_QUERY = "here it is query="
_ELSEWHERE = {
    "data": (f"{_DJANGOS} and of requests", _BODY),
    "content": ("httpx", _BODY),
    "files": ("requests", "here body= takes the bytes that are sent"),
    "content_type": (_DJANGOS, _HEADERS.format("Content-Type")),
    "params": ("requests", _QUERY),
    "query_params": (_DJANGOS, _QUERY),
    "follow": (_DJANGOS, _NO_REDIRECT),
    "follow_redirects": ("httpx", _NO_REDIRECT),
    "allow_redirects": ("requests", _NO_REDIRECT),
    "auth": ("requests", _HEADERS.format("Authorization")),
    "secure": (
        _DJANGOS,
        "load is fired in plain HTTP: headers={'X-Forwarded-Proto': 'https'} says otherwise to a"
        " site whose SECURE_PROXY_SSL_HEADER says so",
    ),
}


def refuse_unknown(given: Iterable[str], known: Collection[str]) -> None:
    """Raise BurstArgumentError for the first of these names that is not known, with what to write
    instead."""
    for name in given:
        if name not in known:
            raise BurstArgumentError(_answer(name, known))


def header_meant(name: str) -> str | None:
    """The header that a name of WSGI's environment stands for; None where it is not one."""
    bare = name.removeprefix("HTTP_")
    if bare == name and name.upper() not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        return None
    return bare.replace("_", "-").title()


def _answer(name: str, known: Collection[str]) -> str:
    if name in _ELSEWHERE:
        whose, instead = _ELSEWHERE[name]
        return f"{name}= is a word of {whose}: {instead}"
    if (header := header_meant(name)) is not None:
        return f"{name}= is a word of {_DJANGOS}: {_HEADERS.format(header)}"
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}=?" if near else ""
    return f"burst() has no argument {name}={hint} (it has: {', '.join(known)})"
