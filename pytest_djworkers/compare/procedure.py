"""A comparison: run blocks until every figure has a verdict, or can no longer get one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from pytest_djworkers.compare.arms import BASE, HEAD, HeadError, PreparedArms
from pytest_djworkers.compare.blocks import run_block
from pytest_djworkers.compare.history import History
from pytest_djworkers.compare.launches import ArmError
from pytest_djworkers.compare.plan import plan_block
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.compare.view_speed import TooSlow
from pytest_djworkers.errors import ProbeError, ServerError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.units import counted
from pytest_djworkers.verdict.errors_first import more_lost_workers
from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
from pytest_djworkers.verdict.reliability import explain_discarded, is_hopeless
from pytest_djworkers.verdict.rounds import WORKER_ENDED, Metric, count_discarded
from pytest_djworkers.verdict.rule import judge, judge_open

_NO_SUCH_ENDPOINT = (404, 405)
Judged = Mapping[Metric, Judgement | MoreBlocks]
"""The judgement of each figure after the blocks so far, or the number of blocks it still needs."""


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
    keep: Callable[[ComparisonOutcome], None] = lambda _: None,
) -> ComparisonOutcome:
    """Compare the arms by these figures, each with its tolerance; requests/s must be among them.

    It goes on from ``history``, and stops after the block at which ``enough`` says why. ``keep`` is
    called with what has been measured if Ctrl-C or SIGTERM ends it. Raises ServerError if an arm
    can't be measured, and GeneratorError.
    """
    blocks = _Blocks(arms, profile, needs, history=history)
    judged = blocks.judge(tolerances)
    reason = ended_early = ""
    try:
        while _is_open(judged) and not (reason := blocks.why_hopeless(judged)):
            blocks.run_next()
            judged = blocks.judge(tolerances)
            if _is_open(judged) and (ended_early := enough(blocks.number, judged)):
                break
    except TooSlow as error:
        return blocks.unmeasured(str(error))
    except ArmError as error:
        if not _is_new_endpoint(error):
            raise _with_arm(error, arms) from None
        return blocks.unmeasured(f"new endpoint: base responds {_status(error)}")
    except (KeyboardInterrupt, SystemExit) as interrupt:
        if blocks.number:
            keep(blocks.open_outcome(tolerances, _why_interrupted(interrupt, blocks.number)))
        raise
    if reason:
        # Head has been measured all the same, so the test gets its result.
        return blocks.outcome(not_compared=reason)
    if ended_early:
        return blocks.open_outcome(tolerances, ended_early)
    decided = (one for one in judged.values() if isinstance(one, Judgement))
    return blocks.outcome(judgements=tuple(map(blocks.with_worker_exits, decided)))


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
        raise _with_arm(error, arms) from None
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

    @property
    def number(self) -> int:
        """The number of blocks run."""
        return len(self._blocks)

    @property
    def _history(self) -> History:
        return History(tuple(self._blocks), CLOCK.monotonic() - self._began_s)

    def run_next(self) -> None:
        """Run one more block."""
        numbers = self._arms.numbers
        assert len(self._blocks) < numbers.most_blocks, "the rule has no end"
        plan = plan_block(self._arms.seed, len(self._blocks))
        size = self._history.size or numbers.size
        self._blocks.append(run_block(plan, self._arms, self._profile, self._needs, size))

    def judge(self, tolerances: Mapping[Metric, float]) -> Judged:
        """Judge each figure by all rounds so far."""
        rounds, rule = self._history.rounds, self._arms.numbers.rule
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
        rounds, size = self._history.rounds, self._history.size
        if size is None:
            return ""
        if not is_hopeless(rounds, size.rounds_per_block * self._arms.numbers.rule.most_blocks):
            return ""
        discarded = count_discarded(rounds)
        number = sum(count for _, count in discarded)
        cause, advice = explain_discarded(discarded)
        reasons = ", ".join(f"{reason} ({count})" for reason, count in discarded)
        parts = [f"{cause}: {number} of {len(rounds)} rounds left out: {reasons}", advice]
        return "; ".join(filter(None, [*parts, *self._history.worker_exits]))

    def with_worker_exits(self, judgement: Judgement) -> Judgement:
        """Add why workers ended to a judgement that rests on that."""
        rounds = self._history.rounds
        # The most frequent reason is the first.
        discarded = count_discarded(rounds)
        is_left_out = bool(discarded) and discarded[0][0].startswith(WORKER_ENDED)
        because = {
            Verdict.NOT_COMPARED: is_left_out,
            Verdict.REGRESSED: judgement.metric is Metric.ERRORS and more_lost_workers(rounds),
        }
        if not because.get(judgement.verdict):
            return judgement
        return replace(judgement, reason="; ".join([judgement.reason, *self._history.worker_exits]))

    def open_outcome(
        self, tolerances: Mapping[Metric, float], ended_early: str
    ) -> ComparisonOutcome:
        """Return the outcome of a comparison that must stop now, with why it must."""
        rounds, rule = self._history.rounds, self._arms.numbers.rule
        judgements = (
            judge_open(rounds, metric=metric, tolerance=tolerance, rule=rule)
            for metric, tolerance in tolerances.items()
        )
        return self.outcome(judgements=tuple(judgements), ended_early=ended_early)

    def outcome(
        self,
        *,
        judgements: tuple[Judgement, ...] = (),
        not_compared: str = "",
        ended_early: str = "",
    ) -> ComparisonOutcome:
        """Return the comparison, with all of head's windows as one burst."""
        history = self._history
        comparison = replace(
            self._comparison,
            judgements=judgements,
            not_compared=not_compared,
            ended_early=ended_early,
        )
        return ComparisonOutcome(
            history.add_figures(comparison, self._profile),
            history.head_result(self._profile),
            history,
        )

    def unmeasured(self, reason: str) -> ComparisonOutcome:
        """Return the outcome of a comparison that ended before there was a result for head."""
        return ComparisonOutcome(replace(self._comparison, not_compared=reason), None)

    @property
    def _comparison(self) -> ArmComparison:
        base, head = self._arms.pair
        took_s = self._history.took_s
        labels = base.label, head.label
        return ArmComparison(labels, self._arms.seed, took_s, is_judged=self._is_judged)


def _why_interrupted(interrupt: BaseException, blocks: int) -> str:
    # The signal's name is the argument of the exception that SIGTERM becomes.
    how = next(iter(map(str, interrupt.args)), "") or "Ctrl-C"
    return f"ended by {how} after {counted(blocks, 'block')}"


def _is_open(judged: Judged) -> bool:
    return any(isinstance(one, MoreBlocks) for one in judged.values())


def _is_new_endpoint(error: ArmError) -> bool:
    """Return True if only head has the endpoint."""
    return error.arm == BASE and _status(error) in _NO_SUCH_ENDPOINT


def _status(error: ArmError) -> int | None:
    return error.error.status if isinstance(error.error, ProbeError) else None


def _with_arm(error: ArmError, arms: PreparedArms) -> ServerError:
    """Return the error with the arm's name, and with advice where only base may lack something."""
    status = _status(error)
    is_broken = status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    advice = f"\n{arms.advice.strip()}" if arms.advice and error.arm == BASE and is_broken else ""
    kind = HeadError if error.arm == HEAD else ServerError
    return kind(f"{arms.names[error.arm]}: {error}{advice}")
