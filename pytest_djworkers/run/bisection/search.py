"""The search of a run for the commit that made its one test slower, but for the comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.session import own_versions
from pytest_djworkers.compare.bisection.answers import metric_of, skipped, step_of
from pytest_djworkers.compare.bisection.candidates import Answer
from pytest_djworkers.compare.bisection.commit_history import (
    CommitHistory,
    changes_of,
    read_history,
)
from pytest_djworkers.compare.bisection.result import Bisection, BisectionStep, Commit
from pytest_djworkers.compare.setup import ComparisonSetup
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.bisection.verdicts import KnownVerdict, KnownVerdicts
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.verdict.rounds import Metric

Folder = Callable[[], Path]


class Search:
    """Knows the commits, the verdicts on them so far, and which one to compare next."""

    def __init__(
        self,
        settings: Settings,
        setup: ComparisonSetup,
        *,
        environments: Folder | None,
        verdicts: Folder | None,
    ) -> None:
        """Read the history. Raises SettingsError if there is nothing to search.

        ``environments`` and ``verdicts`` return the folders that keep what is built, and verdicts;
        nothing is kept if they are None.
        """
        flags = settings.comparison_flags
        assert setup.revision is not None
        assert flags is not None
        written = [one.file for one in settings.reports]
        self.history: CommitHistory = read_history(setup.revision, written)
        self._settings = settings
        self._flags = flags
        self._of_good: ComparisonSetup | None = setup
        """The good revision's preparation, which the run has made; None once it was used."""
        self._first = setup
        self._with_base = partial(
            ComparisonSetup.with_base,
            flags,
            root=settings.root,
            backends=tuple(settings.backends.values()),
            kept=environments,
        )
        self._folder = verdicts
        self._changes = changes_of(setup.revision)
        self.known = KnownVerdicts.read(None, {})
        self._steps: list[BisectionStep] = []
        self._answers: dict[str, Answer] = {}
        self._metric: Metric | None = None

    def begin(self, test: str) -> None:
        """Read the verdicts that earlier runs have found for the test with this node id."""
        folder = None if self._folder is None else self._folder()
        self.known = KnownVerdicts.read(folder, self._key(test))

    @property
    def is_good_known(self) -> bool:
        """True if the good revision itself has a verdict."""
        return self.known.get(self.history.good_commit.id) is not None

    @property
    def expected_steps(self) -> int:
        """The number of comparisons, with those so far, if none has to be skipped."""
        good = 0 if self._steps else 1
        return len(self._steps) + good + self.history.candidates.comparisons_left(self._answers)

    @property
    def steps(self) -> int:
        """The number of comparisons so far."""
        return len(self._steps)

    def start_over(self, burst: str) -> None:
        """Begin at the good revision, with the verdicts that are known of this burst."""
        self.known.of_burst(burst)
        self._steps, self._answers, self._metric = [], {}, None

    def next(self) -> Commit | None:
        """Return the commit to compare next, the good one first; None if the search is over."""
        if not self._steps:
            return self.history.good_commit
        if self._steps[0].answer is not Answer.GOOD:
            return None
        found = self.history.candidates.next(self._answers)
        return None if found is None else self.history.commits[found]

    @contextmanager
    def setup_of(self, commit: Commit) -> Iterator[ComparisonSetup]:
        """Return a context manager that gives the preparation of the comparison with a commit.

        It removes what was made at the end. Raises SettingsError.
        """
        setup, revision = self._of_good, self.history.revision_of(commit)
        if setup is not None and revision is setup.revision:
            self._of_good = None
        else:
            setup = self._with_base(revision)
            setup.numbers = self._first.numbers
        try:
            yield setup
        finally:
            setup.end()

    def refuse_changes(self) -> None:
        """Raise SettingsError if the working tree is no longer what it was when the run began."""
        if changes_of(self.history.good) != self._changes:
            raise SettingsError(
                "--djworkers-bisect: files of the working tree were changed meanwhile, so the last"
                " comparison is of no use: run it again, and leave the files alone. What was found"
                " before that is kept for the state that it is about"
            )

    def add(self, commit: Commit, verdict: KnownVerdict) -> BisectionStep:
        """Take the verdict on a commit, and return the step that it is."""
        compared = None if verdict.record is None else verdict.record.against_base
        if not self._steps and compared is not None:
            self._metric = metric_of(compared)
        is_earlier = commit.id in self.known.earlier
        if compared is None:
            step = skipped(
                commit, verdict.skipped, measured=verdict.measured, is_earlier=is_earlier
            )
        else:
            step = step_of(
                commit, compared, self._metric, measured=verdict.measured, is_earlier=is_earlier
            )
        if self._steps:
            self._answers[commit.id] = step.answer
        self._steps.append(step)
        return step

    def result(self) -> Bisection:
        """Return what is found so far."""
        is_over = self.next() is None
        is_worse = bool(self._steps) and self._steps[0].answer is Answer.GOOD
        suspects = self.history.candidates.suspects(self._answers) if is_worse else []
        return Bisection(
            self.history.good.label,
            len(self.history.commits),
            self._metric,
            tuple(self._steps),
            tuple(self.history.commits[one] for one in suspects),
            is_over,
        )

    @property
    def shown(self) -> BisectionStep | None:
        """The comparison that shows the loss; None before there is one."""
        return self.result().shown

    def shown_record(self) -> BurstRecord | None:
        """Return the record of the comparison that shows the loss, else of the first one."""
        step = self.shown or next(iter(self._steps), None)
        verdict = None if step is None else self.known.get(step.commit.id)
        return None if verdict is None else verdict.record

    def _key(self, test: str) -> dict[str, Any]:
        """Return all that a verdict depends on, but for the commit that is compared."""
        settings, flags = self._settings, self._flags
        return {
            "test": test,
            "head": self.history.head,
            "changes": self._changes,
            "backends": list(settings.backends),
            "workers": settings.workers,
            "tolerance": settings.tolerance,
            "max_regression": settings.max_regression,
            "timeout": settings.shape_for({}, {})[0].timeout_s,
            "settings": settings.settings_module,
            "application": settings.application,
            "tls": settings.tls is not None,
            "unix_socket": settings.on_unix_socket,
            "python": flags.python,
            "requirements": flags.requirements,
            "prepare": flags.prepare,
            "copies": flags.copies,
            "connections": flags.connections,
            "versions": own_versions(),
        }
