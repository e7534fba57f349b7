"""The two sides of a run's comparisons: their names, and where their code and packages are."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_djworkers.compare.arms import HeadError
from pytest_djworkers.compare.copied_files import copy_files
from pytest_djworkers.compare.environments.environment import ServedEnvironment
from pytest_djworkers.compare.prepare_commands import run_prepare_commands
from pytest_djworkers.compare.remote import Migrations, last_migrations
from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.compare.trees import (
    base_runtime,
    environment_runtime,
    head_runtime,
    plugin_folder,
)
from pytest_djworkers.compare.worktree import worktree
from pytest_djworkers.errors import ServerError, ServerStartError
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.runtime import Runtime
from pytest_djworkers.system.environment import child_environment
from pytest_djworkers.system.process import GuardedProcess

WORKING_TREE = "the working tree"
_MISSING_PACKAGE = (
    " Base lacks a package or one of its files. If it needs other packages than this run has, name"
    " its file of requirements (--djworkers-compare-requirements) or its interpreter"
    " (--djworkers-compare-python)."
)
_UNPREPARED = (
    " If it needs files that git ignores, such as collected static files or compiled messages, make"
    " them in base with djworkers_compare_prepare, or copy them there with djworkers_compare_copy."
)


@dataclass(frozen=True, slots=True)
class Sides:
    """The part of both arms that is the same for all comparisons of a run."""

    labels: tuple[str, str]
    runtimes: tuple[Runtime, Runtime]
    migration_difference: str = ""
    advice: str = ""
    """A sentence to add where base fails; empty if there is none."""
    unfit: str = ""
    """The reason why the arms can't be compared; empty if they can."""


@dataclass(frozen=True, slots=True)
class BaseFiles:
    """The user's additions to base's worktree."""

    copies: tuple[str, ...] = ()
    """Files that git ignores, which are copied from the working tree."""
    commands: tuple[tuple[str, ...], ...] = ()
    """Command lines, as words, that are run when base's files and packages are there."""


@dataclass(frozen=True, slots=True)
class Served:
    """The interpreter that serves an arm, as it was built or found."""

    python: str
    """The path of the interpreter."""
    description: str
    """Its versions, for people."""
    kept: tuple[str, ...] = ()
    """Folders of its packages, which belong to no tree."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is made once for the comparisons of a run.

    It is simple data: under pytest-xdist, the controller makes it for all workers.
    """

    tree: str = ""
    """The path of base's worktree; empty if no revision is compared."""
    served: tuple[Served, ...] = ()
    """The interpreter of base, or those of two environments."""


def prepare_base(
    revision: Revision,
    files: BaseFiles,
    environment: ServedEnvironment,
    spec: LaunchSpec,
    stack: ExitStack,
) -> Prepared:
    """Make base's worktree with all that base needs. ``stack`` removes it.

    Raises SettingsError if one of the parts can't be made.
    """
    tree = stack.enter_context(worktree(revision, spec.folder, spec.watch, spec.say))
    copy_files(files.copies, revision.top, tree)
    prepared = Prepared(str(tree), (_resolve(environment, spec, tree),))
    base, _ = _runtimes(prepared, revision, spec)
    _compile(base.python, tree, spec)
    run_prepare_commands(files.commands, base, revision.label, spec)
    return prepared


def prepare_environments(
    environments: tuple[ServedEnvironment, ServedEnvironment], spec: LaunchSpec
) -> Prepared:
    """Build two environments that serve the working tree, as far as they have to be built.

    Raises SettingsError if one can't be built.
    """
    return Prepared(served=tuple(_resolve(one, spec, None) for one in environments))


def in_two_trees(
    prepared: Prepared, revision: Revision, files: BaseFiles, spec: LaunchSpec
) -> Sides:
    """Return the sides that serve base's worktree and the working tree."""
    advice = "" if files.copies or files.commands else _UNPREPARED
    labels = revision.label, WORKING_TREE
    return Sides(labels, _runtimes(prepared, revision, spec), advice=advice)


def in_two_environments(
    prepared: Prepared,
    environments: tuple[ServedEnvironment, ServedEnvironment],
    spec: LaunchSpec,
) -> Sides:
    """Return the sides that serve the working tree in two environments."""
    plugin = plugin_folder(spec.folder)
    base, head = (
        f"{environment.name} ({one.description})"
        for environment, one in zip(environments, prepared.served, strict=True)
    )
    runtimes = [environment_runtime(spec.runtime, one.python, plugin) for one in prepared.served]
    return Sides((base, head), (runtimes[0], runtimes[1]))


def _resolve(environment: ServedEnvironment, spec: LaunchSpec, tree: Path | None) -> Served:
    interpreter, kept = environment.resolve(spec, tree)
    return Served(interpreter.path, interpreter.description, kept)


def _runtimes(prepared: Prepared, revision: Revision, spec: LaunchSpec) -> tuple[Runtime, Runtime]:
    """Return the runtimes of base and head, in base's worktree and in the working tree."""
    here, tree, plugin = spec.runtime, Path(prepared.tree), plugin_folder(spec.folder)
    (served,) = prepared.served
    # This run's own interpreter needs no other search path.
    other = None if served.python == here.python else served.python
    base = base_runtime(here, revision.top, tree, plugin, other)
    base = replace(base, kept=(*base.kept, *served.kept))
    return base, head_runtime(here, revision.top, tree, plugin)


def with_migrations(sides: Sides, spec: LaunchSpec) -> Sides:
    """Set the site up with the code of each arm, and return the sides with what it says.

    Raises ServerError if that fails.
    """
    base, head = (
        _last_migrations(label, replace(spec, runtime=runtime), advice)
        for label, runtime, advice in zip(
            sides.labels, sides.runtimes, (sides.advice, ""), strict=True
        )
    )
    unfit = ""
    if sides.runtimes[1].python != spec.runtime.python:
        # This process has made the test databases, and head gets copies of them.
        here = _last_migrations("this run", spec, "")
        if here != head:
            unfit = (
                f"{_difference(here, head)}: this run makes the databases, so run pytest itself in"
                f" {sides.labels[1]}"
            )
    return replace(sides, migration_difference=_difference(base, head), unfit=unfit)


def _last_migrations(label: str, spec: LaunchSpec, advice: str) -> Migrations:
    """Return the last migrations of an arm. Raises ServerError if its site can't be set up."""
    try:
        return last_migrations(spec)
    except ServerStartError as error:
        text = str(error)
        kind = HeadError if label == WORKING_TREE else ServerError
        if missing := _missing_settings(spec, text):
            raise kind(f"{label}: {missing}{text}") from None
        is_base = spec.runtime.apart is not None and label != WORKING_TREE
        if is_base and "ModuleNotFoundError" in text:
            advice = f"{_MISSING_PACKAGE}{advice}"
        raise kind(f"{label}: {text}{_on_a_line(advice)}") from None


def _on_a_line(advice: str) -> str:
    return f"\n{advice.strip()}" if advice else ""


def _missing_settings(spec: LaunchSpec, text: str) -> str:
    """Return advice for a revision that lacks the module of --djworkers-settings; else nothing."""
    if f"No module named {spec.settings_module!r}" not in text:
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
