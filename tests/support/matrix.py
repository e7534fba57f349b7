"""Parameters of which some are for the suite that is run all the time, and more for the matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def with_more_in_matrix(always: Sequence[tuple[Any, ...]], more: Iterable[tuple[Any, ...]]) -> Any:
    """Return the sets of parameters for ``parametrize``; those of ``more`` run in the matrix."""
    return [*always, *(pytest.param(*one, marks=pytest.mark.matrix) for one in more)]
