"""A baseline's files as such: found, read with their schema checked, and locked for writing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.document import SCHEMA
from pytest_djworkers.baseline.strict_json import parse_json
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.system.file_lock import lock_within
from pytest_djworkers.system.files import listed, read_regular

FOLDER = ".djworkers"
"""The folder under pytest's root; a folder for each name is in it."""
_LOCK_TIMEOUT_S = 30.0
_ADVICE = "restore it from version control or delete it"
_CONFLICT = b"<<<<<<<"
_MOST_BYTES = 256 << 20
"""The size of the largest file that is read; a thousand bursts with thirty sessions are 100 MB."""
_SHOWN = 100
"""The number of characters that are shown of a key."""


def read_document(file: Path) -> dict[str, Any] | None:
    """Return the file's JSON object, of a schema that can be read; None if there is no file.

    Raises BaselineError if it can't be read, is broken, no baseline, or of a newer schema.
    """
    try:
        text = read_regular(file, most_bytes=_MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BaselineError(f"baseline {file} can't be read: {error.strerror}") from None
    try:
        data = parse_json(text)
    except ValueError as error:
        if any(line.startswith(_CONFLICT) for line in text.splitlines()):
            raise BaselineError(
                f"baseline {file} has the marks of a merge conflict: take one side of it, with"
                " `git checkout --ours` or `--theirs`"
            ) from None
        raise broken(file, f"not JSON: {error}") from None
    if not isinstance(data, dict) or "schema" not in data:
        raise BaselineError(
            f"baseline {file} is not a baseline: it is JSON without a schema number; move it away"
            " or use another --djworkers-baseline"
        )
    schema = data["schema"]
    # Not isinstance: True is an int, too.
    if type(schema) is not int or schema < 1:
        raise broken(file, f"{schema!r} is not a schema number")
    if schema > SCHEMA:
        raise BaselineError(
            f"baseline {file} has schema {schema}, and this version reads up to {SCHEMA}:"
            " upgrade pytest-djworkers or use another --djworkers-baseline"
        )
    return data


def files_in(folder: Path) -> list[Path]:
    """Return the files of a baseline, sorted; none if there is no such folder.

    Raises BaselineError if the folder can't be looked into.
    """
    return [file for file in _listed(folder) if file.suffix == ".json" and file.name[0] != "."]


def names_in(root: Path) -> list[str]:
    """Return the names of the baselines under a root.

    Raises BaselineError for a folder that can't be looked into.
    """
    found = [path for path in _listed(root / FOLDER) if path.is_dir()]
    return [folder.name for folder in found if files_in(folder)]


def _listed(folder: Path) -> list[Path]:
    try:
        return listed(folder)
    except OSError as error:
        raise BaselineError(f"baselines in {folder} can't be read: {error.strerror}") from None


def broken(file: Path, problem: str) -> BaselineError:
    """Return the error to raise for a file whose content can't be used."""
    return BaselineError(f"baseline {file} is broken ({problem}): {_ADVICE}")


@contextmanager
def errors_name(kind: str, key: str) -> Iterator[None]:
    """Begin the message of a ValueError with the entry that it is about: ``burst 'test GET /'``."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{kind} {key[:_SHOWN]!r}: {error}") from None


@contextmanager
def locked_for_writing(folder: Path) -> Iterator[None]:
    """Make the folder, and hold a lock on it while a file in it is read and written anew.

    Raises BaselineError if the file can't be written; then nothing was changed.
    """
    # Not pathlib's: that raises where a folder may not be looked into.
    made = [new for new in (folder, folder.parent) if not os.path.exists(new)]  # noqa: PTH110  # Path raises for what may not be looked into
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The folder itself is locked, so that no lock file is left in it to be committed.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            if not lock_within(descriptor, _LOCK_TIMEOUT_S):
                raise BaselineError(
                    f"baseline {folder} can't be written: another process has been writing there"
                    f" for {_LOCK_TIMEOUT_S:g}s (it has the folder open); nothing was changed"
                )
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        # Only folders that were made here, and only while they are empty.
        with suppress(OSError):
            for new in made:
                new.rmdir()
        raise BaselineError(
            f"baseline {folder} can't be written: {error.strerror}; nothing was changed"
        ) from None
