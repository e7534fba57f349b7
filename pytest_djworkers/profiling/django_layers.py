"""Finds the functions that Django puts around each middleware and around the view."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.profiling.code_folders import Function

HANDLERS = "django/core/handlers/"
_LAYER_FILE = f"{HANDLERS}exception.py"
_LAYER = "inner"


def inside_layers(functions: Sequence[Function]) -> int:
    """Return the place of the first function inside of the innermost layer; 0 if there is none.

    What is further out only calls what is there: a middleware that only one arm has would else
    move all that it calls.
    """
    layers = (at for at in reversed(range(len(functions))) if _is_layer(functions[at]))
    return min(next(layers, -1) + 1, max(0, len(functions) - 1))


def _is_layer(function: Function) -> bool:
    return function.file == _LAYER_FILE and function.name.rpartition(".")[2] == _LAYER
