"""Advice on a response that asks for a login, or for other rights."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from pytest_djworkers.load.profile import SentRequest

_WORDS = r"(?:log[-_]?in|sign[-_]?in|oauth|saml)"
_OF_PATH = re.compile(rf"\b{_WORDS}|{_WORDS}\b|\bsso\b", re.IGNORECASE)
"""The names of logins in a path. Each begins or ends a word of it: "designing" has none."""
_NEXT = frozenset({"next", "redirect_to", "return_to"})
_AS_USER = (
    'Log in: burst(..., user="NAME"), a user whom djworkers_seed makes, or send a token with'
    " headers=,"
)
_BY_HAND = "Log in: send the session with cookies=, or a token with headers=,"
_REFUSED_USER = (
    "The user is logged in, and may not see this page: give the user the rights in djworkers_seed."
    " If the site has a login of another kind, such as a second factor, send what it asks for with"
    " cookies= or headers=. Or expect this: expect={}"
)
_OR_ORIGIN = "or an Origin header: the site may take none but those of its own pages"
_REFUSED_WEBSOCKET = f"Give the user the rights that it needs in djworkers_seed, {_OR_ORIGIN}"


def login_advice(request: SentRequest, status: int, *, is_ours: bool) -> str:
    """Return how to log in, for a response that asks for it.

    ``is_ours`` is True for a server of the plugin's own.
    """
    how = _AS_USER if is_ours else _BY_HAND
    if request.websocket:
        return _REFUSED_WEBSOCKET if request.as_user else f"{how} {_OR_ORIGIN}"
    if request.as_user:
        return _REFUSED_USER.format(status)
    what = "this status" if status >= HTTPStatus.BAD_REQUEST else "the redirect"
    return f"{how} or expect {what}: expect={status}"


def leads_to_login(location: str) -> bool:
    """Return True if a redirect looks like that to a page for logging in."""
    try:
        target = urlsplit(location)
    except ValueError:  # such as an unfinished IPv6 address
        return False
    is_named_so = _OF_PATH.search(target.path) is not None
    return is_named_so or not _NEXT.isdisjoint(parse_qs(target.query, keep_blank_values=True))
