"""Prepare the arms of a run's comparisons, before the first of them begins."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.compare.arms import NAMES, Arm, NotComparable, PreparedArms
from pytest_djworkers.compare.changed_code import changed_code
from pytest_djworkers.compare.copied_files import ignored_files
from pytest_djworkers.compare.environments.base_environment import base_environment
from pytest_djworkers.compare.environments.environment import ServedEnvironment, named_environment
from pytest_djworkers.compare.flags import Against, ComparisonFlags
from pytest_djworkers.compare.numbers import DEFAULT_NUMBERS
from pytest_djworkers.compare.revision import Revision, base_revision, good_revision
from pytest_djworkers.compare.sides import (
    WORKING_TREE,
    BaseFiles,
    Prepared,
    Sides,
    in_two_environments,
    in_two_trees,
    prepare_base,
    prepare_environments,
    with_migrations,
)
from pytest_djworkers.profiling.code_changes import NO_CHANGES, CodeChanges
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.system.port import ReservedPort


class ComparisonSetup:
    """The preparation of a run's comparisons: base's worktree, and a port for each arm."""

    def __init__(
        self,
        flags: ComparisonFlags,
        revision: Revision | None = None,
        *,
        copies: tuple[str, ...] = (),
        base: ServedEnvironment | None = None,
        pair: tuple[ServedEnvironment, ServedEnvironment] | None = None,
    ) -> None:
        self.flags = flags
        self.revision = revision
        """The base; None unless a revision is compared."""
        self.numbers = DEFAULT_NUMBERS
        self.prepared: Prepared | None = None
        """The things that are made once for all comparisons; None before ``make_ready``."""
        self._files = BaseFiles(copies, flags.prepare)
        self._base = base
        self._pair = pair
        self._stack = ExitStack()
        self._sides: Sides | None = None
        self._code_changes: CodeChanges | None = None
        self._second_port: ReservedPort | None = None

    @classmethod
    def begin(
        cls,
        flags: ComparisonFlags,
        root: Path,
        started_in: Path | None = None,
        backends: tuple[Backend, ...] = (),
        kept: Callable[[], Path] | None = None,
    ) -> ComparisonSetup:
        """Find the base and the interpreters, before any server starts.

        ``kept`` returns the folder for environments that are built; they are not kept if it is
        None. Raises SettingsError if the base, or something that it is to be served with, is not
        there.
        """
        if flags.environments is not None:
            folders = (started_in or root, root)
            first, second = (
                named_environment(name, folders, backends, kept) for name in flags.environments
            )
            return cls(flags, pair=(first, second))
        if flags.ref is None:
            return cls(flags)
        find = good_revision if flags.bisects else base_revision
        return cls.with_base(flags, find(root, flags.ref), root, backends, kept)

    @classmethod
    def with_base(
        cls,
        flags: ComparisonFlags,
        revision: Revision,
        root: Path,
        backends: tuple[Backend, ...],
        kept: Callable[[], Path] | None,
    ) -> ComparisonSetup:
        """Return the preparation of comparisons with this revision. Raises as ``begin`` does."""
        return cls(
            flags,
            revision,
            copies=ignored_files(revision.top, flags.copies),
            base=base_environment(revision, flags.python, flags.requirements, root, backends, kept),
        )

    @property
    def description(self) -> str:
        """The line of the header that says what is compared, unless backends are."""
        revision = self.revision
        if self._pair is not None:
            base, head = (one.description for one in self._pair)
            return f"compares the working tree in {head} with itself in {base}"
        if revision is None:
            return "compares the working tree with itself, to see how much its figures differ"
        state = " (with changes that are not committed)" if revision.is_dirty else ""
        same = ", which is the commit checked out" if revision.is_head else ""
        served = "" if self._base is None else self._base.differs
        if self.flags.bisects:
            return (
                f"searches for the commit after {revision.label} that made a test slower; each is"
                f" compared with the working tree{state}{served}"
            )
        return f"compares the working tree{state} with {revision.label}{same}{served}"

    def prepare_arms(
        self,
        backends: tuple[Backend, Backend],
        names: tuple[str, str],
        spec: LaunchSpec,
        with_fresh_data: Callable[[Arm], Arm],
    ) -> PreparedArms:
        """Return the arms that serve these backends; ``names`` are the users' names for them.

        Raises SettingsError if the worktree can't be made, ServerError if the site of an arm can't
        be set up, and NotComparable.
        """
        sides = self._sides_with_migrations(spec)
        # Two backends serve the same files: their names tell them apart, not a revision.
        labels = names if self.flags.against is Against.BACKEND else sides.labels
        base, head = (
            Arm(*parts, databases={})
            for parts in zip(NAMES, labels, backends, sides.runtimes, strict=True)
        )
        return PreparedArms(
            (base, head),
            spec,
            (spec.port, self._other_port(spec.host).number),
            with_fresh_data,
            self.flags.seed,
            self.numbers,
            self.flags.connections,
            sides.migration_difference,
            sides.advice,
        )

    @property
    def code_changes(self) -> CodeChanges:
        """The functions that differ between the arms; none unless a revision is compared."""
        if self._code_changes is None:
            self._code_changes = NO_CHANGES
            if self.revision is not None and self.prepared is not None:
                self._code_changes = changed_code(self.revision, Path(self.prepared.tree))
        return self._code_changes

    def end(self) -> None:
        """Remove the worktree, and release the port."""
        self._stack.close()

    def _other_port(self, host: str) -> ReservedPort:
        # The first port is the run's own, which it has in any case.
        if self._second_port is None:
            self._second_port = ReservedPort(host)
            self._stack.callback(self._second_port.release)
        return self._second_port

    def make_ready(self, spec: LaunchSpec) -> Prepared:
        """Make base's worktree and what the arms' environments need, before anything is measured.

        Raises SettingsError if one of them can't be made.
        """
        if self.prepared is None:
            self.prepared = self._prepare(spec)
        return self.prepared

    def _prepare(self, spec: LaunchSpec) -> Prepared:
        if self.revision is not None:
            assert self._base is not None
            return prepare_base(self.revision, self._files, self._base, spec, self._stack)
        return Prepared() if self._pair is None else prepare_environments(self._pair, spec)

    def _sides_with_migrations(self, spec: LaunchSpec) -> Sides:
        # Kept for the whole run: two interpreters that set the site up take seconds.
        if self._sides is None:
            prepared = self.make_ready(spec)
            if self.revision is not None:
                sides = in_two_trees(prepared, self.revision, self._files, spec)
                self._sides = with_migrations(sides, spec)
            elif self._pair is not None:
                sides = in_two_environments(prepared, self._pair, spec)
                self._sides = with_migrations(sides, spec)
            else:
                self._sides = Sides(("itself", WORKING_TREE), (spec.runtime, spec.runtime))
        if self._sides.unfit:
            raise NotComparable(self._sides.unfit)
        return self._sides
