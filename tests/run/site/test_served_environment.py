"""The variables that users give the served site: checked, and never shown."""

from __future__ import annotations

import pytest

from pytest_djworkers.errors import OverrideError
from pytest_djworkers.run.site.served_environment import checked_environment


def test_names_and_values_are_text() -> None:
    assert checked_environment({"COLOUR": "blue", "EMPTY": ""}) == {"COLOUR": "blue", "EMPTY": ""}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "must return a mapping of names to values, but it returns None"),
        ("COLOUR=blue", "must return a mapping"),
        ({1: "one"}, "1 is not the name of a variable"),
        ({"A=B": "one"}, "'A=B' is not the name of a variable"),
        ({"": "one"}, "'' is not the name of a variable"),
        ({"PORT": 5432}, "PORT is int, not text"),
        ({"PORT": "54\0"}, "PORT has a null character"),
        ({"PYTHONPATH": "/here"}, "can't set PYTHONPATH: use pytest's pythonpath"),
        ({"DJANGO_SETTINGS_MODULE": "other"}, "use --djworkers-settings=MODULE"),
        ({"DJWORKERS_BRIEF": "/here"}, "the plugin sets it"),
    ],
)
def test_anything_else_is_refused_in_words(given: object, said: str) -> None:
    with pytest.raises(OverrideError, match=r"^the fixture djworkers_environment") as error:
        checked_environment(given)
    assert said in str(error.value)
    assert "5432" not in str(error.value)
