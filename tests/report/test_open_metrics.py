"""OpenMetrics text, as the parser of Prometheus reads it."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from pytest_djworkers.report.document import Document
from pytest_djworkers.report.open_metrics import as_open_metrics
from tests.support.comparisons import compared
from tests.support.documents import document
from tests.support.results import MIX, RESULT, WRK, record


def read(made: Document) -> list[Sample]:
    families = text_string_to_metric_families(as_open_metrics(made))  # type: ignore[no-untyped-call]  # none
    return [sample for family in families for sample in family.samples]


def test_each_figure_of_a_burst_is_a_gauge() -> None:
    samples = read(document(record()))
    labels = {
        "test": "test_site.py::test_json[granian]",
        "burst": "GET /json",
        "backend": "granian",
    }
    assert all(sample.labels == labels for sample in samples)
    assert {sample.name: sample.value for sample in samples} == {
        "djworkers_requests_per_second": 100.0,
        "djworkers_p50_seconds": 0.001,
        "djworkers_p95_seconds": 0.02,
        "djworkers_p99_seconds": 0.3,
        "djworkers_timeouts": 10,
        "djworkers_errors": 0,
    }


def test_a_comparison_has_the_figures_of_head_and_what_is_unknown_is_left_out() -> None:
    loss, unknown = record(against_base=compared(0.7)), record(result=replace(WRK, latency=None))
    first, *_ = read(document(loss))
    assert 1_300 < first.value < 1_500
    assert not [one for one in read(document(unknown)) if "seconds" in one.name]
    assert read(document()) == []


def test_a_mix_has_the_figures_of_each_part_with_its_name() -> None:
    samples = read(document(record(result=MIX)))
    rps = {one.labels.get("part"): one.value for one in samples if "requests" in one.name}
    assert rps == {None: 100, "GET /fast": 75, "the slow one": 25}
    assert {one.labels["burst"] for one in samples} == {"mix of 2"}


def test_a_name_stays_a_name_and_a_series_has_one_value() -> None:
    evil = replace(RESULT, profile=replace(RESULT.profile, name='a"} 1\n# EOF \\'))
    samples = read(document(record(result=evil), record(result=evil)))
    assert {sample.labels["burst"] for sample in samples} == {'a"} 1\n# EOF \\'}
    assert len({sample.name for sample in samples}) == len(samples)
