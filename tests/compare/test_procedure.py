"""The procedure of a comparison, with blocks made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.compare import procedure as module
from pytest_djworkers.compare.blocks import Block
from pytest_djworkers.compare.launches import ArmError
from pytest_djworkers.compare.numbers import DEFAULT_NUMBERS
from pytest_djworkers.compare.plan import BlockPlan
from pytest_djworkers.compare.procedure import (
    ComparisonOutcome,
    calibrate,
    compare,
)
from pytest_djworkers.compare.view_speed import TooSlow
from pytest_djworkers.errors import ProbeError, ServerError, ServerStartError
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Metric
from pytest_djworkers.verdict.rule import RULE
from tests.support.comparisons import NEEDS, block_of, prepared_arms
from tests.support.profiles import make_profile

PROFILE = make_profile(connections=1)
FIRST_LOOK = RULE.looks[0]

Blocks = Callable[[int], Block]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ComparisonOutcome]:
    """A function that compares two arms, with blocks that a function of their number makes."""

    def made(blocks: Blocks, *, tolerances: dict[Metric, float] | None = None) -> ComparisonOutcome:
        def run_block(plan: BlockPlan, *_: Any) -> Block:
            return blocks(plan.number)

        monkeypatch.setattr(module, "run_block", run_block)
        return compare(prepared_arms(tmp_path), PROFILE, NEEDS, tolerances or {Metric.RPS: 0.1})

    return made


@pytest.mark.parametrize(
    ("ratio", "verdict", "blocks"),
    [
        (1.0, Verdict.OK, FIRST_LOOK),
        (0.97, Verdict.OK, FIRST_LOOK),
        (0.4, Verdict.REGRESSED, 2),
        (0.7, Verdict.REGRESSED, RULE.change_blocks),
        (1.3, Verdict.IMPROVED, RULE.change_blocks),
    ],
)
def test_a_comparison_stops_as_soon_as_there_is_a_verdict(
    ratio: float, verdict: Verdict, blocks: int, run: Callable[..., ComparisonOutcome]
) -> None:
    compared = run(lambda number: block_of(number, ratio)).comparison
    assert compared.verdict is verdict
    assert compared.blocks == blocks
    assert [one.block for one in compared.rounds[:: len(block_of(0, 1).rounds)]] == [*range(blocks)]


def test_all_figures_are_judged_from_the_same_blocks(run: Callable[..., ComparisonOutcome]) -> None:
    tolerances = {Metric.RPS: 0.1, Metric.P95: 0.5, Metric.CPU_PER_REQUEST: 0.1}
    compared = run(lambda number: block_of(number, 0.98), tolerances=tolerances).comparison
    assert [one.metric for one in compared.judgements] == list(tolerances)
    assert {one.verdict for one in compared.judgements} == {Verdict.OK}


def test_heads_windows_are_the_result_of_the_burst(run: Callable[..., ComparisonOutcome]) -> None:
    measured = run(lambda number: block_of(number, 1.0))
    result, rounds = measured.head_result, measured.comparison.rounds
    assert result is not None
    assert result.ok == sum(one.head.responses for one in rounds)
    assert result.window_s == pytest.approx(0.25 * len(rounds))
    assert result.rps == pytest.approx(2000, rel=0.05)
    assert result.statuses == {200: result.ok}
    assert result.latency is not None
    assert result.latency.p99 == 0.02
    assert (result.connections.requested, result.connections.served) == (1, 1)
    assert (result.series, result.longest_gap_s) == (None, None)
    assert result.server is not None
    assert result.server.backend == "granian"


def failing(error: Exception, at: int = 0) -> Blocks:
    """Return blocks, one of which raises this error."""

    def blocks(number: int) -> Block:
        if number == at:
            raise error
        return block_of(number, 1.0)

    return blocks


def test_an_endpoint_that_base_does_not_have_is_not_compared(
    run: Callable[..., ComparisonOutcome],
) -> None:
    measured = run(failing(ArmError(0, ProbeError("GET / returned 404", 404))))
    assert measured.head_result is None
    assert measured.comparison.verdict is Verdict.NOT_COMPARED
    assert measured.comparison.not_compared == "new endpoint: base responds 404"


@pytest.mark.parametrize(
    "error",
    [
        ArmError(1, ProbeError("GET / returned 404", 404)),
        ArmError(0, ProbeError("GET / returned 500", 500)),
        ArmError(0, ServerStartError("it did not start")),
    ],
)
def test_an_arm_that_cannot_be_measured_raises_an_error_with_its_name(
    error: ArmError, run: Callable[..., ComparisonOutcome]
) -> None:
    name = ("base", "head")[error.arm]
    with pytest.raises(ServerError, match=f"^{name}.*: "):
        run(failing(error, at=2))


def test_a_view_that_is_too_slow_is_not_compared(run: Callable[..., ComparisonOutcome]) -> None:
    measured = run(failing(TooSlow("too slow: 7 responses")))
    assert measured.head_result is None
    assert measured.comparison.not_compared == "too slow: 7 responses"


def test_a_calibration_has_rounds_and_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_block", lambda plan, *_: block_of(plan.number, 1.0))
    compared = calibrate(prepared_arms(tmp_path), PROFILE, NEEDS).comparison
    assert compared.verdict is None
    assert not compared.judgements
    assert compared.blocks == DEFAULT_NUMBERS.calibration_blocks


def test_a_calibration_with_an_arm_that_cannot_be_measured_raises_an_error_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ArmError(1, ServerStartError("it did not start"))

    monkeypatch.setattr(module, "run_block", fails)
    with pytest.raises(ServerError, match=r"^head.*: it did not start$"):
        calibrate(prepared_arms(tmp_path), PROFILE, NEEDS)


def of_ended_workers(number: int) -> Block:
    """A block in which head has lost a worker."""
    block = block_of(number, 1.0)
    rounds = tuple(replace(one, discarded="a worker of head ended") for one in block.rounds)
    return replace(block, rounds=rounds, worker_exits=("", "max_requests = 3 recycles them"))


def test_a_comparison_stops_as_soon_as_a_verdict_is_out_of_reach(
    run: Callable[..., ComparisonOutcome],
) -> None:
    measured = run(of_ended_workers)
    compared = measured.comparison
    assert compared.verdict is Verdict.NOT_COMPARED
    assert compared.blocks == 2
    assert compared.not_compared == (
        "workers ended while they were measured: 12 of 12 rounds left out: a worker of head ended"
        " (12); head: max_requests = 3 recycles them"
    )
    assert measured.head_result is not None, "head has been measured"


def test_the_reason_why_workers_ended_is_added_to_not_compared(
    run: Callable[..., ComparisonOutcome],
) -> None:
    compared = run(
        lambda number: block_of(number, 1.0) if number % 3 else of_ended_workers(number)
    ).comparison
    assert compared.verdict is Verdict.NOT_COMPARED
    assert compared.not_compared.endswith("head: max_requests = 3 recycles them")


def test_a_calibration_stops_if_workers_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_block", lambda plan, *_: of_ended_workers(plan.number))
    compared = calibrate(prepared_arms(tmp_path), PROFILE, NEEDS).comparison
    assert compared.blocks == 2
    assert compared.not_compared.startswith("workers ended")


def test_what_was_measured_before_an_interrupt_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_block(plan: BlockPlan, *_: Any) -> Block:
        if plan.number == 2:
            raise KeyboardInterrupt("SIGTERM")
        return block_of(plan.number, 1.0)

    monkeypatch.setattr(module, "run_block", run_block)
    kept: list[ComparisonOutcome] = []
    arms = prepared_arms(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        compare(arms, PROFILE, NEEDS, {Metric.RPS: 0.1}, keep=kept.append)
    (outcome,) = kept
    assert outcome.comparison.ended_early == "ended by SIGTERM after 2 blocks"
    assert outcome.comparison.blocks == 2
    assert outcome.head_result is not None
