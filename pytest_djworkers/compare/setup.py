"""What a run needs for its comparisons, made when the first of them begins."""

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
class _Pair:
    labels: tuple[str, str]
    runtimes: tuple[Runtime, Runtime]
    difference: str = ""
    """Why they can't have copies of the same databases."""


class ComparisonSetup:
    """Prepares the arms of a run's comparisons: base's worktree, and a port for each arm."""

    def __init__(self, flags: ComparisonFlags, revision: Revision | None) -> None:
        self.flags = flags
        self.revision = revision
        self.numbers = DEFAULT_NUMBERS
        self._stack = ExitStack()
        self._of_revision: _Pair | None = None

    @classmethod
    def begin(cls, flags: ComparisonFlags, root: Path) -> ComparisonSetup:
        """Find the base, before any server starts. Raises SettingsError when there is none."""
        ref = flags.ref
        return cls(flags, None if ref is None else base_revision(root, ref))

    @property
    def description(self) -> str:
        """What is compared with what, for the header."""
        revision = self.revision
        if self.flags.against is Against.BACKEND:
            return "compares each backend with the first"
        if revision is None:
            return "compares the working tree with itself, to see how much that differs"
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
        pair = self._pair(spec)
        is_between = self.flags.against is Against.BACKEND
        labels = names if is_between else pair.labels
        base, head = (
            Arm(*one, databases={})
            for one in zip(NAMES, labels, backends, pair.runtimes, strict=True)
        )
        return PreparedArms(
            (base, head),
            spec,
            (spec.port, self._port.number),
            with_fresh_data,
            self.flags.seed,
            self.numbers,
            pair.difference,
        )

    def end(self) -> None:
        """Give everything back."""
        self._stack.close()

    @cached_property
    def _port(self) -> ReservedPort:
        port = ReservedPort()
        self._stack.callback(port.release)
        return port

    def _pair(self, spec: LaunchSpec) -> _Pair:
        here, revision = spec.runtime, self.revision
        if revision is None:
            return _Pair(("itself", WORKING_TREE), (here, here))
        if self._of_revision is None:
            self._of_revision = self._look(revision, spec)
        return self._of_revision

    def _look(self, revision: Revision, spec: LaunchSpec) -> _Pair:
        here = spec.runtime
        plugin = plugin_folder(spec.folder)
        tree = self._stack.enter_context(worktree(revision, spec.folder, spec.watch, spec.say))
        _compile(self.flags.python or here.python, tree, spec)
        runtimes = (
            base_runtime(here, revision.top, tree, plugin, self.flags.python),
            head_runtime(here, revision.top, tree, plugin),
        )
        labels = (revision.label, WORKING_TREE)
        found: list[Migrations] = []
        for label, runtime in zip(labels, runtimes, strict=True):
            try:
                found.append(last_migrations(replace(spec, runtime=runtime)))
            except ServerStartError as error:
                raise ServerError(f"{label}: {_without_module(spec, error)}{error}") from None
        return _Pair(labels, runtimes, _differing(*found))


def _without_module(spec: LaunchSpec, error: ServerStartError) -> str:
    """Words for a revision that has no settings for the served site alone."""
    if f"No module named {spec.settings_module!r}" not in str(error):
        return ""
    return (
        f"it has no module {spec.settings_module!r}, which the served site's settings are to be:"
        " compare with a revision that has it, or without --djworkers-settings. "
    )


def _compile(python: str, tree: Path, spec: LaunchSpec) -> None:
    """Write byte code beforehand, as the working tree has it: only the time to start hangs on it,
    so where that fails, or takes too long, nothing is lost."""
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


def _differing(base: Migrations, head: Migrations) -> str:
    """Which migrations only one of them ends in."""
    only = sorted(base ^ head)
    if not only:
        return ""
    return f"migrations differ: {', '.join(f'{app}.{name}' for app, name in only)}"
