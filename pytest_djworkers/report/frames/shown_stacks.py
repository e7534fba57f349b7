"""The part of a stack that a flame graph shows: that of the site, as plain as it can be."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.django_layers import HANDLERS, inside_layers

SERVER = Function("the server, outside of the site", "", Owner.LIBRARY)
"""Stands for the outermost functions of stacks that never reach Django or the site."""


def shown(functions: Sequence[Function]) -> tuple[Function, ...]:
    """Return the functions of a stack to show, the outermost first.

    The server's functions are left out, and so are the middlewares around the one at hand: else a
    middleware that only one arm has would move all that it calls. A function that calls itself is
    there once; so is a library's that is called again before the site's code is reached.
    """
    at = _start(functions)
    return tuple(_once_each((SERVER, *functions) if at is None else functions[at:]))


def _start(functions: Sequence[Function]) -> int | None:
    """Return the place of the first function to show; None if Django and the site have none."""
    if at := inside_layers(functions):
        return at
    of_django = (at for at, one in enumerate(functions) if one.file.startswith(HANDLERS))
    of_site = (at for at, one in enumerate(functions) if one.is_of_site)
    return next(of_django, next(of_site, None))


def _once_each(functions: Sequence[Function]) -> list[Function]:
    kept: list[Function] = []
    # The libraries' functions since the site's last one.
    between: set[Function] = set()
    for one in functions:
        if one.is_of_site:
            between.clear()
        if one not in between and kept[-1:] != [one]:
            kept.append(one)
        if not one.is_of_site:
            between.add(one)
    return kept
