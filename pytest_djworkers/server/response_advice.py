"""Advice on a response that is not an expected one, by its status and what it says."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

_CSRF = "csrf"
_CSRF_ADVICE = (
    "Django refuses the request because it has no CSRF token. Send one, the same in the cookie and"
    ' in the header: token = "a" * 32; burst(..., cookies={"csrftoken": token},'
    ' headers={"X-CSRFToken": token})'
)
_HTTPS_ADVICE = (
    "The site redirects HTTP to HTTPS, and load is fired in plain HTTP. Serve it over TLS"
    " (--djworkers-tls), or set SECURE_SSL_REDIRECT = False in settings for load tests"
    " (--djworkers-settings). If it is deployed behind a proxy, set SECURE_PROXY_SSL_HEADER: the"
    " header that it names is sent with every request. With --djworkers-url, give an https://"
    ' address, or send what the proxy would: burst(..., headers={"X-Forwarded-Proto": "https"})'
)
_MOVED = "Use the path that it leads to, or expect the redirect: expect={}"
_FOUND = (
    "Use the path that it leads to, log in with cookies= or headers=, or expect the redirect:"
    " expect={}"
)
_FORBIDDEN = "Log in with cookies= or headers=, or expect this status: expect={}"
_ADVICE = {
    301: _MOVED,
    302: _FOUND,
    303: _FOUND,
    307: _FOUND,
    308: _MOVED,
    400: "Does ALLOWED_HOSTS have the host of the request, and the request what the view needs?",
    401: _FORBIDDEN,
    403: _FORBIDDEN,
    404: "Does the site have this path, and the rows that it needs? They are made by the function"
    " that the fixture djworkers_seed returns",
    405: "Choose the method with method=; the default is GET",
    429: "The site limits the number of requests: turn that off for load tests",
}


def advice_on(path: str, status: int, *, location: str = "", said: str = "") -> str:
    """Return what to do about an unexpected response to a request of ``path``; empty if nothing is
    known.

    ``location`` is where it redirects to, and ``said`` is what it and the server's log say.
    """
    if location and _leads_to_https(path, location):
        return _HTTPS_ADVICE
    # With DEBUG off, Django's page names no reason, but its log does.
    if status == HTTPStatus.FORBIDDEN and _CSRF in said.lower():
        return _CSRF_ADVICE
    return _ADVICE.get(status, "").format(status)


def _leads_to_https(path: str, location: str) -> bool:
    """True for the redirect of Django's SecurityMiddleware, and of proxies that do the same."""
    try:
        target = urlsplit(location)
    except ValueError:  # such as an unfinished IPv6 address
        return False
    # Another path may be that of a login page on another site.
    return target.scheme == "https" and (target.path or "/") == urlsplit(path).path
