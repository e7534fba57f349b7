"""A comparison: run blocks until every figure has a verdict, or can no longer get one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pytest_djworkers.compare.arm_server import TooSlow
from pytest_djworkers.compare.arms import BASE, NAMES, PreparedArms
from pytest_djworkers.compare.blocks import ArmError, Block, run_block
from pytest_djworkers.compare.plan import plan_block
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.errors import ProbeError, ServerError
from pytest_djworkers.load.merge import merge_windows
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
from pytest_djworkers.verdict.reliability import WORKER_ENDED, explain_discarded, is_hopeless
from pytest_djworkers.verdict.rounds import Metric, Round, count_discarded
from pytest_djworkers.verdict.rule import judge

_NO_SUCH_ENDPOINT = (404, 405)
Judged = Mapping[Metric, Judgement | MoreBlocks]
"""The judgement of each figure after the blocks so far, or the number of blocks it still needs."""


@dataclass(frozen=True, slots=True)
class History:
    """The blocks that a comparison has run, with which it can be continued."""

    blocks: tuple[Block, ...] = ()
    size: WindowSize | None = None
    """The size of all windows; None before the first block."""
    took_s: float = 0.0


NOTHING_YET = History()
Enough = Callable[[int, Judged], str]
"""Given the number of blocks run and the judgements so far, says why to stop now, in words; an
empty text to go on."""


def never_enough(_blocks_run: int, _judged: Judged) -> str:
    """Go on until every figure has a verdict."""
    return ""


@dataclass(frozen=True, slots=True)
class ComparisonOutcome:
    """The result of a comparison."""

    comparison: ArmComparison
    head_result: BurstResult | None
    """Head's figures as those of a burst; None if it wasn't measured."""
    history: History = NOTHING_YET
    """The blocks behind it, for ``compare`` to go on from."""


def compare(
    arms: PreparedArms,
    profile: Profile,
    needs: BurstNeeds,
    tolerances: Mapping[Metric, float],
    *,
    history: History = NOTHING_YET,
    enough: Enough = never_enough,
) -> ComparisonOutcome:
    """Compare the arms by these figures, each with its tolerance; requests/s must be among them.

    It goes on from ``history``, and stops after the block at which ``enough`` says why. Raises
    ServerError if an arm can't be measured, and GeneratorError.
    """
    blocks = _Blocks(arms, profile, needs, history=history)
    judged = blocks.judge(tolerances)
    reason = ended_early = ""
    try:
        while _is_open(judged) and not (reason := blocks.why_hopeless(judged)):
            blocks.run_next()
            judged = blocks.judge(tolerances)
            if ended_early := enough(blocks.number, judged):
                break
    except TooSlow as error:
        return blocks.unmeasured(str(error))
    except ArmError as error:
        if not _is_new_endpoint(error):
            raise _with_arm(error) from None
        return blocks.unmeasured(f"new endpoint: base responds {_status(error)}")
    if reason:
        # Head has been measured all the same, so the test gets its result.
        return blocks.outcome(not_compared=reason)
    decided = (one for one in judged.values() if isinstance(one, Judgement))
    return blocks.outcome(
        judgements=tuple(map(blocks.with_worker_exits, decided)),
        ended_early=ended_early if _is_open(judged) else "",
    )


def calibrate(arms: PreparedArms, profile: Profile, needs: BurstNeeds) -> ComparisonOutcome:
    """Measure two arms that are the same, without a verdict. Raises as ``compare`` does."""
    blocks = _Blocks(arms, profile, needs, is_judged=False)
    reason = ""
    try:
        for _ in range(arms.numbers.calibration_blocks):
            if reason := blocks.why_hopeless({}):
                break
            blocks.run_next()
    except TooSlow as error:
        return blocks.unmeasured(str(error))
    except ArmError as error:
        raise _with_arm(error) from None
    return blocks.outcome(not_compared=reason)


class _Blocks:
    """The blocks of one comparison, which are run one after the other."""

    def __init__(
        self,
        arms: PreparedArms,
        profile: Profile,
        needs: BurstNeeds,
        *,
        is_judged: bool = True,
        history: History = NOTHING_YET,
    ) -> None:
        self._arms = arms
        self._profile = profile
        self._needs = needs
        self._is_judged = is_judged
        self._began_s = CLOCK.monotonic() - history.took_s
        self._blocks = list(history.blocks)
        self._size = history.size

    @property
    def number(self) -> int:
        """The number of blocks run."""
        return len(self._blocks)

    @property
    def _rounds(self) -> list[Round]:
        return [one for block in self._blocks for one in block.rounds]

    def run_next(self) -> None:
        """Run one more block."""
        numbers = self._arms.numbers
        assert len(self._blocks) < numbers.most_blocks, "the rule has no end"
        plan = plan_block(self._arms.seed, len(self._blocks), rounds=numbers.rounds_per_block)
        self._blocks.append(run_block(plan, self._arms, self._profile, self._needs))

    def judge(self, tolerances: Mapping[Metric, float]) -> Judged:
        """Judge each figure by all rounds so far."""
        rounds, rule = self._rounds, self._arms.numbers.rule
        return {
            metric: judge(rounds, metric=metric, tolerance=tolerance, rule=rule)
            for metric, tolerance in tolerances.items()
        }

    def why_hopeless(self, judged: Judged) -> str:
        """Return why more blocks can't bring a verdict; empty if they can.

        While a figure has a verdict, it is worth going on.
        """
        if any(isinstance(one, Judgement) for one in judged.values()):
            return ""
        rounds, numbers = self._rounds, self._arms.numbers
        if not is_hopeless(rounds, numbers.rounds_per_block * numbers.rule.most_blocks):
            return ""
        discarded = count_discarded(rounds)
        number = sum(count for _, count in discarded)
        cause, advice = explain_discarded(discarded)
        reasons = ", ".join(f"{reason} ({count})" for reason, count in discarded)
        parts = [f"{cause}: {number} of {len(rounds)} rounds left out: {reasons}", advice]
        return "; ".join(filter(None, [*parts, *self._worker_exits]))

    def with_worker_exits(self, judgement: Judgement) -> Judgement:
        """Add why workers ended to a judgement that says 'not compared' because of that."""
        # The most frequent reason is the first.
        discarded = count_discarded(self._rounds)
        if (
            judgement.verdict is not Verdict.NOT_COMPARED
            or not discarded
            or not discarded[0][0].startswith(WORKER_ENDED)
        ):
            return judgement
        return replace(judgement, reason="; ".join([judgement.reason, *self._worker_exits]))

    @property
    def _worker_exits(self) -> tuple[str, ...]:
        """Why workers ended, from the last block in which any did."""
        found = (block.worker_exits for block in reversed(self._blocks) if block.worker_exits)
        return next(found, ())

    def outcome(
        self,
        *,
        judgements: tuple[Judgement, ...] = (),
        not_compared: str = "",
        ended_early: str = "",
    ) -> ComparisonOutcome:
        """Return the comparison, with all of head's windows as one burst."""
        reports = [report for block in self._blocks for report in block.head_reports]
        result = merge_windows(self._profile, reports, self._blocks[-1].head_server)
        comparison = self._comparison(judgements, not_compared, ended_early)
        history = History(tuple(self._blocks), self._size, comparison.took_s)
        return ComparisonOutcome(comparison, result, history)

    def unmeasured(self, reason: str) -> ComparisonOutcome:
        """Return the outcome of a comparison that ended before there was a result for head."""
        return ComparisonOutcome(self._comparison((), reason), None)

    def _comparison(
        self, judgements: tuple[Judgement, ...], not_compared: str, ended_early: str = ""
    ) -> ArmComparison:
        base, head = self._arms.pair
        return ArmComparison(
            labels=(base.label, head.label),
            seed=self._arms.seed,
            took_s=CLOCK.monotonic() - self._began_s,
            is_judged=self._is_judged,
            judgements=judgements,
            not_compared=not_compared,
            rounds=tuple(self._rounds),
            size=self._size,
            ended_early=ended_early,
        )


def _is_open(judged: Judged) -> bool:
    return any(isinstance(one, MoreBlocks) for one in judged.values())


def _is_new_endpoint(error: ArmError) -> bool:
    """Return True if only head has the endpoint."""
    return error.arm == BASE and _status(error) in _NO_SUCH_ENDPOINT


def _status(error: ArmError) -> int | None:
    return error.error.status if isinstance(error.error, ProbeError) else None


def _with_arm(error: ArmError) -> ServerError:
    return ServerError(f"{NAMES[error.arm]}: {error}")
