"""Rounds, blocks and comparisons made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.compare.arms import Arm, PreparedArms
from pytest_djworkers.compare.blocks import Block
from pytest_djworkers.compare.numbers import DEFAULT_NUMBERS
from pytest_djworkers.compare.parts import BlockParts
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.compare.same_work import Responses
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.runtime import this_runtime
from pytest_djworkers.verdict.estimate import Estimate
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round, Window
from pytest_djworkers.verdict.rule import judge
from tests.support.profiles import make_report
from tests.support.results import record

FACTS = ServerFacts("granian", "2.8", 1, {}, launch_s=0.3)
NEEDS = BurstNeeds(8, SentRequest("/"))
SIZE = WindowSize(
    connections=1, responses=100, least_s=0.25, longest_s=2, drain_s=5, rounds_per_block=6
)


def window(requests: float, **changes: float) -> Window:
    """Return a window of 0.25 s with this number of requests."""
    figures = {"window_s": 0.25, "errors": 0, "timeouts": 0, "judged": round(requests)}
    figures |= {"p95_s": 10 / requests, "cpu_per_request_s": 0.5 / requests}
    return Window(responses=round(requests), **{**figures, **changes})  # type: ignore[arg-type]  # by name


def rounds_of(block: int, ratio: float, *, sd: float = 0.02) -> tuple[Round, ...]:
    """Return a block's rounds, with head at about this ratio to base's requests/s."""
    draw = Random(f"{block} {ratio}")
    return tuple(
        Round(window(500), window(500 * ratio * draw.lognormvariate(0, sd)), block)
        for _ in range(SIZE.rounds_per_block)
    )


def block_of(number: int, ratio: float) -> Block:
    """Return a block with such rounds."""
    rounds = rounds_of(number, ratio)
    reports = tuple(
        make_report(
            ok=one.head.responses,
            window_s=0.25,
            per_connection=[one.head.responses],
            opened=1,
            served=1,
            latency=[(20_000, one.head.responses)],
            statuses={200: one.head.responses},
        )
        for one in rounds
    )
    alike = Responses({200: 1}, "text/html", {1000: 1})
    return Block(rounds, (reports, reports), FACTS, (alike, alike), SIZE, BlockParts(1, 1, 1, 1, 1))


def prepared_arms(folder: Path) -> PreparedArms:
    """Return two arms, of which nothing is launched."""
    arms = (
        Arm("base", "main", Granian(), this_runtime(Path.cwd()), {}),
        Arm("head", "the working tree", Granian(), this_runtime(Path.cwd()), {}),
    )
    spec = LaunchSpec(
        settings_module="settings", folder=folder, port=1, workers=1, startup_timeout_s=10
    )
    return PreparedArms(arms, spec, (1, 2), lambda arm: arm, seed=1, numbers=DEFAULT_NUMBERS)


def compared(ratio: float, *, blocks: int = 18, **changes: object) -> ArmComparison:
    """Return a comparison of two figures in this number of blocks."""
    rounds = tuple(one for number in range(blocks) for one in rounds_of(number, ratio))
    judgements = []
    for metric in (Metric.RPS, Metric.P95):
        judgement = judge(rounds, metric=metric, tolerance=0.1)
        assert isinstance(judgement, Judgement)
        judgements.append(judgement)
    made = ArmComparison(
        ("main", "the working tree"), 1, 60.0, judgements=tuple(judgements), rounds=rounds
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # by name


NOTHING = ArmComparison(("main", "the working tree"), 1, 0.5, not_compared="migrations differ")


def of_backend(name: str, ratio: float, interval: tuple[float, float]) -> BurstRecord:
    """Return the record of a backend that is compared with granian, with a tolerance of 10 %."""
    verdict = Verdict.OK
    if interval[1] < 0.9:
        verdict = Verdict.REGRESSED
    elif interval[0] > 1.1:
        verdict = Verdict.IMPROVED
    estimate = Estimate(ratio, interval, 0.98, 6)
    judgement = Judgement(verdict, Metric.RPS, "why", estimate, 6, 36, 0, 0, ())
    rounds = tuple(Round(window(500), window(500 * ratio), number) for number in range(6))
    compared = ArmComparison(
        ("granian", name), 1, 60.0, of_backends=True, judgements=(judgement,), rounds=rounds
    )
    return record(name, against_base=compared)
