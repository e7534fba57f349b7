"""One comparison: blocks until all figures are judged, or it is clear that they can't be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pytest_djworkers.compare.arms import BASE, HEAD, NAMES, PreparedArms
from pytest_djworkers.compare.blocks import ArmError, Block, TooSlow, run_block
from pytest_djworkers.compare.plan import plan_block
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.errors import ProbeError, ServerError
from pytest_djworkers.load.merge import merge_windows
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
from pytest_djworkers.verdict.reliability import WORKER_ENDED, explain_discarded, is_hopeless
from pytest_djworkers.verdict.rounds import Metric, Round, count_discarded
from pytest_djworkers.verdict.rule import judge

_NOT_FOUND = (404, 405)


@dataclass(frozen=True, slots=True)
class ComparisonOutcome:
    """What a comparison measured."""

    comparison: ArmComparison
    head_result: BurstResult | None
    """Head's figures as those of a burst; None if it wasn't measured."""


def compare(
    arms: PreparedArms, profile: Profile, needs: BurstNeeds, tolerances: Mapping[Metric, float]
) -> ComparisonOutcome:
    """Compare the arms by these figures, each with its tolerance; requests/s must be among them.

    Raises ServerError for an arm that can't be measured, and GeneratorError.
    """
    began = CLOCK.monotonic()
    runner = _Runner(arms, profile, needs)
    judged: dict[Metric, Judgement | MoreBlocks] = {}
    reason = hindrance = ""
    try:
        while runner.wants_more(judged, tolerances):
            if hindrance := runner.hindrance(judged):
                break
            runner.run_block()
    except TooSlow as slow:
        reason = str(slow)
    except ArmError as error:
        reason = _new_endpoint(error)
        if not reason:
            raise ServerError(f"{NAMES[error.arm]}: {error}") from None
    decided = [one for one in judged.values() if isinstance(one, Judgement)]
    comparison = ArmComparison(
        labels=(arms.pair[BASE].label, arms.pair[HEAD].label),
        seed=arms.seed,
        took_s=CLOCK.monotonic() - began,
        judgements=() if reason or hindrance else tuple(map(runner.with_ends, decided)),
        not_compared=reason or hindrance,
        rounds=tuple(runner.rounds),
    )
    return ComparisonOutcome(comparison, None if reason else runner.result())


def calibrate(arms: PreparedArms, profile: Profile, needs: BurstNeeds) -> ComparisonOutcome:
    """Rounds of two arms that are the same, with no verdict. Raises as ``compare`` does."""
    began = CLOCK.monotonic()
    runner = _Runner(arms, profile, needs)
    reason = hindrance = ""
    try:
        for _ in range(arms.numbers.calibration_blocks):
            if hindrance := runner.hindrance({}):
                break
            runner.run_block()
    except TooSlow as slow:
        reason = str(slow)
    comparison = ArmComparison(
        labels=(arms.pair[BASE].label, arms.pair[HEAD].label),
        seed=arms.seed,
        took_s=CLOCK.monotonic() - began,
        is_judged=False,
        not_compared=reason or hindrance,
        rounds=tuple(runner.rounds),
    )
    return ComparisonOutcome(comparison, None if reason else runner.result())


class _Runner:
    """Runs block after block, and keeps what they found."""

    def __init__(self, arms: PreparedArms, profile: Profile, needs: BurstNeeds) -> None:
        self._arms = arms
        self._numbers = arms.numbers
        self._profile = profile
        self._needs = needs
        self._blocks: list[Block] = []
        self.rounds: list[Round] = []

    def wants_more(
        self, judged: dict[Metric, Judgement | MoreBlocks], tolerances: Mapping[Metric, float]
    ) -> bool:
        """Judge all rounds so far; whether a figure is still open."""
        for metric, tolerance in tolerances.items():
            judged[metric] = judge(
                self.rounds, metric=metric, tolerance=tolerance, rule=self._numbers.rule
            )
        is_open = any(isinstance(one, MoreBlocks) for one in judged.values())
        assert len(self._blocks) < self._numbers.most_blocks or not is_open, "the rule has no end"
        return is_open

    def hindrance(self, judged: Mapping[Metric, Judgement | MoreBlocks]) -> str:
        """Why it is clear already that there will be no verdict, in words; empty where it isn't.

        A figure that is decided, or seen once, is not given up.
        """
        if any(isinstance(one, Judgement) or one.confirming for one in judged.values()):
            return ""
        rule = self._numbers.rule
        if not is_hopeless(self.rounds, rule.rounds_per_block * rule.looks[-1]):
            return ""
        discarded = count_discarded(self.rounds)
        number = sum(count for _, count in discarded)
        cause, advice = explain_discarded(discarded)
        told = ", ".join(f"{reason} ({count})" for reason, count in discarded)
        parts = [f"{cause}: {number} of {len(self.rounds)} rounds left out: {told}", advice]
        return "; ".join(filter(None, [*parts, *self._ends]))

    def with_ends(self, judgement: Judgement) -> Judgement:
        """With why workers ended, where that is why nothing could be compared."""
        discarded = count_discarded(self.rounds)
        if (
            judgement.verdict is not Verdict.NOT_COMPARED
            or not discarded
            or not discarded[0][0].startswith(WORKER_ENDED)
        ):
            return judgement
        return replace(judgement, reason="; ".join([judgement.reason, *self._ends]))

    @property
    def _ends(self) -> list[str]:
        """Why workers ended in the last block in which some did."""
        return [*next((block.ends for block in reversed(self._blocks) if block.ends), ())]

    def run_block(self) -> None:
        arms = self._arms
        plan = plan_block(arms.seed, len(self._blocks), rounds=self._numbers.rule.rounds_per_block)
        base, head = (arms.with_fresh_data(arm) for arm in arms.pair)
        block = run_block(
            plan,
            (base, head),
            self._spec,
            self._profile,
            self._needs,
            self._numbers,
        )
        self._blocks.append(block)
        self.rounds.extend(block.rounds)

    def result(self) -> BurstResult:
        """All of head's windows as one burst."""
        reports = [report for block in self._blocks for report in block.head_reports]
        return merge_windows(self._profile, reports, self._blocks[-1].head_server)

    def _spec(self, arm: int, port: int) -> LaunchSpec:
        folder = self._arms.launch_spec.folder / NAMES[arm]
        folder.mkdir(exist_ok=True)
        return replace(self._arms.launch_spec, folder=folder, port=self._arms.ports[port])


def _new_endpoint(error: ArmError) -> str:
    """Words for an endpoint that only head has; empty for what went wrong otherwise."""
    reason = error.error
    if error.arm == BASE and isinstance(reason, ProbeError) and reason.status in _NOT_FOUND:
        return f"new endpoint: base answers {reason.status}"
    return ""
