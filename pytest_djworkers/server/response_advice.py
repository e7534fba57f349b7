"""Advice on a response that is not an expected one, by its status and what it says."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.server.login_advice import leads_to_login, login_advice

_CSRF = "csrf"
_CSRF_ADVICE = (
    "Django refuses the request because it has no CSRF token. With form=, files= or user= one is"
    " sent, if MIDDLEWARE has CsrfViewMiddleware. Else send one, the same in the cookie and in the"
    ' header: token = "a" * 32; burst(..., cookies={"csrftoken": token},'
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
_FOUND = frozenset({302, 303, 307})
_NOT_ALLOWED = frozenset({401, 403})
_ADVICE = {
    301: _MOVED,
    302: _MOVED,
    303: _MOVED,
    307: _MOVED,
    308: _MOVED,
    400: "Does ALLOWED_HOSTS have the host of the request, and the request what the view needs?",
    404: "Does the site have this path, and the rows that it needs? They are made by the function"
    " that the fixture djworkers_seed returns",
    405: "Choose the method with method=; the default is GET",
    429: "The site limits the number of requests: turn that off for load tests",
}


def advice_on(
    request: SentRequest,
    status: int,
    *,
    location: str = "",
    said: str = "",
    is_ours: bool = True,
    is_tls: bool = False,
) -> str:
    """Return what to do about an unexpected response to a request; empty if nothing is known.

    ``location`` is where it redirects to, and ``said`` is what it and the server's log say.
    ``is_ours`` is True for a server of the plugin's own, and ``is_tls`` for one over TLS.
    """
    if location and not is_tls and _leads_to_https(request.path, location):
        return _HTTPS_ADVICE
    # With DEBUG off, Django's page names no reason, but its log does.
    if status == HTTPStatus.FORBIDDEN and _CSRF in said.lower():
        return _CSRF_ADVICE
    if status in _NOT_ALLOWED or (status in _FOUND and leads_to_login(location)):
        return login_advice(request, status, is_ours=is_ours)
    return _ADVICE.get(status, "").format(status)


def _leads_to_https(path: str, location: str) -> bool:
    """True for the redirect of Django's SecurityMiddleware, and of proxies that do the same."""
    try:
        target = urlsplit(location)
    except ValueError:  # such as an unfinished IPv6 address
        return False
    # Another path may be that of a login page on another site.
    return target.scheme == "https" and (target.path or "/") == urlsplit(path).path
