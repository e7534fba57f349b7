"""The places of a flame graph's frames."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.profiling.explanation import FlameGraph
from pytest_djworkers.report.frames.layout import LEAST_WIDTH, MOST_ROWS, Box, boxes_of
from tests.support.explanations import flame_graph, function

TIMES = st.one_of(st.just(0.0), st.floats(1e-6, 10.0))
STACKS = st.lists(
    st.tuples(st.lists(st.sampled_from("abcDEF"), max_size=70), TIMES, TIMES), max_size=30
)


def named(graph: FlameGraph) -> dict[str, Box]:
    """The boxes by the names of their functions."""
    return {"…".join(one.name for one in box.functions): box for box in boxes_of(graph)}


@given(STACKS.map(lambda stacks: flame_graph(*stacks)))
def test_frames_lie_within_their_callers_and_beside_each_other(graph: FlameGraph) -> None:
    rows: dict[int, list[Box]] = defaultdict(list)
    for box in boxes_of(graph):
        assert LEAST_WIDTH <= box.width <= 1 + 1e-9
        assert box.row < MOST_ROWS
        assert max(box.base_s, box.head_s) >= 0
        rows[box.row].append(box)
    for row, boxes in rows.items():
        ends = sorted((one.left, one.left + one.width) for one in boxes)
        assert ends[-1][1] <= 1 + 1e-9
        for (_, end), (start, _) in pairwise(ends):
            assert end <= start + 1e-9
        if row:
            assert all(any(_holds(above, one) for above in rows[row - 1]) for one in boxes)


def _holds(above: Box, box: Box) -> bool:
    return (
        above.left <= box.left + 1e-9
        and box.left + box.width <= above.left + above.width + 1e-9
        and box.base_s <= above.base_s + 1e-9
        and box.head_s <= above.head_s + 1e-9
    )


def test_added_and_removed_code_is_as_wide_as_its_time() -> None:
    found = named(
        flame_graph((["view"], 2.0, 2.0), (["view", "new"], 0.0, 5.0), (["view", "old"], 3.0, 0.0))
    )
    assert [(name, box.row, box.width) for name, box in found.items()] == [
        ("view", 0, 1.0),
        ("new", 1, 0.5),
        ("old", 1, pytest.approx(0.3)),
    ]
    assert found["old"].left == pytest.approx(0.5)
    assert found["view"].change_s == 2.0
    assert (found["old"].change_s, found["old"].is_of_site) == (-3.0, True)


def test_a_chain_of_library_functions_is_one_frame() -> None:
    chain = ["RENDER", "NODE", "BLOCK", "VALUE"]
    found = named(
        flame_graph(
            (["view", *chain], 8.0, 8.0),
            (["view", "RENDER", "NODE", "CONTEXT"], 0.5, 0.0),
            (["view", *chain, "tag"], 1.5, 1.5),
        )
    )
    # What else the chain calls lies beside what its last function calls.
    assert [(name, one.row) for name, one in found.items()] == [
        ("view", 0),
        ("RENDER…NODE…BLOCK…VALUE", 1),
        ("tag", 2),
        ("CONTEXT", 2),
    ]
    assert found["tag"].left < found["CONTEXT"].left
    # The site's own functions all have their frames, and so have two of a library's.
    assert list(named(flame_graph((list("abcDEf"), 1.0, 1.0)))) == list("abcDEf")


def test_the_site_is_first_and_the_server_last() -> None:
    found = named(flame_graph((["RUN", "ACCEPT"], 5.0, 5.0), (["RUN", "view"], 1.0, 1.0)))
    assert next(iter(found)) == "view"


def test_deep_and_small_frames_are_left_out() -> None:
    deep = [f"f{number}" for number in range(2000)]
    assert max(one.row for one in boxes_of(flame_graph((deep, 1.0, 1.0)))) == MOST_ROWS - 1
    found = named(flame_graph((["a"], 1.0, 1.0), (["b"], 0.004, 0.0), (["c"], 0.0, 0.006)))
    assert list(found) == ["a", "c"]
    assert boxes_of(FlameGraph()) == []
    assert boxes_of(flame_graph((["a"], 0.0, 0.0))) == []


def test_one_arm_alone_has_places_too() -> None:
    (box,) = boxes_of(flame_graph((["a"], 0.0, 1.0)))
    assert (box.functions, box.width) == ((function("a"),), 1.0)
