"""Histograms in HdrHistogram's standard compressed form, base64, as other tools read it.

The form is version 2 of the encoding that the Java, C and Python libraries share: counts of
consecutive buckets as ZigZag LEB128 numbers, zlib-compressed, in base64 ("HISTF..." at its
beginning). A histogram of 10,000 samples takes a few hundred bytes.
"""

from __future__ import annotations

from collections import Counter

from hdrh.histogram import HdrHistogram

from pytest_djworkers.load.histogram import Latency, bucket

# These two decide the buckets' bounds, so they must never change: a histogram that was encoded
# with others has other buckets. Three digits are the 2048 sub-buckets of load/histogram.py.
_LONGEST_US = 24 * 3600 * 1_000_000
_DIGITS = 3


def encode_latency(latency: Latency) -> str:
    """Return the compressed form of the counts, in microseconds."""
    histogram = HdrHistogram(1, _LONGEST_US, _DIGITS)
    for value, count in latency.counts:
        # The library has no bucket for 0; a response in less than 1 us is not to be had anyway.
        histogram.record_value(max(1, value), count)
    encoded: bytes = histogram.encode()
    return encoded.decode("ascii")


def check_encoded(text: str) -> HdrHistogram:
    """Return the library's histogram, which takes little time. Raises ValueError for others."""
    try:
        return HdrHistogram.decode(text.encode("ascii"))
    except Exception as error:
        # The library lets zlib's, struct's and its own errors through.
        raise ValueError(f"not a histogram: {error}") from error


def decode_latency(text: str) -> Latency:
    """Return the latencies that ``encode_latency`` was given. Raises ValueError for others."""
    histogram = check_encoded(text)
    counts: Counter[int] = Counter()
    # By hand: the library's own iterator takes six times as long.
    for index, count in enumerate(histogram.counts):
        if count:
            # The library gives a bucket's lowest value; ours are known by their middles.
            counts[bucket(histogram.get_value_from_index(index))] += count
    return Latency.from_counts(counts)
