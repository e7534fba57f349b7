"""Run git in a user's repository: without changing anything in it, and without the network.

Of the user's configuration, only the part that the files' content needs takes effect (smudge
filters, line endings). Hooks, file system monitors and everything else that git would start or
write on the side are turned off.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.log import last_lines
from pytest_djworkers.system.long_waits import Say, say_nothing, wait_and_announce
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.run_command import run_command

_TIMEOUT_S = 120.0
_CHECKOUT_TIMEOUT_S = 600.0
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    # If a branch and a tag have the same name, git must say so: we don't guess which is meant.
    "core.warnAmbiguousRefs=true",
    # Paths are printed as they are, whatever letters they have.
    "core.quotePath=false",
    "submodule.recurse=false",
    "maintenance.auto=false",
    "gc.auto=0",
)
_REPOSITORY_VARIABLES = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
}
"""Variables by which git tells a hook or an alias which repository it runs for. If pytest runs in
a hook, they would send our git to that repository, whatever folder we name. Other variables stay:
those that hold configuration (``safe.directory``), or say how far up to look for a repository."""
_OUR_VARIABLES = {
    # Fetching would take time, and could ask for a password, in the middle of a test run.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    # The index is the user's: git status would refresh and write it.
    "GIT_OPTIONAL_LOCKS": "0",
    # Git's messages are searched for English words.
    "LANGUAGE": "en",
}
_FOREIGN = "detected dubious ownership"
_MISSING_OBJECT = ("promisor remote", "transport '", "missing blob", "unable to read tree")


def run_git(
    folder: Path,
    *arguments: str,
    timeout_s: float = _TIMEOUT_S,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run git in a folder, and return its exit status and its output. An exit status other than 0
    raises nothing.

    ``environment`` are variables that are set in addition. Raises SettingsError if git isn't
    installed, can't be started, doesn't end in time, is killed, or refuses the repository because
    it belongs to another user.
    """
    name = _name(arguments)
    try:
        done = run_command(
            _command(folder, arguments),
            within_s=timeout_s,
            env={**_environment(), **(environment or {})},
            # A filter that git started would otherwise live on.
            kills_group=True,
            # Output holds paths, which have to stay usable if they are no UTF-8.
            errors="surrogateescape",
        )
    except FileNotFoundError:
        raise SettingsError("git is not on PATH: install git") from None
    except TimeoutError:
        raise SettingsError(f"{name} did not end within {timeout_s:g}s in {folder}") from None
    except OSError as error:
        raise SettingsError(f"{name} can't be started: {error.strerror}") from None
    _refuse_killed(name, done.returncode, done.stderr)
    _refuse_foreign(folder, done.stderr)
    return done


def git_output(folder: Path, *arguments: str, failure: str) -> str:
    """Return what git prints, without white space around it.

    Raises SettingsError with ``failure`` and git's own message if git fails.
    """
    done = run_git(folder, *arguments)
    if done.returncode:
        raise SettingsError(f"{failure}{_explained(folder, done.stderr)}")
    return done.stdout.strip()


def write_files(
    folder: Path,
    *arguments: str,
    failure: str,
    log: Path,
    watch: tuple[int, ...] = (),
    say: Say = say_nothing,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a git command that writes many files, for 10 minutes at most.

    It runs under a guard, so that it ends with this process and with those in ``watch``; the user
    is told if it takes long. Raises SettingsError with ``failure`` and git's own message if it
    fails.
    """
    log.unlink(missing_ok=True)
    process = GuardedProcess(
        _command(folder, arguments),
        log=log,
        environment={**_environment(), **(environment or {})},
        watch=watch,
    )
    name = _name(arguments)
    try:
        status = wait_and_announce(process, _CHECKOUT_TIMEOUT_S, say, f"{name} in {folder}")
    finally:
        process.stop()
    message = "\n".join(last_lines(log))
    if status is None:
        late = f"{name} did not end within {_CHECKOUT_TIMEOUT_S:g}s"
        raise SettingsError(f"{failure}: {late}{_explained(folder, message)}")
    _refuse_killed(f"{failure}: {name}", status, message)
    _refuse_foreign(folder, message)
    if status:
        raise SettingsError(f"{failure}{_explained(folder, message)}")


def _command(folder: Path, arguments: tuple[str, ...]) -> list[str]:
    settings = (part for setting in _SETTINGS for part in ("-c", setting))
    return ["git", "-C", str(folder), *settings, *arguments]


def _name(arguments: tuple[str, ...]) -> str:
    """Return the command in two words, such as ``git status``."""
    return "git " + next(one for one in arguments if not one.startswith("-"))


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in _REPOSITORY_VARIABLES}
    return {**kept, **_OUR_VARIABLES}


def _explained(folder: Path, message: str) -> str:
    """Return git's message in parentheses, with advice for a partial clone."""
    text = " ".join(message.split())
    if any(sign in text for sign in _MISSING_OBJECT):
        return (
            f" (git: {text}); the clone in {folder} is a partial one and lacks files of that"
            " commit, and nothing is fetched here: fetch them with git archive --output=/dev/null"
            " COMMIT"
        )
    return f" (git: {text})" if text else ""


def _refuse_killed(name: str, status: int, message: str) -> None:
    if status < 0:
        text = " ".join(message.split())
        raise SettingsError(
            f"{name} was ended by signal {-status}{f' (git: {text})' if text else ''}"
        )


def _refuse_foreign(folder: Path, message: str) -> None:
    if _FOREIGN in message:
        # 'fatal: detected dubious ownership in repository at '/srv/site''
        top = message.partition(_FOREIGN)[2].partition("'")[2].partition("'")[0] or str(folder)
        raise SettingsError(
            f"the repository in {top} belongs to another user, so git refuses it: run git config"
            f" --global --add safe.directory {top}"
        )
