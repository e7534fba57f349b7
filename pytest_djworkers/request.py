"""The request that a call of ``burst()`` asks for, checked before anything is sent."""

from __future__ import annotations

import json as json_module
import re
from collections.abc import Iterable, Iterator, Mapping
from http.cookies import BaseCookie, Morsel
from typing import Any
from urllib.parse import urlencode

from pytest_djworkers.arguments import header_meant
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.masking import masked
from pytest_djworkers.load.profile import Request
from pytest_djworkers.units import written

_METHOD = re.compile(r"[A-Z]+")
_PATH = re.compile(r"/[!-~]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")
"""Printable, but for blanks, quotes, commas, semicolons and backslashes (RFC 6265, 4.1.1)."""
_CODED_COOKIE_VALUE = re.compile(r'"[ !#-:<-~]*(?:\\"[ !#-:<-~]*)*"')
"""As http.cookies quotes what could not be sent otherwise."""
ARGUMENTS = ("method", "headers", "body", "json", "query", "cookies", "expect", "contains")
"""What a call of ``burst`` may say of its request, besides the path."""
_OURS = frozenset({"content-length", "transfer-encoding", "connection"})


def make_request(
    path: object,
    method: object = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | str | None = None,
    json: Any = None,
    query: Mapping[str, Any] | None = None,
    cookies: Mapping[str, str] | None = None,
    expect: int | Iterable[int] | None = None,
    contains: str | bytes | None = None,
) -> Request:
    """The request that a call of ``burst`` asks for. Raises BurstArgumentError."""
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise BurstArgumentError(
            f"path {_path_shown(path)} is not one that starts with / and holds only printable ASCII"
            " (percent-encode the rest)"
        )
    verb = method.upper() if isinstance(method, str) else ""
    if not _METHOD.fullmatch(verb) or verb in {"CONNECT", "TRACE"}:
        raise BurstArgumentError(
            f"method={written(method)} is not an HTTP method that can be used here"
        )
    if not isinstance(headers, Mapping | None):
        raise BurstArgumentError(
            f"headers= is {type(headers).__name__}, not a mapping of names to values"
        )
    given = [*(headers or {}).items(), *_cookie_header(cookies)]
    for header, value in given:
        _check_header(header, value)
    if sum(header.lower() == "host" for header, _ in given) > 1:
        raise BurstArgumentError("headers=: Host is given more than once")
    given = _with_one_cookie_header(given)
    if body is not None and json is not None:
        raise BurstArgumentError("body= and json= exclude each other")
    if json is not None:
        try:
            body = json_module.dumps(json)
        except (TypeError, ValueError, RecursionError) as error:
            raise BurstArgumentError(f"json=: {error}") from None
        if "content-type" not in {header.lower() for header, _ in given}:
            given.append(("Content-Type", "application/json"))
    if contains is not None and verb == "HEAD":
        raise BurstArgumentError("contains= looks at a body, and an answer to HEAD has none")
    return Request(
        _with_query(path, query),
        verb,
        tuple(given),
        _bytes("body", body),
        _statuses(expect),
        _bytes("contains", contains),
    )


def _bytes(argument: str, value: object) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeError as error:
            raise BurstArgumentError(f"{argument}=: {_kind_of(error)}") from None
    if not isinstance(value, bytes | None):
        hint = " (json= encodes it)" if isinstance(value, dict | list) else ""
        raise BurstArgumentError(f"{argument}= is {type(value).__name__}, not bytes or str{hint}")
    return value or b""


def _with_query(path: str, query: object) -> str:
    if query is None:
        return path
    if not isinstance(query, Mapping):
        raise BurstArgumentError(
            f"query= is {type(query).__name__}, not a mapping of names to values"
        )
    try:
        text = urlencode(query, doseq=True)
    except ValueError as error:  # a lone surrogate, or a number of thousands of digits
        raise BurstArgumentError(f"query=: {_kind_of(error)}") from None
    return f"{path}{'&' if '?' in path else '?'}{text}" if text else path


def _cookie_header(cookies: object) -> list[tuple[str, str]]:
    found = [] if cookies is None else list(_cookies(cookies))
    for name, value in found:
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise BurstArgumentError(f"cookies=: {name!r} is not a cookie's name")
        if not isinstance(value, str) or not _is_sendable(value):
            raise BurstArgumentError(
                f"cookies=: the value of {name} can't be sent: {_why_not(value, _COOKIE_VALUE)}"
            )
    text = "; ".join(f"{name}={value}" for name, value in found)
    return [("Cookie", text)] if text else []


def _cookies(cookies: object) -> Iterator[tuple[object, object]]:
    """Names and values: of a mapping, of Django's ``client.cookies``, or of a client's jar."""
    if isinstance(cookies, BaseCookie):
        # As Django's test client sends them.
        yield from ((name, morsel.coded_value) for name, morsel in cookies.items())
    elif isinstance(cookies, Mapping):
        for name, value in cookies.items():
            yield name, value.coded_value if isinstance(value, Morsel) else value
    elif isinstance(cookies, Iterable) and not isinstance(cookies, str | bytes):
        for one in cookies:
            if not (hasattr(one, "name") and hasattr(one, "value")):
                raise BurstArgumentError(
                    f"cookies=: {type(one).__name__} is not a cookie with name and value"
                )
            yield one.name, one.value
    else:
        raise BurstArgumentError(
            f"cookies= is {type(cookies).__name__}, not a mapping of names to values, nor"
            " client.cookies (text as it is sent goes into headers={'Cookie': ...})"
        )


def _is_sendable(value: str) -> bool:
    return bool(_COOKIE_VALUE.fullmatch(value) or _CODED_COOKIE_VALUE.fullmatch(value))


def _with_one_cookie_header(given: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers with all cookies in one of them: of more, servers take the first, or the last
    (RFC 6265, 5.4, allows one)."""
    cookies = [value for name, value in given if name.lower() == "cookie"]
    if len(cookies) < 2:
        return given
    others = [(name, value) for name, value in given if name.lower() != "cookie"]
    return [*others, ("Cookie", "; ".join(cookies))]


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise BurstArgumentError(f"headers=: {name!r} is not a header name")
    if (meant := header_meant(name)) is not None:
        raise BurstArgumentError(f"headers=: {name} is sent as it is; did you mean {meant}?")
    if name.lower() in _OURS:
        raise BurstArgumentError(f"headers=: {name} is set by the generator")
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise BurstArgumentError(
            f"headers=: the value of {name} can't be sent: {_why_not(value, _HEADER_VALUE)}"
        )


def _path_shown(path: object) -> str:
    """A path that can't be used, without the values of its query."""
    return repr(masked(path) if isinstance(path, str) else path)


def _why_not(value: object, allowed: re.Pattern[str]) -> str:
    """What is wrong with a value, which is not shown: it may be a secret."""
    if not isinstance(value, str):
        return f"it is {type(value).__name__}, not text"
    wrong = next((c for c in value if not allowed.fullmatch(c)), "")
    return f"it has {wrong!r} in it"


def _kind_of(error: ValueError) -> str:
    """What is wrong with text, without the text."""
    return "a character that UTF-8 has not" if isinstance(error, UnicodeError) else str(error)


def _statuses(expect: object) -> tuple[int, ...]:
    if expect is None:
        return ()
    statuses = tuple(expect) if isinstance(expect, Iterable) else (expect,)
    for status in statuses:
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            raise BurstArgumentError(f"expect={written(expect)} is not a status from 200 to 599")
    if not statuses:
        raise BurstArgumentError("expect= holds no status")
    return tuple(sorted(set(statuses)))
