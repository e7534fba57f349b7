"""Drawing plots, in a process of its own."""

from __future__ import annotations

from math import inf

import pytest

from pytest_djworkers.errors import ReportError
from pytest_djworkers.report.html.drawing import drawn


def test_nothing_to_draw_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/no/such/python")
    assert drawn([]) == []
    with pytest.raises(ReportError, match=r"the plots can't be drawn: .*No such file"):
        drawn([{}])


def test_plots_that_cant_be_drawn_are_an_error_with_the_reason() -> None:
    with pytest.raises(
        ReportError, match=r"the plots can't be drawn: exit status 1: Vega-Lite to SVG .*TypeError"
    ):
        drawn([{"mark": {"type": 3}}])


def test_a_figure_without_a_place_in_a_plot_is_an_error() -> None:
    with pytest.raises(ReportError, match="a figure is infinite or no number"):
        drawn([{"data": {"values": [{"rps": inf}]}}])
