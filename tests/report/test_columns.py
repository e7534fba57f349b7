from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.report.columns import columns_that_fit
from pytest_djworkers.report.table import Row

ALL = ("backend", "requests/s", "served", "memory")
ROWS = [Row({"backend": "granian", "requests/s": "100", "served": "8/8", "memory": "150MB"})]
LINE = "  granian  requests/s  served  memory"


@pytest.mark.parametrize(
    ("width", "dropped"),
    [
        (len(LINE), ()),
        (len(LINE) - 1, ("memory",)),
        (len("  granian  requests/s  served") - 1, ("served", "memory")),
        # If nothing more can go, then the lines are as wide as they are.
        (len("  granian  requests/s") - 1, ("backend", "served", "memory")),
        (1, ("backend", "served", "memory")),
    ],
)
def test_columns_give_way_in_their_order(width: int, dropped: tuple[str, ...]) -> None:
    columns = columns_that_fit(ALL, ROWS, width=width, to_drop=("memory", "served", "backend"))
    assert columns.dropped == dropped
    assert columns.shown == tuple(one for one in ALL if one not in dropped)


def test_a_column_that_is_empty_takes_no_room() -> None:
    rows = [Row({**ROWS[0].cells, "memory": ""})]
    columns = columns_that_fit(ALL, rows, width=len(LINE) - 1, to_drop=("memory",))
    assert columns.dropped == ()
    assert columns.cells(rows)[0] == ["backend", "requests/s", "served"]


@given(st.lists(st.text(max_size=30), min_size=4, max_size=4), st.integers(1, 120))
def test_nothing_is_wider_than_the_room_if_anything_could_give_way(
    texts: list[str], width: int
) -> None:
    rows = [Row(dict(zip(ALL, texts, strict=True)))]
    columns = columns_that_fit(ALL, rows, width=width, to_drop=("memory", "served", "backend"))
    # Without a cell that is filled there is no line.
    heading, *_ = columns.cells(rows) or [[]]
    assert sum(len(cell) + 2 for cell in heading) <= width or columns.shown == ("requests/s",)
