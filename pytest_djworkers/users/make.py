"""Makes the sessions of users, and CSRF tokens, by Django itself: in a process that has the site's
settings.

The interpreter of a comparison's base imports it, too, and may have nothing but Django.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.users.credentials import Credentials, CsrfToken
from pytest_djworkers.users.find import FoundUser, read_again, user_model
from pytest_djworkers.users.site_checks import (
    has_csrf_middleware,
    keeps_sessions_in_cache,
    refuse_unusable_sessions,
)

_DEFAULT_HEADER = "HTTP_X_CSRFTOKEN"


def make_credentials(users: Sequence[FoundUser], *, csrf: bool) -> Credentials:
    """Log each user in, as ``force_login`` of Django's test client does.

    With ``csrf``, make a token as well, if the site asks for one. Raises BurstArgumentError if the
    site has no sessions that its servers can see, or refuses a user.
    """
    from django.conf import settings

    token = _new_token() if csrf and has_csrf_middleware() else None
    secret = token.secret if token is not None and settings.CSRF_USE_SESSIONS else None
    if not users and secret is None:
        return Credentials(csrf=token)
    refuse_unusable_sessions(needs_users=bool(users))
    if not users:
        keys = [_saved(_new_request(), secret)]
    else:
        with _in_one_transaction():
            keys = [_saved(_logged_in(user), secret) for user in users]
    cookies = tuple((settings.SESSION_COOKIE_NAME, key) for key in keys)
    return Credentials(cookies, token, are_in_cache=keeps_sessions_in_cache())


def repeat_sessions(users: Sequence[FoundUser], credentials: Credentials) -> None:
    """Make the sessions of these credentials once more, under the same keys, in databases that have
    the users but not the sessions.

    Raises BurstArgumentError if the site chooses the keys itself, or refuses a user.
    """
    from django.conf import settings

    token = credentials.csrf
    secret = token.secret if token is not None and settings.CSRF_USE_SESSIONS else None
    keys = [key for _, key in credentials.cookies]
    requests = [_logged_in(user) for user in users] or [_new_request() for _ in keys]
    for request, key in zip(requests, keys, strict=True):
        _add_secret(request, secret)
        session = request.session
        # Logging in has saved it under a key of its own.
        session.delete()
        session._session_key = key  # noqa: SLF001  # there is no other way to choose it
        session.save(must_create=True)
        if session.session_key != key:
            raise BurstArgumentError(
                f"sessions of {settings.SESSION_ENGINE} can't be made under a given key"
            )


def _new_token() -> CsrfToken:
    from django.conf import settings
    from django.http import HttpRequest
    from django.middleware.csrf import get_token

    request = HttpRequest()
    token = get_token(request)
    secret: str = request.META["CSRF_COOKIE"]
    name = settings.CSRF_HEADER_NAME
    header = "X-CSRFToken" if name == _DEFAULT_HEADER else _header_of(name)
    cookie = None if settings.CSRF_USE_SESSIONS else (settings.CSRF_COOKIE_NAME, secret)
    return CsrfToken((header, token), ("csrfmiddlewaretoken", token), cookie, secret)


def _header_of(wsgi_name: str) -> str:
    return wsgi_name.removeprefix("HTTP_").replace("_", "-").title()


def _new_request() -> Any:
    """Return a request of nobody, with a new session."""
    from django.conf import settings
    from django.http import HttpRequest

    request: Any = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    return request


def _logged_in(found: FoundUser) -> Any:
    """Return a request of a user who has logged in. Raises BurstArgumentError."""
    from django.contrib.auth import load_backend, login

    user = read_again(found)
    if user is None:
        raise BurstArgumentError(
            f"user=: the served site's databases don't have this {found.model}"
        )
    backend = found.backend or _first_backend()
    if load_backend(backend).get_user(user.pk) is None:
        why = "" if getattr(user, "is_active", True) else ", since it is not active"
        raise BurstArgumentError(
            f"user=: {backend} does not take this {found.model}{why}: the site would treat its"
            " requests as anonymous"
        )
    request = _new_request()
    login(request, user, backend)
    return request


def _saved(request: Any, secret: str | None) -> str:
    """Save a request's session, and return its key."""
    _add_secret(request, secret)
    request.session.save()
    key: str = request.session.session_key
    return key


def _add_secret(request: Any, secret: str | None) -> None:
    """Put the secret of CSRF tokens into the session; None if the site doesn't keep it there."""
    from django.middleware.csrf import CSRF_SESSION_KEY

    if secret is not None:
        request.session[CSRF_SESSION_KEY] = secret


def _first_backend() -> str:
    from django.conf import settings
    from django.contrib.auth import load_backend

    for path in settings.AUTHENTICATION_BACKENDS:
        if hasattr(load_backend(path), "get_user"):
            return path
    raise BurstArgumentError("user=: none of the site's AUTHENTICATION_BACKENDS has get_user()")


@contextmanager
def _in_one_transaction() -> Iterator[None]:
    """Commit all at once: a commit for each of a thousand rows takes seconds."""
    from django.conf import settings
    from django.db import router, transaction

    models = [user_model()]
    models += filter(None, [getattr(_store_class(settings), "model", None)])
    with ExitStack() as stack:
        for alias in dict.fromkeys(router.db_for_write(model) for model in models):
            stack.enter_context(transaction.atomic(using=alias))
        yield


def _store_class(settings: Any) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore
