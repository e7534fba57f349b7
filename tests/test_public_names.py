from __future__ import annotations

import inspect

import pytest_djworkers
from pytest_djworkers import errors


def test_every_exception_is_public_and_nothing_else() -> None:
    tree = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert set(pytest_djworkers.__all__) == tree
    assert len(pytest_djworkers.__all__) == len(tree)
    assert all(getattr(pytest_djworkers, name) is getattr(errors, name) for name in tree)


def test_every_exception_is_in_the_tree_that_is_drawn() -> None:
    drawn = errors.__doc__ or ""
    for name in pytest_djworkers.__all__:
        assert issubclass(getattr(errors, name), pytest_djworkers.DjworkersError)
        assert name in drawn
