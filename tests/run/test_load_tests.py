"""Load tests are known by the same node id, with and without pytest-xdist."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_djworkers.run.load_tests import id_of

ID = "test_site.py::test_it[granian]"


def item(node_id: str, *groups: pytest.Mark, grouped: bool = True) -> Any:
    """A test as pytest-xdist's worker has it with ``--dist=loadgroup``."""
    config = SimpleNamespace(getoption=lambda name, default: grouped)
    return SimpleNamespace(nodeid=node_id, config=config, iter_markers=lambda name: groups)


@pytest.mark.parametrize(
    ("node_id", "groups"),
    [
        (ID, ()),
        (f"{ID}@shop", (pytest.mark.xdist_group("shop").mark,)),
        (f"{ID}@default", (pytest.mark.xdist_group.mark,)),
        (
            f"{ID}@a_b",
            (pytest.mark.xdist_group(name="b").mark, pytest.mark.xdist_group("a").mark),
        ),
        # With pytest 9.2, pytest-xdist 3.8 can't append the group.
        (ID, (pytest.mark.xdist_group("shop").mark,)),
    ],
)
def test_the_group_of_pytest_xdist_is_no_part_of_it(
    node_id: str, groups: tuple[pytest.Mark, ...]
) -> None:
    assert id_of(item(node_id, *groups)) == ID


def test_a_parameter_that_looks_like_a_group_stays() -> None:
    odd = "test_site.py::test_it[granian]@shop"
    group = pytest.mark.xdist_group("shop").mark
    assert id_of(item(odd, group, grouped=False)) == odd
