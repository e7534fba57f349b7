"""Fill the submodules of base's worktree, from the objects that are in this clone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.git import git_output, run_git, write_files
from pytest_djworkers.system.long_waits import Say

_GITLINK_MODE = "160000"


@dataclass(frozen=True, slots=True)
class _Repository:
    """A repository that has submodules: the project's, or a submodule's."""

    git_folder: Path
    commit: str
    """The commit that base has of it."""
    working_tree: Path
    """The folder of its files in the working tree."""
    base_tree: Path
    """The folder of its files in base's worktree."""


@dataclass(frozen=True, slots=True)
class _Submodule:
    """A submodule as a commit has it."""

    name: str
    path: str
    commit: str


def fill_submodules(
    revision: Revision, common: Path, tree: Path, *, log: Path, watch: tuple[int, ...], say: Say
) -> None:
    """Check out base's submodules, and theirs, into base's worktree.

    Those that are empty in the working tree stay empty. The submodules' repositories are only read.
    Raises SettingsError if a commit isn't there.
    """
    _Filling(revision, log, watch, say).fill(
        _Repository(common, revision.commit, revision.top, tree)
    )


@dataclass(frozen=True, slots=True)
class _Filling:
    """The arguments that are the same for all submodules."""

    revision: Revision
    log: Path
    watch: tuple[int, ...]
    say: Say

    def fill(self, parent: _Repository) -> None:
        """Fill the submodules of a repository, and theirs."""
        for submodule in _submodules_of(parent):
            git_folder = _git_folder(submodule, parent)
            if git_folder is None:
                self._refuse_unless_empty(submodule, parent)
                continue
            self._refuse_missing(submodule, parent, git_folder)
            child = _Repository(
                git_folder,
                submodule.commit,
                parent.working_tree / submodule.path,
                parent.base_tree / submodule.path,
            )
            self._check_out(submodule, child)
            self.fill(child)

    def _refuse_unless_empty(self, submodule: _Submodule, parent: _Repository) -> None:
        """Raise SettingsError if the working tree has no folder for a submodule without clone."""
        if (parent.working_tree / submodule.path).is_dir():
            return
        raise SettingsError(
            f"the submodule {submodule.path} of {self.revision.label} was never cloned here, and"
            f" the working tree doesn't have it: check {self.revision.ref} out once with git"
            " submodule update --init --recursive"
        )

    def _refuse_missing(self, submodule: _Submodule, parent: _Repository, git_folder: Path) -> None:
        """Raise SettingsError if the submodule's commit is not in its clone."""
        exists = (*_in(git_folder), "cat-file", "-e", f"{submodule.commit}^{{commit}}")
        if run_git(git_folder, *exists).returncode:
            raise SettingsError(
                f"the submodule {submodule.path} of {self.revision.label} is at commit"
                f" {submodule.commit}, which is not in this clone: run git -C"
                f" {parent.working_tree / submodule.path} fetch origin {submodule.commit}"
            )

    def _check_out(self, submodule: _Submodule, child: _Repository) -> None:
        folder = child.base_tree
        folder.mkdir(parents=True, exist_ok=True)
        # The index in the submodule's repository is the working tree's: don't touch it.
        index = self.log.with_name("submodule.index")
        index.unlink(missing_ok=True)
        write_files(
            folder,
            *(*_in(child.git_folder), f"--work-tree={folder}"),
            *("read-tree", "--reset", "-u", child.commit),
            failure=f"git can't check the submodule {submodule.path} out into {folder}",
            log=self.log,
            watch=self.watch,
            say=self.say,
            environment={"GIT_INDEX_FILE": str(index)},
        )


def _submodules_of(parent: _Repository) -> Iterator[_Submodule]:
    listed = git_output(
        parent.git_folder,
        *(*_in(parent.git_folder), "ls-tree", "-r", "-z", parent.commit),
        failure=f"commit {parent.commit} can't be read",
    )
    # 160000 commit 1a2b...<tab>vendor/lib
    links = [line.split("\t", 1) for line in listed.split("\0") if line.startswith(_GITLINK_MODE)]
    names = _names_by_path(parent) if links else {}
    for facts, path in links:
        yield _Submodule(names.get(path, path), path, facts.split()[2])


def _names_by_path(parent: _Repository) -> dict[str, str]:
    """Return the names in ``.gitmodules``. Clones are kept by name, which stays if one is moved."""
    found = run_git(
        parent.git_folder,
        *(*_in(parent.git_folder), "config", "-z", "--blob", f"{parent.commit}:.gitmodules"),
        *("--get-regexp", r"^submodule\..*\.path$"),
    ).stdout
    pairs = [entry.split("\n", 1) for entry in found.split("\0") if "\n" in entry]
    return {path: key.removeprefix("submodule.").removesuffix(".path") for key, path in pairs}


def _git_folder(submodule: _Submodule, parent: _Repository) -> Path | None:
    """Return the git folder of a submodule's clone; None if it was never cloned.

    It is the one that the working tree's submodule names, or else the one that git keeps by name.
    """
    folder = parent.working_tree / submodule.path
    if (folder / ".git").exists():
        found = run_git(folder, "rev-parse", "--absolute-git-dir")
        if not found.returncode:
            return Path(found.stdout.strip())
    kept = parent.git_folder / "modules" / submodule.name
    return kept if (kept / "HEAD").is_file() else None


def _in(git_folder: Path) -> tuple[str, ...]:
    # Named, because git may be told not to look for bare repositories (safe.bareRepository). And
    # with a working tree that exists: the one in the configuration may be gone.
    return f"--git-dir={git_folder}", f"--work-tree={git_folder}"
