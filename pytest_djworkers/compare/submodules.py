"""The submodules of base's worktree, filled from the objects that are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.git import git_output, run_git, write_files
from pytest_djworkers.system.long_waits import Say

_GITLINK = "160000"


@dataclass(frozen=True, slots=True)
class _Submodule:
    """One that a commit has."""

    name: str
    path: str
    commit: str


def fill_submodules(
    revision: Revision, common: Path, tree: Path, *, log: Path, watch: tuple[int, ...], say: Say
) -> None:
    """Check out the commits that base has of its submodules, and of theirs.

    Those that the working tree has not checked out either stay empty. The submodules' own
    repositories are only read. Raises SettingsError for a commit that isn't there.
    """
    _fill(revision, common, revision.commit, revision.top, tree, log=log, watch=watch, say=say)


def _fill(
    revision: Revision,
    repository: Path,
    commit: str,
    here: Path,
    tree: Path,
    *,
    log: Path,
    watch: tuple[int, ...],
    say: Say,
) -> None:
    """Fill those of one commit of a repository; ``here`` is where the working tree has it."""
    for one in _submodules_of(repository, commit):
        source = _repository_of(one, repository, here)
        if source is None:
            if (here / one.path).is_dir():
                continue  # the working tree has it empty, too
            raise SettingsError(
                f"the submodule {one.path} of {revision.label} was never cloned here, and the"
                f" working tree does not have it: check {revision.ref} out once with git submodule"
                " update --init --recursive"
            )
        exists = (*_in(source), "cat-file", "-e", f"{one.commit}^{{commit}}")
        if run_git(source, *exists).returncode:
            raise SettingsError(
                f"the submodule {one.path} of {revision.label} is at commit {one.commit}, which is"
                f" not here: run git -C {here / one.path} fetch origin {one.commit}"
            )
        place = tree / one.path
        place.mkdir(parents=True, exist_ok=True)
        index = log.with_name("submodule.index")
        index.unlink(missing_ok=True)
        write_files(
            place,
            *(*_in(source), f"--work-tree={place}"),
            *("read-tree", "--reset", "-u", one.commit),
            failure=f"git can't check the submodule {one.path} out into {place}",
            log=log,
            watch=watch,
            say=say,
            # Its own is the working tree's.
            environment={"GIT_INDEX_FILE": str(index)},
        )
        _fill(revision, source, one.commit, here / one.path, place, log=log, watch=watch, say=say)


def _submodules_of(repository: Path, commit: str) -> Iterator[_Submodule]:
    listed = git_output(
        repository,
        *(*_in(repository), "ls-tree", "-r", "-z", commit),
        failure=f"commit {commit} can't be read",
    )
    links = [line.split("\t", 1) for line in listed.split("\0") if line.startswith(_GITLINK)]
    names = _names_by_path(repository, commit) if links else {}
    for facts, path in links:
        yield _Submodule(names.get(path, path), path, facts.split()[2])


def _names_by_path(repository: Path, commit: str) -> dict[str, str]:
    """What ``.gitmodules`` has of each: repositories are kept by name, which a move leaves."""
    found = run_git(
        repository,
        *(*_in(repository), "config", "-z", "--blob", f"{commit}:.gitmodules"),
        *("--get-regexp", r"^submodule\..*\.path$"),
    ).stdout
    pairs = [entry.split("\n", 1) for entry in found.split("\0") if "\n" in entry]
    return {path: key.removeprefix("submodule.").removesuffix(".path") for key, path in pairs}


def _repository_of(one: _Submodule, repository: Path, here: Path) -> Path | None:
    """Its repository: the one that the working tree has it from, or where git keeps those by name;
    None where it was never cloned."""
    folder = here / one.path
    if (folder / ".git").exists():
        found = run_git(folder, "rev-parse", "--absolute-git-dir")
        if not found.returncode:
            return Path(found.stdout.strip())
    kept = repository / "modules" / one.name
    return kept if (kept / "HEAD").is_file() else None


def _in(repository: Path) -> tuple[str, ...]:
    # By name: git may be told not to find bare ones (safe.bareRepository). And not where its
    # configuration has its files, which may be gone.
    return f"--git-dir={repository}", f"--work-tree={repository}"
