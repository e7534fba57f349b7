"""Finds the users of a burst in the test database, once the rows are made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Self

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.units import counted
from pytest_djworkers.users.wanted import WantedUsers

_MADE = "Users are made by the function that the fixture djworkers_seed returns"


@dataclass(frozen=True, slots=True, repr=False)
class FoundUser:
    """A user's row, in words that another process understands, too."""

    model: str
    """The label of the model: ``auth.User``."""
    key: str
    """The primary key, as Django writes it in a session."""
    natural_key: tuple[str, ...] = ()
    """The natural key; empty if it isn't all text."""
    backend: str = ""
    """The path of the user's own authentication backend; empty for the site's first."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the user that ``dataclasses.asdict`` gave this data for."""
        return cls(**{**data, "natural_key": tuple(data["natural_key"])})


def find_users(wanted: WantedUsers) -> tuple[FoundUser, ...]:
    """Return the users of a burst, as they are in the database now.

    Raises BurstArgumentError for one that isn't there.
    """
    if not wanted.named:
        return _any_users(wanted.count)
    # Functions may make the users, and a commit for each of a thousand takes seconds.
    with committed_at_once(user_model()):
        return tuple(_found(_resolved(one, wanted.argument), wanted) for one in wanted.named)


def user_model() -> Any:
    """Return the site's user model. Raises BurstArgumentError if there is none."""
    from django.contrib.auth import get_user_model
    from django.core.exceptions import ImproperlyConfigured

    try:
        return get_user_model()
    except ImproperlyConfigured as error:
        raise BurstArgumentError(
            f"user=: the site has no users ({error}): send what it knows a client by with headers="
            " or cookies="
        ) from None


@contextmanager
def committed_at_once(*models: Any) -> Iterator[None]:
    """While entered, commit nothing of these models; at the end, all of it."""
    from django.db import router, transaction

    with ExitStack() as stack:
        for alias in dict.fromkeys(router.db_for_write(model) for model in models):
            stack.enter_context(transaction.atomic(using=alias))
        yield


def read_again(found: FoundUser) -> Any:
    """Return the user's object; None if the row is gone."""
    from django.apps import apps

    model: Any = apps.get_model(found.model)
    return _read(model, found.key, found.natural_key)


def _resolved(one: Any, argument: str) -> Any:
    """Return what a function returns; anything else as it is."""
    if not callable(one):
        return one
    returned = one()
    if inspect.iscoroutine(returned):
        returned.close()  # else Python warns that it was never awaited
        raise BurstArgumentError(
            f"{argument}= is an async function: use asgiref.sync.async_to_sync(function)"
        )
    if not (isinstance(returned, str) or hasattr(returned, "_meta")):
        raise BurstArgumentError(
            f"{argument}=: the function returns {type(returned).__name__}, not the name of a user"
            " or a user object"
        )
    return returned


def _found(one: Any, wanted: WantedUsers) -> FoundUser:
    if isinstance(one, str):
        model = user_model()
        user = _by_name(model, one)
        what = f"no {model._meta.label} has this {model.USERNAME_FIELD}"
    else:
        # Not its type: request.user is of a class that only stands for it.
        model = one._meta.model
        user = _read(model, *_keys_of(one))
        what = f"this {model._meta.label} is not in the database"
    if user is None:
        number = counted(model._default_manager.count(), "user")
        raise BurstArgumentError(
            f"{wanted.argument}=: {what}. The test database has {number}. {_MADE}"
        )
    return _described(user, getattr(one, "backend", ""))


def _any_users(count: int) -> tuple[FoundUser, ...]:
    """Return the first users who may log in, by their primary keys."""
    model = user_model()
    users = model._default_manager.order_by("pk")
    if any(field.name == "is_active" for field in model._meta.get_fields()):
        users = users.filter(is_active=True)
    found = tuple(_described(user, "") for user in users[:count])
    if len(found) < count:
        raise BurstArgumentError(
            f"users={count}: the test database has {counted(len(found), 'active user')}. {_MADE}"
        )
    return found


def _described(user: Any, backend: str) -> FoundUser:
    key, natural = _keys_of(user)
    return FoundUser(user._meta.label, key, natural, backend)


def _keys_of(user: Any) -> tuple[str, tuple[str, ...]]:
    key: str = user._meta.pk.value_to_string(user)
    natural_key: Callable[[], Any] = getattr(user, "natural_key", tuple)
    natural = natural_key()
    is_text = all(isinstance(part, str) for part in natural)
    return key, tuple(natural) if is_text else ()


def _read(model: Any, key: str, natural_key: tuple[str, ...]) -> Any:
    # A flush between launches may have given the same user another primary key.
    if natural_key and (user := _by_natural_key(model, natural_key)) is not None:
        return user
    return model._default_manager.filter(pk=model._meta.pk.to_python(key)).first()


def _by_name(model: Any, name: str) -> Any:
    manager = model._default_manager
    # Logging in by a password needs this method, and other ways to log in don't.
    if hasattr(manager, "get_by_natural_key"):
        return _by_natural_key(model, (name,))
    return manager.filter(**{model.USERNAME_FIELD: name}).first()


def _by_natural_key(model: Any, natural_key: tuple[str, ...]) -> Any:
    manager = model._default_manager
    if not hasattr(manager, "get_by_natural_key"):
        return None
    try:
        return manager.get_by_natural_key(*natural_key)
    except model.DoesNotExist:
        return None
