"""The cookies of a request: from a mapping, from Django's test client, or from another client."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from http.cookies import BaseCookie, Morsel

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.request.text import HEADER_NAME, why_not_sendable

# Printable ASCII without blanks, quotes, commas, semicolons and backslashes (RFC 6265, section
# 4.1.1); or in quotes with escapes, which is how http.cookies writes any other value.
_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")
_QUOTED_VALUE = re.compile(r'"[ !#-:<-~]*(?:\\"[ !#-:<-~]*)*"')


def cookie_pairs(cookies: object) -> list[tuple[str, str]]:
    """Return names and values as they are sent. Raises BurstArgumentError."""
    pairs = []
    for name, value in () if cookies is None else _pairs(cookies):
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            raise BurstArgumentError(f"cookies=: {name!r} is not the name of a cookie")
        if isinstance(value, str) and _QUOTED_VALUE.fullmatch(value):
            pairs.append((name, value))
            continue
        if reason := why_not_sendable(value, _VALUE):
            raise BurstArgumentError(f"cookies=: the value of {name} can't be sent: {reason}")
        pairs.append((name, str(value)))
    return pairs


def _pairs(cookies: object) -> Iterator[tuple[object, object]]:
    if isinstance(cookies, BaseCookie):
        # The cookies of Django's test client. The coded value is what it sends.
        yield from ((name, morsel.coded_value) for name, morsel in cookies.items())
    elif isinstance(cookies, Mapping):
        for name, value in cookies.items():
            yield name, value.coded_value if isinstance(value, Morsel) else value
    elif isinstance(cookies, Iterable) and not isinstance(cookies, str | bytes):
        # The cookie jar of requests or httpx, which yields objects.
        for cookie in cookies:
            if not (hasattr(cookie, "name") and hasattr(cookie, "value")):
                raise BurstArgumentError(
                    f"cookies=: {type(cookie).__name__} is not a cookie with name and value"
                )
            yield cookie.name, cookie.value
    else:
        raise BurstArgumentError(
            f"cookies= is {type(cookies).__name__}, not a mapping of names to values or"
            " client.cookies (a Cookie header as it is sent: headers={'Cookie': ...})"
        )
