"""A baseline's file as such: read with its schema checked, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pytest_djworkers.errors import BaselineError
from pytest_djworkers.system.waits import locked_within

FOLDER = ".djworkers"
"""Under pytest's root; a folder for each name is in it."""
SCHEMA = 1
"""Of what is written. Every schema that was ever published can be read."""
_LOCKED_WITHIN_S = 30.0
_MEND = "restore it from version control or delete it"
_CONFLICT = b"<<<<<<<"


def read_document(file: Path) -> dict[str, Any] | None:
    """The file's JSON object, of a schema that can be read; None where there is no file.

    Raises BaselineError when it can't be read, is broken, no baseline, or of a newer schema.
    """
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BaselineError(f"baseline {file} can't be read: {error.strerror}") from None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        if any(line.startswith(_CONFLICT) for line in text.splitlines()):
            raise BaselineError(
                f"baseline {file} has the marks of a merge conflict: take one side of it, with"
                " `git checkout --ours` or `--theirs`"
            ) from None
        raise broken(file, f"not JSON: {error}") from None
    if not isinstance(data, dict) or "schema" not in data:
        raise BaselineError(
            f"baseline {file} is no baseline: it is JSON without a schema number; move it away or"
            " use another --djworkers-baseline"
        )
    schema = data["schema"]
    if type(schema) is not int or schema < 1:
        raise broken(file, f"{schema!r} is no schema number")
    if schema > SCHEMA:
        raise BaselineError(
            f"baseline {file} has schema {schema}, and this version reads up to {SCHEMA}:"
            " upgrade pytest-djworkers or use another --djworkers-baseline"
        )
    return data


def broken(file: Path, what: str) -> BaselineError:
    """What to raise for a file whose content can't be believed."""
    return BaselineError(f"baseline {file} is broken ({what}): {_MEND}")


def in_words(error: ValueError | KeyError) -> str:
    """What is wrong with a document, from what reading it raised."""
    return f"something in it has no {error}" if isinstance(error, KeyError) else str(error)


def an_object(value: Any, what: str) -> dict[str, Any]:
    """The JSON object that a value has to be. Raises ValueError for anything else."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no object")
    return value


def a_list(value: Any, what: str) -> list[Any]:
    """The JSON list that a value has to be. Raises ValueError for anything else, and for none."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"{what} is no list, or has nothing in it")
    return value


@contextmanager
def being_written(folder: Path) -> Iterator[None]:
    """Make the folder, and hold a lock on it while a file in it is read and written anew.

    It is the folder itself that is locked, so that no lock file is left in it. What keeps the
    file from being written raises BaselineError, and then nothing was changed.
    """
    # Not pathlib's: that raises where a folder may not be looked into.
    made = [one for one in (folder, folder.parent) if not os.path.exists(one)]  # noqa: PTH110  # Path raises for what may not be looked into
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            if not locked_within(descriptor, _LOCKED_WITHIN_S):
                raise BaselineError(
                    f"baseline {folder} can't be written: another process has been writing there"
                    f" for {_LOCKED_WITHIN_S:g}s (it has the folder open); nothing was changed"
                )
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        with suppress(OSError):
            for one in made:
                one.rmdir()
        raise BaselineError(
            f"baseline {folder} can't be written: {error.strerror}; nothing was changed"
        ) from None


def write_whole(file: Path, text: str) -> None:
    """Write a file whole or not at all. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp is for secrets; this file is to be read by whoever may read the project.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(file)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
