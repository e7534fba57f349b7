"""Prepare the arms of a run's comparisons, once the first of them begins."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.compare.arms import NAMES, Arm, PreparedArms
from pytest_djworkers.compare.flags import Against, ComparisonFlags
from pytest_djworkers.compare.numbers import DEFAULT_NUMBERS
from pytest_djworkers.compare.remote import Migrations, last_migrations
from pytest_djworkers.compare.revision import Revision, base_revision
from pytest_djworkers.compare.trees import base_runtime, head_runtime, plugin_folder
from pytest_djworkers.compare.worktree import worktree
from pytest_djworkers.errors import ServerError, ServerStartError
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.runtime import Runtime
from pytest_djworkers.system.environment import child_environment
from pytest_djworkers.system.port import ReservedPort
from pytest_djworkers.system.process import GuardedProcess

WORKING_TREE = "the working tree"


@dataclass(frozen=True, slots=True)
class _Sides:
    """The part of both arms that is the same for all comparisons of a run."""

    labels: tuple[str, str]
    runtimes: tuple[Runtime, Runtime]
    migration_difference: str = ""


class ComparisonSetup:
    """The preparation of a run's comparisons: base's worktree, and a port for each arm."""

    def __init__(self, flags: ComparisonFlags, revision: Revision | None) -> None:
        self.flags = flags
        self.revision = revision
        """The base; None unless a revision is compared."""
        self.numbers = DEFAULT_NUMBERS
        self._stack = ExitStack()
        self._revision_sides: _Sides | None = None

    @classmethod
    def begin(cls, flags: ComparisonFlags, root: Path) -> ComparisonSetup:
        """Find the base, before any server starts. Raises SettingsError if there is none."""
        ref = flags.ref
        return cls(flags, None if ref is None else base_revision(root, ref))

    @property
    def description(self) -> str:
        """The line of the header that says what is compared, unless backends are."""
        revision = self.revision
        if revision is None:
            return "compares the working tree with itself, to see how much its figures differ"
        state = " (with changes that are not committed)" if revision.is_dirty else ""
        same = ", which is the commit checked out" if revision.is_head else ""
        return f"compares the working tree{state} with {revision.label}{same}"

    def prepare_arms(
        self,
        backends: tuple[Backend, Backend],
        names: tuple[str, str],
        spec: LaunchSpec,
        with_fresh_data: Callable[[Arm], Arm],
    ) -> PreparedArms:
        """Return the arms that serve these backends; ``names`` are the users' names for them.

        Raises SettingsError if the worktree can't be made, and ServerError if the site of an arm
        can't be set up.
        """
        sides = self._sides(spec)
        # Two backends serve the same files: their names tell them apart, not a revision.
        labels = names if self.flags.against is Against.BACKEND else sides.labels
        base, head = (
            Arm(*parts, databases={})
            for parts in zip(NAMES, labels, backends, sides.runtimes, strict=True)
        )
        return PreparedArms(
            (base, head),
            spec,
            (spec.port, self._second_port.number),
            with_fresh_data,
            self.flags.seed,
            self.numbers,
            self.flags.connections,
            sides.migration_difference,
        )

    def end(self) -> None:
        """Remove the worktree, and release the port."""
        self._stack.close()

    # The first port is the run's own, which it has in any case.
    @cached_property
    def _second_port(self) -> ReservedPort:
        port = ReservedPort()
        self._stack.callback(port.release)
        return port

    def _sides(self, spec: LaunchSpec) -> _Sides:
        here, revision = spec.runtime, self.revision
        if revision is None:
            return _Sides(("itself", WORKING_TREE), (here, here))
        # Kept for the whole run: a checkout and two interpreters that set the site up take seconds.
        if self._revision_sides is None:
            self._revision_sides = self._check_out(revision, spec)
        return self._revision_sides

    def _check_out(self, revision: Revision, spec: LaunchSpec) -> _Sides:
        """Make base's worktree, and set the site up with the code of each arm."""
        here = spec.runtime
        plugin = plugin_folder(spec.folder)
        tree = self._stack.enter_context(worktree(revision, spec.folder, spec.watch, spec.say))
        _compile(self.flags.python or here.python, tree, spec)
        runtimes = (
            base_runtime(here, revision.top, tree, plugin, self.flags.python),
            head_runtime(here, revision.top, tree, plugin),
        )
        labels = (revision.label, WORKING_TREE)
        base, head = (
            _last_migrations(label, replace(spec, runtime=runtime))
            for label, runtime in zip(labels, runtimes, strict=True)
        )
        return _Sides(labels, runtimes, _difference(base, head))


def _last_migrations(label: str, spec: LaunchSpec) -> Migrations:
    """Return the last migrations of an arm. Raises ServerError if its site can't be set up."""
    try:
        return last_migrations(spec)
    except ServerStartError as error:
        raise ServerError(f"{label}: {_missing_settings(spec, error)}{error}") from None


def _missing_settings(spec: LaunchSpec, error: ServerStartError) -> str:
    """Return advice for a revision that lacks the module of --djworkers-settings; else nothing."""
    if f"No module named {spec.settings_module!r}" not in str(error):
        return ""
    return (
        f"it has no module {spec.settings_module!r}, whose settings the site is to be served with:"
        " compare with a revision that has it, or without --djworkers-settings. "
    )


def _compile(python: str, tree: Path, spec: LaunchSpec) -> None:
    """Compile base's modules beforehand, as the working tree's are.

    Otherwise base's first launch would take longer than head's. Nothing else depends on it, so a
    failure, or a compilation that takes too long, is ignored.
    """
    process = GuardedProcess(
        [python, "-I", "-m", "compileall", "-q", str(tree)],
        log=spec.folder / "compiling.log",
        environment=child_environment(),
        watch=spec.watch,
    )
    try:
        process.wait(spec.startup_timeout_s)
    finally:
        process.stop()


def _difference(base: Migrations, head: Migrations) -> str:
    """Return the migrations that only one of them ends in; empty if there are none."""
    only_one = sorted(base ^ head)
    if not only_one:
        return ""
    return f"migrations differ: {', '.join(f'{app}.{name}' for app, name in only_one)}"
