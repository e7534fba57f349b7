"""The places of agents, as a list names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.agent_places import AgentPlaces, parse_agents

SPECS = st.sampled_from(
    [
        "popen",
        "popen//python=docker exec -i load python3",
        "ssh=load@10.0.0.7",
        "ssh=-p 2222 load@10.0.0.7//python=/venv/bin/python//ssh_config=/etc/ssh/load",
        "socket=10.0.0.8:8888",
    ]
)


@given(st.integers(0, 50), st.lists(st.tuples(st.integers(1, 9), SPECS), max_size=4))
def test_numbers_add_up_and_specs_keep_their_order(
    local: int, remote: list[tuple[int, str]]
) -> None:
    parts = [*([str(local)] if local else []), *(f"{times}*{spec}" for times, spec in remote)]
    if not parts:
        parts, local = ["1"], 1
    places = parse_agents(", ".join(parts))
    assert places.local == local
    assert list(places.remote) == [spec for times, spec in remote for _ in range(times)]
    assert places.total == local + sum(times for times, _ in remote)
    assert set(places.elsewhere) == {one for one in places.remote if not one.startswith("popen")}


@pytest.mark.parametrize("value", [3, "3", " 1 , 2 ", "1,1,1"])
def test_a_number_is_of_this_machine(value: object) -> None:
    assert parse_agents(value) == AgentPlaces(3)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no list of agents"),
        (True, "no list of agents"),
        ("", "'' is no kind of agent"),
        ("-1", "'-1' is no kind of agent"),
        ("0", "0 is no number of agents from 1 to 10,000"),
        ("20000*popen", "20000 is no number of agents from 1 to 10,000"),
        ("2*", "'' is no kind of agent"),
        ("via=x//popen", "'via' is no kind of agent"),
        ("popen=1", "popen has no value"),
        ("ssh", "ssh= must name a host"),
        ("socket=:8888", "socket=:8888 is no HOST:PORT"),
        ("popen//chdir=/tmp", "'chdir' can't be given with popen"),
        ("ssh=host//python= ", "python= must not be empty"),
        ("ssh=host//python=a//python=b", "python is given twice"),
    ],
)
def test_what_is_none_is_refused_with_what_is_accepted(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        parse_agents(value)
    said = str(refusal.value)
    assert reason in said
    assert ": accepted are a whole number of 1 or more, popen, ssh=USER@HOST and " in said
