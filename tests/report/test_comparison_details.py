"""The details of comparisons, from comparisons made by hand."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.compare.parts import BlockParts
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.report.comparison_details import details, noise_in_words
from tests.support.comparisons import NOTHING, compared

SIZE = WindowSize(8, 100, 0.25, 2.0, 2.5, 6)
PARTS = BlockParts(0.4, 1.3, 1.1, 7.2, 1.1, 0.2)
MEASURED = replace(compared(1.0), size=SIZE, parts=PARTS)


def test_the_details_are_the_windows_the_parts_of_a_block_and_the_noise() -> None:
    windows, parts, noise = details(MEASURED)
    assert windows == (
        "8 connections, windows of 100 responses or more (250ms), 6 rounds a block, 18 blocks"
    )
    assert parts == (
        "a block took 11.3s: data 400ms, launch 1.3s, warm-up 1.1s, windows 7.2s, waiting for the"
        " last responses 1.1s, stop 200ms"
    )
    assert noise.startswith("noise: blocks of the same code differ by ")
    assert noise.endswith("% either way")


def test_a_mix_has_the_change_of_each_parts_mean_latency() -> None:
    parts = {
        "GET /": (Latency(((1000, 3),)), Latency(((1000, 1), (2000, 1)))),
        "POST /cart": (Latency(()), Latency(((1000, 1),))),
    }
    _, part, *_ = details(replace(MEASURED, part_latencies=parts))
    assert part == "GET /: mean latency 1 → 1.5 ms (+50.0%)"


def test_a_view_that_waits_is_called_so() -> None:
    one = replace(MEASURED, size=replace(SIZE, waits=True, rounds_per_block=1))
    assert details(one)[0].endswith(
        ", 1 round a block, 18 blocks; the view waits more than it computes"
    )


def test_what_was_not_measured_has_no_details() -> None:
    assert details(NOTHING) == []
    assert noise_in_words([NOTHING]) == ""


def test_the_noise_of_a_run_is_that_of_all_its_comparisons() -> None:
    quiet = noise_in_words([compared(1.0)])
    assert quiet.startswith("this machine, in this run: blocks of the same code differ by ")
    assert " to " not in quiet.partition("; ")[0]
    both = noise_in_words([compared(1.0), compared(0.7, blocks=24), NOTHING])
    assert both.count("% to ") == 2


def test_the_noise_of_a_comparison_does_not_contradict_its_verdict() -> None:
    # The change is known better than it is large, or else it would not have been called one.
    (noise, *_) = details(compared(0.85))
    known = float(noise.rpartition("to within ")[2].partition("%")[0])
    assert known < 15


def test_the_range_of_two_blocks_does_not_say_how_exactly_the_change_is_known() -> None:
    large = compared(0.4, blocks=2)
    (estimate,) = {one.estimate for one in large.judgements[:1]}
    assert estimate is not None
    assert estimate.level < 0.9
    (noise,) = details(large)
    assert "either way" not in noise


def test_a_calibration_has_noise_without_a_change() -> None:
    calibration = replace(compared(1.0, is_judged=False), judgements=())
    assert details(calibration)[-1].startswith("noise: blocks of the same code differ by ")
    assert "either way" not in details(calibration)[-1]
    assert noise_in_words([calibration]) == "", "its table says it"
