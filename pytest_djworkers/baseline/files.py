"""A baseline's file as such: read with its schema checked, and locked while it is written anew."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from pytest_djworkers.errors import BaselineError
from pytest_djworkers.system.file_lock import lock_within
from pytest_djworkers.system.files import listed, read_regular

FOLDER = ".djworkers"
"""Under pytest's root; a folder for each name is in it."""
SCHEMA = 1
"""Of what is written. Every schema that was ever published can be read."""
_LOCKED_WITHIN_S = 30.0
_MEND = "restore it from version control or delete it"
_CONFLICT = b"<<<<<<<"
_MOST_BYTES = 256 << 20
"""A thousand bursts with thirty sessions each are 100 MB."""
_DEEPEST = 50
_SHOWN = 100
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_HALF_CHARACTER = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)


def read_document(file: Path) -> dict[str, Any] | None:
    """The file's JSON object, of a schema that can be read; None where there is no file.

    Raises BaselineError when it can't be read, is broken, no baseline, or of a newer schema.
    """
    try:
        text = read_regular(file, most_bytes=_MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BaselineError(f"baseline {file} can't be read: {error.strerror}") from None
    try:
        data = _json(text)
    except ValueError as error:
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


def _json(text: bytes) -> Any:
    """What a text in JSON holds, if it is strictly that. Raises ValueError.

    Python's reader by itself takes numbers that are none, the last of two entries with one name,
    half of a character, and as much depth as its stack has.
    """
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} levels deep")
    if _HALF_CHARACTER.search(text):
        raise ValueError("half of a character (a lone surrogate)")
    return json.loads(
        text.removeprefix(codecs.BOM_UTF8).decode(),
        object_pairs_hook=_with_one_of_each,
        parse_constant=_no_number,
    )


def _with_one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = Counter(name for name, _ in pairs)
        double = next(name for name, number in names.items() if number > 1)
        raise ValueError(f"{double[:_SHOWN]!r} is there twice: was it merged?")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def files_in(folder: Path) -> list[Path]:
    """The files of a baseline, sorted; none where there is no such folder. Raises BaselineError
    where it can't be looked into."""
    return [one for one in _listed(folder) if one.suffix == ".json" and one.name[0] != "."]


def names_in(root: Path) -> list[str]:
    """The baselines under a root, by name. Raises BaselineError for a folder that can't be looked
    into."""
    found = [one for one in _listed(root / FOLDER) if one.is_dir()]
    return [folder.name for folder in found if files_in(folder)]


def _listed(folder: Path) -> list[Path]:
    try:
        return listed(folder)
    except OSError as error:
        raise BaselineError(f"baselines in {folder} can't be read: {error.strerror}") from None


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
            if not lock_within(descriptor, _LOCKED_WITHIN_S):
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
