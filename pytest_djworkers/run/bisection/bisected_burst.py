"""Measures a burst in a bisection: one comparison with the working tree after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_djworkers.compare.arms import HeadError
from pytest_djworkers.compare.bisection.candidates import Answer
from pytest_djworkers.compare.bisection.result import BisectionStep, Commit
from pytest_djworkers.compare.procedure import ComparisonOutcome
from pytest_djworkers.errors import BurstArgumentError, ServerError, SettingsError
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.bisection_lines import step_line
from pytest_djworkers.run.bisection.search import Search
from pytest_djworkers.run.bisection.verdicts import KnownVerdict
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.live.burst_progress import BurstProgress
from pytest_djworkers.run.measurement import MeasuredBurst, PlannedBurst
from pytest_djworkers.run.two_arms import TwoArms, refuse_stages
from pytest_djworkers.settings.profiling import Profiles
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.verdict.judgement import Verdict

_NO_LOSS = (Verdict.OK, Verdict.IMPROVED)


class BisectedBurst:
    """The measurement of a run that bisects.

    ``two_arms`` returns the measurement of one comparison, given its ``comparison_setup``, and
    ``say`` prints a line. The result is the comparison with the last commit that was good.
    """

    def __init__(
        self,
        run: RunContext,
        search: Search,
        two_arms: Callable[..., TwoArms],
        progress: BurstProgress,
        say: Callable[[str], None],
    ) -> None:
        self._run = run
        self._search = search
        self._two_arms = two_arms
        self._progress = progress
        self._say = say
        self._bisected: str | None = None

    def measure(self, planned: PlannedBurst) -> MeasuredBurst:
        """Compare commits with the working tree until the first slower one is found."""
        refuse_stages(planned)
        self._refuse_second(planned.name)
        search = self._search
        search.start_over(planned.name)
        try:
            while (commit := search.next()) is not None:
                step = self._step(commit, planned)
                self._say(step_line(step))
                if search.steps == 1:
                    _refuse_unclear(step)
            self._explain(planned)
        except (KeyboardInterrupt, SystemExit):
            if (unfinished := self._record()) is not None:
                # Instead of the comparison that was cut short.
                self._run.cut_short[:] = [unfinished]
            raise
        record = self._record()
        assert record is not None, "the good revision's comparison has a record"
        return MeasuredBurst(record)

    def _record(self) -> BurstRecord | None:
        record = self._search.shown_record()
        return None if record is None else replace(record, bisection=self._search.result())

    def _step(self, commit: Commit, planned: PlannedBurst) -> BisectionStep:
        search, known = self._search, self._search.known.get(commit.id)
        if known is None:
            number, of_all = search.steps + 1, search.expected_steps
            self._progress.set_note(f"{number} of about {of_all}: {commit.id[:10]}")
            known = self._compare(commit, planned)
            search.refuse_changes()
            search.known.add(commit.id, known)
        return search.add(commit, known)

    def _compare(self, commit: Commit, planned: PlannedBurst) -> KnownVerdict:
        """Compare a commit with the working tree.

        Raises what ``TwoArms`` does if it is the good revision, or if the working tree is to blame.
        """
        is_good = commit == self._search.history.good_commit
        try:
            with self._search.setup_of(commit) as setup:
                arms = self._two_arms(comparison_setup=setup)
                outcome = arms.compare(planned, explains=False)
                measured = arms.measured(outcome, planned.overridden)
        except HeadError:
            raise
        except (ServerError, SettingsError) as error:
            if is_good:
                raise
            return KnownVerdict(CLOCK.unix(), skipped=str(error))
        if measured is None:
            reason = outcome.comparison.not_compared
            if is_good:
                raise SettingsError(_of_no_use(commit, reason))
            return KnownVerdict(CLOCK.unix(), skipped=reason)
        return KnownVerdict(CLOCK.unix(), measured.record.without_values())

    def _explain(self, planned: PlannedBurst) -> None:
        """Find out what made the burst slower, once its commit is known: not after each step."""
        search, shown, record = self._search, self._search.shown, self._search.shown_record()
        compared = None if record is None else record.against_base
        if shown is None or record is None or compared is None or compared.explanation is not None:
            return
        if self._run.settings.profiles is Profiles.NEVER:
            return
        self._progress.set_note(f"why: {shown.commit.id[:10]}")
        try:
            with search.setup_of(shown.commit) as setup:
                arms = self._two_arms(comparison_setup=setup)
                outcome = arms.explain(planned, ComparisonOutcome(compared, record.result))
        except (ServerError, SettingsError) as error:
            # The commit is known all the same.
            self._say(f"it can't be told why: {in_one_line(str(error))}")
            return
        if (explanation := outcome.comparison.explanation) is not None:
            explained = replace(record, against_base=replace(compared, explanation=explanation))
            search.known.add(shown.commit.id, KnownVerdict(shown.measured, explained))

    def _refuse_second(self, name: str) -> None:
        if self._bisected is not None:
            raise BurstArgumentError(
                f"{name}: --djworkers-bisect searches for one burst of a test, and this test has"
                f" fired {self._bisected} before: put this one into a test of its own"
            )
        self._bisected = name


def _refuse_unclear(step: BisectionStep) -> None:
    """Raise SettingsError if it isn't known that the working tree is slower, or that it isn't."""
    if step.answer is not Answer.GOOD and step.verdict not in _NO_LOSS:
        raise SettingsError(_of_no_use(step.commit, f"{step.verdict}: {step.reason}"))


def _of_no_use(commit: Commit, reason: str) -> str:
    return (
        f"--djworkers-bisect: it can't be told if the working tree is slower than {commit.short}:"
        f" {reason}; name another commit at which the test was fast"
    )
