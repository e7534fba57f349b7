"""The plot of latencies: its table, and the figures that it can't have."""

from __future__ import annotations

from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.report.html.plots.latency import latency_plot
from pytest_djworkers.report.html.plots.looks import Looks

LOOKS = Looks(("granian", "waitress"))
LATENCY = Latency(((1_000, 500), (20_000, 450), (300_000, 50)))


def test_the_table_and_the_text_have_the_percentiles_and_the_longest() -> None:
    plot = latency_plot({"granian": LATENCY, "waitress": Latency(((5_000, 3),))}, LOOKS)
    assert plot is not None
    assert plot.figures.columns == ("percentile", "granian", "waitress")
    assert plot.figures.rows == (
        ("p50", "1ms", "-"),
        ("p90", "20ms", "-"),
        ("p95", "20ms", "-"),
        ("p99", "300ms", "-"),
        ("p99.9", "-", "-"),
        ("p99.99", "-", "-"),
        ("longest", "300ms", "5ms"),
    )
    assert "granian: p50 1ms, p99 300ms, longest 300ms" in plot.alternative


def test_there_is_no_plot_without_samples_enough() -> None:
    assert latency_plot({}, LOOKS) is None
    assert latency_plot({"granian": Latency(())}, LOOKS) is None
    assert latency_plot({"granian": Latency(((1_000, 9),))}, LOOKS) is None


def test_latencies_below_a_microsecond_have_a_place_on_a_logarithmic_axis() -> None:
    plot = latency_plot({"granian": Latency(((0, 100),))}, LOOKS)
    assert plot is not None
    assert {value["seconds"] for value in plot.spec["data"]["values"]} == {1e-6}
    y = plot.spec["layer"][0]["encoding"]["y"]
    assert y["scale"]["domain"] == [1e-6, 2e-6]
    # Days of latency, as a broken file may claim, end the axis.
    far = latency_plot({"granian": Latency(((10**13, 100),))}, LOOKS)
    assert far is not None
