"""The users that a marker or a call asks for, before there are any rows."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_djworkers.errors import BurstArgumentError, MarkerError
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.markers import read_plan
from pytest_djworkers.users.wanted import GivenUsers, given_users


@pytest.mark.parametrize(
    ("given", "connections", "count", "named"),
    [
        ({"user": "alice"}, 8, 1, ("alice",)),
        ({"users": 50}, 8, 50, ()),
        ({"users": ["alice", "bob"]}, 8, 2, ("alice", "bob")),
        ({"users": ("alice",)}, 8, 1, ("alice",)),
    ],
    ids=str,
)
def test_users_are_counted_before_they_are_found(
    given: dict[str, Any], connections: int, count: int, named: tuple[str, ...]
) -> None:
    users = given_users(**given)
    assert users is not None
    wanted = users.wanted(connections)
    assert wanted is not None
    assert (wanted.count, wanted.named) == (count, named)
    assert "alice" not in f"{users} {wanted}"


def test_a_function_of_a_number_names_a_user_for_each_connection() -> None:
    wanted = GivenUsers(users="user-{}".format).wanted(3)
    assert wanted is not None
    assert [one() for one in wanted.named] == ["user-0", "user-1", "user-2"]


def test_nothing_given_is_not_the_same_as_none() -> None:
    assert given_users() is None
    anonymous = given_users(None)
    assert anonymous is not None
    assert anonymous.wanted(8) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"user": "alice", "users": 2}, "user= and users= can't be combined"),
        ({"user": ""}, "user= has an empty name of a user"),
        ({"user": 5}, "user=: int is not the name of a user, a user object, or a function"),
        ({"user": ["alice"]}, "or a function that returns one of these (several are users=)"),
        ({"users": "alice"}, "users= is str, not a number of users, a list of them, or a function"),
        ({"users": True}, "users= is bool, not a number"),
        ({"users": 0}, "users= is 0: it must be 1 to 10,000 users"),
        ({"users": []}, "users= is 0: it must be 1 to 10,000 users"),
        (
            {"users": 20_000},
            "users= is 20000: it must be 1 to 10,000 users. They are those who log",
        ),
        ({"users": ["alice", None]}, "users=: NoneType is not the name of a user"),
    ],
    ids=str,
)
def test_what_names_no_users_is_an_error_in_a_call_and_in_a_marker(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(BurstArgumentError) as refusal:
        given_users(**given).check()  # type: ignore[union-attr]  # something is given
    assert said in str(refusal.value)
    with pytest.raises(MarkerError) as in_marker:
        read_plan([Mark("burst", (), {"user": "bob"}), Mark("burst", (), given)], "granian")
    assert str(in_marker.value) == f"burst: {refusal.value}"


@pytest.mark.parametrize(
    ("marks", "users"),
    [
        ([], None),
        ([{"connections": 5}], None),
        ([{"connections": 5}, {"user": "alice"}], GivenUsers("alice")),
        ([{"user": None}, {"user": "alice"}], GivenUsers(None)),
        ([{"users": 3}, {"user": "alice", "duration": 1}], GivenUsers(users=3)),
    ],
)
def test_the_closest_marker_that_names_users_wins(
    marks: list[dict[str, Any]], users: GivenUsers | None
) -> None:
    plan = read_plan([Mark("burst", (), one) for one in marks], "granian")
    assert plan.users == users
