"""Git as it is run here: in a user's repository, of which nothing is changed, and with no network.

Of the user's configuration only what the files' content needs has an effect (smudge filters, line
endings). Hooks, monitors, and whatever else it would start or write beside that are turned off.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.log import last_lines
from pytest_djworkers.system.patience import Say, say_nothing, wait_aloud
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.waits import ends_within

_KILLED_WITHIN_S = 5.0
_WITHIN_S = 120.0
_CHECKED_OUT_WITHIN_S = 600.0
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    # A branch and a tag of one name: the one that is meant is not ours to guess.
    "core.warnAmbiguousRefs=true",
    "submodule.recurse=false",
    "maintenance.auto=false",
    "gc.auto=0",
)
_NAME_A_REPOSITORY = {
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
"""Variables that git sets for what it starts, a hook or an alias: they are of that repository.
Others stay, such as those that hold configuration (``safe.directory``) or say how far to look."""
_OF_OURS = {
    # Not for what a burst serves: fetching would take time, and a password.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    # The index is the user's: a look must not write it.
    "GIT_OPTIONAL_LOCKS": "0",
    # Its messages are looked at.
    "LANGUAGE": "en",
}
_FOREIGN = "detected dubious ownership"
_NOT_HERE = ("promisor remote", "transport '", "missing blob", "unable to read tree")


def asked(folder: Path, *arguments: str, otherwise: str) -> str:
    """What git says of a folder's repository.

    Raises SettingsError with ``otherwise`` and git's own words where it fails.
    """
    done = heard(folder, *arguments)
    if done.returncode:
        raise SettingsError(f"{otherwise}{_in_words(folder, done.stderr)}")
    return done.stdout.strip()


def heard(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What git says, and whether it fails. Raises SettingsError for a git that is not there, that
    does not end, that was ended, and that refuses the repository because of its owner."""
    command = _command(folder, arguments)
    what = _what(arguments)
    # Not pipes: what a filter or a killed git leaves running may keep them open.
    with TemporaryFile() as output, TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=_environment(),
                start_new_session=True,
            )
        except FileNotFoundError:
            raise SettingsError("git is not on PATH: a comparison of revisions needs it") from None
        except OSError as error:
            raise SettingsError(f"{what} can't be started: {error.strerror}") from None
        try:
            if not ends_within(process, _WITHIN_S):
                raise SettingsError(f"{what} did not end within {_WITHIN_S:g}s in {folder}")
        finally:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            ends_within(process, _KILLED_WITHIN_S)
        said, complained = _text(output), _text(errors)
    _refuse_ended(what, process.returncode, complained)
    _refuse_foreign(folder, complained)
    return subprocess.CompletedProcess(command, process.returncode, said, complained)


def write_files(
    folder: Path,
    *arguments: str,
    otherwise: str,
    log: Path,
    watch: tuple[int, ...] = (),
    say: Say = say_nothing,
    **environment: str,
) -> None:
    """Run git where it writes many files: under a guard, since it may take long.

    Raises SettingsError with ``otherwise`` and git's own words where it fails.
    """
    log.unlink(missing_ok=True)
    process = GuardedProcess(
        _command(folder, arguments),
        log=log,
        environment={**_environment(), **environment},
        watch=watch,
    )
    try:
        status = wait_aloud(process, _CHECKED_OUT_WITHIN_S, say, f"{_what(arguments)} in {folder}")
    finally:
        process.stop()
    said = "\n".join(last_lines(log))
    if status is None:
        within = f"{_what(arguments)} did not end within {_CHECKED_OUT_WITHIN_S:g}s"
        raise SettingsError(f"{otherwise}: {within}{_in_words(folder, said)}")
    _refuse_ended(f"{otherwise}: {_what(arguments)}", status, said)
    _refuse_foreign(folder, said)
    if status:
        raise SettingsError(f"{otherwise}{_in_words(folder, said)}")


def common_folder(folder: Path) -> Path:
    """The folder that all worktrees of a repository share, its ``.git``."""
    found = asked(folder, "rev-parse", "--git-common-dir", otherwise=f"{folder} has no .git")
    return (folder / found).resolve()


def _command(folder: Path, arguments: tuple[str, ...]) -> list[str]:
    settings = (part for setting in _SETTINGS for part in ("-c", setting))
    return ["git", "-C", str(folder), *settings, *arguments]


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return os.fsdecode(file.read())


def _what(arguments: tuple[str, ...]) -> str:
    return "git " + next(one for one in arguments if not one.startswith("-"))


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in _NAME_A_REPOSITORY}
    return {**kept, **_OF_OURS}


def _in_words(folder: Path, said: str) -> str:
    """Git's own words, and what to do where they mean more than they say."""
    text = " ".join(said.split())
    if any(sign in text for sign in _NOT_HERE):
        advice = (
            f"; the clone in {folder} is a partial one and lacks files of that commit, and nothing"
            " is fetched here: have them with git archive --output=/dev/null COMMIT"
        )
        return f" (git: {text}){advice}"
    return f" (git: {text})" if text else ""


def _refuse_ended(what: str, status: int, said: str) -> None:
    if status < 0:
        text = " ".join(said.split())
        raise SettingsError(
            f"{what} was ended by signal {-status}{f' (git: {text})' if text else ''}"
        )


def _refuse_foreign(folder: Path, said: str) -> None:
    if _FOREIGN in said:
        # 'fatal: detected dubious ownership in repository at '/srv/site''
        top = said.partition(_FOREIGN)[2].partition("'")[2].partition("'")[0] or str(folder)
        raise SettingsError(
            f"the repository in {top} belongs to another user, so git refuses it: run git config"
            f" --global --add safe.directory {top}"
        )
