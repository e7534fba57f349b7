"""Measures a burst at the two arms of a comparison, in a run that compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial

from pytest_djworkers.backends.protocol import workers_of
from pytest_djworkers.compare.arms import BASE, NAMES, Arm, Databases, NotComparable, PreparedArms
from pytest_djworkers.compare.base_databases import make_own_databases, refuse_different_rows
from pytest_djworkers.compare.count_calls import NotCountedError, count_calls
from pytest_djworkers.compare.flags import Against
from pytest_djworkers.compare.judge_calls import with_calls_judged
from pytest_djworkers.compare.procedure import ComparisonOutcome, calibrate, compare
from pytest_djworkers.compare.result import ArmComparison, is_slower
from pytest_djworkers.compare.sampled_arms import Question, explain_change
from pytest_djworkers.compare.setup import ComparisonSetup
from pytest_djworkers.compare.window_size import WAITING_CONNECTIONS
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.progress import Phase
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.arm_data import ArmData
from pytest_djworkers.run.arm_sessions import make_base_sessions, refuse_unreadable_sessions
from pytest_djworkers.run.budget.turn import Turn
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.measurement import MeasuredBurst, PlannedBurst
from pytest_djworkers.run.one_server import OneServer
from pytest_djworkers.run.site.log_in import LoggedIn, LogIn
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.launch_hooks import LaunchHooks
from pytest_djworkers.server.protocol import AnyServer, BurstNeeds
from pytest_djworkers.server.server import Prepare
from pytest_djworkers.settings.profiling import Profiles
from pytest_djworkers.verdict.rounds import Metric


@dataclass(frozen=True, slots=True)
class DatabaseSetup:
    """The way that pytest-django's databases were made: base's code makes its own likewise."""

    unblocked: Callable[[], AbstractContextManager[None]]
    """Returns a context manager that lets this process use the databases while it is entered."""
    seed: Callable[[], None] | None
    """The function of ``djworkers_seed``."""
    migrates: bool
    """False with pytest-django's ``--nomigrations``."""


class TwoArms:
    """The measurement of a run with a comparison: rounds of base and head.

    If they can't be compared, head alone is measured by ``alone``, so that the test has a result.
    """

    def __init__(
        self,
        run: RunContext,
        server: AnyServer,
        test: str,
        max_regressions: Mapping[Metric, float],
        *,
        comparison_setup: ComparisonSetup,
        prepare: Prepare,
        hooks: LaunchHooks,
        database_setup: DatabaseSetup,
        alone: OneServer,
        log_in: LogIn,
        turn: Turn,
    ) -> None:
        self._run = run
        self._server = server
        self._test = test
        self._comparison_setup = comparison_setup
        self._prepare = prepare
        self._hooks = hooks
        self._database_setup = database_setup
        self._alone = alone
        self._log_in = log_in
        self._turn = turn
        # Requests/s are always judged, and first.
        self._tolerances = {Metric.RPS: run.settings.tolerance, **max_regressions}
        # Those are not figures of rounds.
        self._calls_tolerance = self._tolerances.pop(Metric.CALLS, None)

    def measure(self, planned: PlannedBurst) -> MeasuredBurst:
        """Compare base and head under moderate load; head's figures are the burst's."""
        refuse_stages(planned)
        if (finished := self._turn.finished(planned.name)) is not None:
            return finished
        outcome = self.compare(planned)
        # Base may lack the endpoint, or be unable to use the databases.
        if (measured := self.measured(outcome, planned.overridden)) is None:
            measured = self._alone.fire(self._at_moderate_load(planned))
            compared = self._labelled(outcome.comparison)
            measured = replace(measured, record=replace(measured.record, against_base=compared))
        self._turn.note(planned.name, outcome, measured)
        return measured

    def compare(self, planned: PlannedBurst, *, explains: bool = True) -> ComparisonOutcome:
        """Compare base and head, and do nothing else if they can't be compared.

        Without ``explains``, nothing is launched after the verdict. Raises as ``measure`` does.
        """

        def keep(outcome: ComparisonOutcome) -> None:
            if (measured := self.measured(outcome, planned.overridden)) is not None:
                self._run.cut_short.append(measured.record)

        def judged(arms: PreparedArms, profile: Profile, needs: BurstNeeds) -> ComparisonOutcome:
            if self._comparison_setup.flags.against is Against.ITSELF:
                return calibrate(arms, profile, needs)
            outcome = compare(
                arms,
                profile,
                needs,
                self._tolerances,
                history=self._turn.history_of(profile.name),
                enough=self._turn.enough_for(profile.name),
                keep=keep,
            )
            try:
                outcome = self._with_calls(outcome, arms, profile, needs)
                if explains:
                    outcome = self._explained(outcome, arms, profile, needs)
                    outcome = self._with_counts(outcome, arms, profile, needs)
                return outcome
            except BaseException:
                # Also what pytest-timeout raises: the verdict is known.
                keep(outcome)
                raise

        return self._with_arms(planned, judged)

    def explain(self, planned: PlannedBurst, outcome: ComparisonOutcome) -> ComparisonOutcome:
        """Launch the arms anew, and return their comparison with why head is slower or faster.

        Raises as ``measure`` does.
        """
        return self._with_arms(planned, partial(self._explained, outcome))

    def _labelled(self, comparison: ArmComparison) -> ArmComparison:
        of_backends = self._comparison_setup.flags.against is Against.BACKEND
        return replace(comparison, of_backends=of_backends)

    def _at_moderate_load(self, planned: PlannedBurst) -> PlannedBurst:
        shape = replace(planned.profile.shape, connections=self._most_connections())
        return planned.with_shape(shape)

    def _with_arms(
        self,
        planned: PlannedBurst,
        act: Callable[[PreparedArms, Profile, BurstNeeds], ComparisonOutcome],
    ) -> ComparisonOutcome:
        """Prepare the arms, and return what ``act`` returns; nothing is left of their data."""
        if planned.profile.has_streams:
            return self._not_compared("its windows are shorter than streams (stream=)")
        # A test may have asked for head's server: nobody may use the databases while they are
        # seeded and copied.
        self._server.stop()
        with self._run.machine():
            spec = self._prepare(self._run.launch_spec(self._hooks))
            logged_in = self._log_in(planned, spec)
            profile, path = logged_in.profile, self._run.settings.probe
            needs = BurstNeeds.of_burst(profile, self._most_connections(), probe_path=path)
            with ArmData(spec, self._database_setup.unblocked, logged_in.cached) as data:
                try:
                    self._run.progress.begin(Phase("prepare the arms"))
                    refuse_unreadable_sessions(logged_in)
                    return act(self._prepared_arms(spec, data, logged_in), profile, needs)
                except NotComparable as reason:
                    return self._not_compared(str(reason))

    def _with_calls(
        self, outcome: ComparisonOutcome, arms: PreparedArms, profile: Profile, needs: BurstNeeds
    ) -> ComparisonOutcome:
        """Return the outcome with the verdict on calls, if the test has a limit on them."""
        # Without a result of head, not even one of its requests may have worked.
        if self._calls_tolerance is None or outcome.head_result is None:
            return outcome
        self._run.progress.begin(Phase("count calls"))
        return with_calls_judged(
            outcome,
            self._calls_tolerance,
            self._turn.history_of(profile.name).counts,
            lambda: count_calls(arms, profile, needs, self._comparison_setup.code_changes),
        )

    def _explained(
        self, outcome: ComparisonOutcome, arms: PreparedArms, profile: Profile, needs: BurstNeeds
    ) -> ComparisonOutcome:
        """Return the outcome with why head is slower or faster, if that is to be found out."""
        compared = outcome.comparison
        if compared.size is None or not self._is_to_be_explained(compared):
            return outcome
        changes = self._comparison_setup.code_changes
        question = Question(profile, needs, compared.size, changes, is_slower(compared))
        explanation = explain_change(arms, question)
        return replace(outcome, comparison=replace(compared, explanation=explanation))

    def _with_counts(
        self, outcome: ComparisonOutcome, arms: PreparedArms, profile: Profile, needs: BurstNeeds
    ) -> ComparisonOutcome:
        """Return the outcome with the calls of both arms beside an explanation."""
        compared = outcome.comparison
        if compared.explanation is None or compared.counts is not None:
            return outcome
        self._run.progress.begin(Phase("count calls"))
        # Why they can't be counted is of interest to a limit on them only.
        with suppress(NotCountedError):
            changes = self._comparison_setup.code_changes
            counts = count_calls(arms, profile, needs, changes)
            return replace(outcome, comparison=replace(compared, counts=counts))
        return outcome

    def _is_to_be_explained(self, compared: ArmComparison) -> bool:
        profiles = self._run.settings.profiles
        if compared.ended_early:
            # In a run with a budget, it may go on in another turn.
            return False
        if profiles is Profiles.AFTER_A_CHANGE:
            # Two servers differ in everything that they do, and errors have causes of their own.
            is_of_backends = self._comparison_setup.flags.against is Against.BACKEND
            return not is_of_backends and is_slower(compared) is not None
        return profiles is Profiles.ALWAYS

    def _not_compared(self, reason: str) -> ComparisonOutcome:
        base, seed = self._run.settings.base, self._comparison_setup.flags.seed
        # The arms are not prepared: of backends, the names are those that users gave.
        labels = NAMES if base is None else (base, self._server.backend)
        return ComparisonOutcome(ArmComparison(labels, seed, 0.0, not_compared=reason), None)

    def measured(
        self, outcome: ComparisonOutcome, overridden: tuple[str, ...]
    ) -> MeasuredBurst | None:
        """Return head's figures with the comparison; None if head was not measured."""
        if outcome.head_result is None:
            return None
        record = BurstRecord(self._test, outcome.head_result, overridden)
        return MeasuredBurst(replace(record, against_base=self._labelled(outcome.comparison)))

    def _most_connections(self) -> int:
        """Return the most connections that the comparison may open."""
        settings, connections = self._run.settings, self._comparison_setup.flags.connections
        workers = workers_of(settings.backends[self._server.backend], settings.workers)
        return connections or WAITING_CONNECTIONS * workers

    def _prepared_arms(self, spec: LaunchSpec, data: ArmData, logged_in: LoggedIn) -> PreparedArms:
        backends, head = self._run.settings.backends, self._server.backend
        base = self._run.settings.base or head
        arms = self._comparison_setup.prepare_arms(
            (backends[base], backends[head]), (base, head), spec, data.copy_for
        )
        if arms.migration_difference:
            # Base's code can't use copies of head's databases.
            arm = data.own_of(arms.pair[BASE])
            made = self._own_databases(arms, arm, spec.databases)
            make_base_sessions(arms, arm, made, logged_in)
            data.use_own(arm.name, made)
        return arms

    def _own_databases(self, arms: PreparedArms, base: Arm, of_head: Databases) -> Databases:
        """Have base's code make its databases, and return them; head may have more.

        Raises NotComparable if they can't be made, or don't hold the same rows as head's.
        """
        setup = self._database_setup
        try:
            aliases = make_own_databases(
                base,
                setup.seed,
                arms.launch_spec,
                migrates=setup.migrates,
                head_databases=of_head,
            )
            made = {alias: base.databases[alias] for alias in aliases}
            with setup.unblocked():
                refuse_different_rows(made, of_head)
        except NotComparable as reason:
            raise NotComparable(f"{arms.migration_difference}; {reason}") from None
        return made


def refuse_stages(planned: PlannedBurst) -> None:
    """Raise BurstArgumentError for a burst with stages."""
    if planned.profile.shape.stages:
        raise BurstArgumentError(
            f"{planned.name}: stages= can't be compared: a comparison chooses its own load."
            " Measure stages in a run without a comparison"
        )
