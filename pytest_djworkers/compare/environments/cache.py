"""Keep the environments that are built for comparisons, and use each again.

An environment belongs to a key: the content of its files and the interpreter. It is built in a
folder of its own under a lock, and only a record, which is written last, makes it count. So a build
that was killed leaves a folder without a record, which the next run removes. (A folder that is
built elsewhere and renamed would not do: the scripts of an environment name its path.)
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pytest_djworkers.compare.environments.install import (
    INSTALLED_WITHIN_S,
    Installation,
    install,
    python_of,
)
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.file_lock import lock_within, open_lock_file, try_lock
from pytest_djworkers.system.files import write_whole
from pytest_djworkers.system.long_waits import Say, say_nothing
from pytest_djworkers.units import format_duration

_FORMAT = 1
"""Counts up when environments that were built before must not be used any more."""
_KEY_DIGITS = 16
_UNUSED_AFTER_S = 30 * 86_400
"""An environment that no run has used for this long is removed when another is built."""


@dataclass(frozen=True, slots=True)
class EnvironmentCache:
    """Builds environments, in a folder where they are kept or in that of the run."""

    kept: Path | None
    """The folder in which they are kept; None if they are built anew in each run."""
    scratch: Path
    """The run's own folder."""
    watch: tuple[int, ...] = ()
    """The ids of processes that a build must not outlive, besides this one."""
    say: Say = say_nothing

    def python_for(self, installation: Installation) -> str:
        """Return the interpreter of an environment with these packages, and build it if need be.

        One that installs files of the repository is never kept, since other revisions have other
        files. Raises SettingsError if it can't be built or kept.
        """
        if self.kept is None or installation.requirements.is_local:
            folder = self.scratch / f"environment-{secrets.token_hex(2)}"
            self._build(installation, folder, "for this run")
            return str(python_of(folder))
        try:
            return self._kept_python(installation, self.kept, _key(installation))
        except OSError as error:
            raise SettingsError(
                f"no environment can be kept in {self.kept}: {error.strerror} (with -p"
                " no:cacheprovider, it is built in the run's temporary folder)"
            ) from None

    def _kept_python(self, installation: Installation, kept: Path, key: str) -> str:
        record = kept / f"{key}.json"
        with self._locked(kept / f"{key}.lock", installation.name):
            if python := _finished(record):
                record.touch()
                return python
            _remove(kept, key)
            _remove_unused(kept)
            folder = kept / f"{key}-{secrets.token_hex(2)}"
            self._build(installation, folder, f"kept in {kept}")
            about = {"folder": folder.name, "file": str(installation.requirements.file)}
            write_whole(record, json.dumps(about))
            return str(python_of(folder))

    def _build(self, installation: Installation, folder: Path, where: str) -> None:
        """Build an environment in a new folder, of which nothing is left if that fails."""
        what = f"an environment for {installation.name} from {installation.requirements.file.name}"
        self.say(f"building {what}, {format_duration(INSTALLED_WITHIN_S)} at most")
        began_s = CLOCK.monotonic()
        try:
            install(installation, folder, self.scratch / "installing.log", self.watch)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        took = format_duration(round(CLOCK.monotonic() - began_s, 1))
        self.say(f"built {what} in {took}, {where}")

    @contextmanager
    def _locked(self, file: Path, name: str) -> Iterator[None]:
        descriptor = open_lock_file(file, shared=False)
        try:
            if not try_lock(descriptor):
                limit_s = 2 * INSTALLED_WITHIN_S
                self.say(
                    f"waiting for another run that builds the environment for {name},"
                    f" {format_duration(limit_s)} at most"
                )
                if not lock_within(descriptor, limit_s):
                    raise SettingsError(
                        f"another run has not built the environment for {name} within"
                        f" {format_duration(limit_s)}, and still holds the lock {file}"
                    )
            yield
        finally:
            # Closing it drops the lock.
            os.close(descriptor)


def _key(installation: Installation) -> str:
    """Return the name of what may use one environment: the files' content and the interpreter."""
    parts = (str(_FORMAT), installation.requirements.digest, *installation.interpreter.identity)
    return sha256("\0".join(parts).encode()).hexdigest()[:_KEY_DIGITS]


def _finished(record: Path) -> str | None:
    """Return the interpreter of an environment that was built whole; None if there is none."""
    try:
        folder = json.loads(record.read_text(encoding="utf-8"))["folder"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    python = python_of(record.parent / str(folder))
    # It is a link: the Python that it leads to may have been uninstalled.
    return str(python) if os.access(python, os.X_OK) else None


def _remove(kept: Path, key: str) -> None:
    """Remove the environment of a key, finished or not. Its lock must be held."""
    # The record first: interrupted after this, it is not finished any more.
    (kept / f"{key}.json").unlink(missing_ok=True)
    for folder in kept.glob(f"{key}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_unused(kept: Path) -> None:
    """Remove environments that no run has used for a long time."""
    for record in kept.glob("*.json"):
        with suppress(OSError):
            if CLOCK.unix() - record.stat().st_mtime < _UNUSED_AFTER_S:
                continue
            descriptor = open_lock_file(record.with_suffix(".lock"), shared=False)
            try:
                if try_lock(descriptor):
                    _remove(kept, record.stem)
            finally:
                os.close(descriptor)
