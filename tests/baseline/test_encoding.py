"""Stored histograms: nothing is lost, and other tools can read them."""

from __future__ import annotations

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_djworkers.baseline.encoding import check_encoded, decode_latency, encode_latency
from pytest_djworkers.load.histogram import Latency, bucket

_AN_HOUR_US = 3600 * 1_000_000

latencies = st.dictionaries(
    st.integers(1, _AN_HOUR_US).map(bucket), st.integers(1, 10**9), max_size=20
).map(Latency.from_counts)


@settings(max_examples=15, deadline=None)
@given(latencies)
def test_an_encoded_histogram_is_decoded(latency: Latency) -> None:
    assert decode_latency(encode_latency(latency)) == latency


@settings(max_examples=15, deadline=None)
@given(latencies.filter(lambda latency: latency.count > 0))
def test_hdrhistogram_reads_the_same_samples(latency: Latency) -> None:
    histogram = HdrHistogram.decode(encode_latency(latency).encode())
    assert histogram.get_total_count() == latency.count
    for value, count in latency.counts:
        assert histogram.get_count_at_value(value) == count


def test_the_encoded_text_is_one_line_of_ascii() -> None:
    text = encode_latency(Latency(((1500, 3),)))
    assert text.isascii()
    assert "\n" not in text


@pytest.mark.parametrize("text", ["", "nonsense", "äöü", "AAAA", encode_latency(Latency(()))[:-9]])
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a histogram"):
        check_encoded(text)
    with pytest.raises(ValueError, match="not a histogram"):
        decode_latency(text)
