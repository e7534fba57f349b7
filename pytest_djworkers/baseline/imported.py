"""What was imported into a baseline: runs of wrk, kept as wrk printed them.

``.djworkers/<name>/imported.json``, beside the files of the machines::

    {"schema": 1,
     "imported": {"<document>": {"<headings>": {"headings": [...], "printed": [...]}}}}

An import has no windows, no machine and no conditions that can be held against a burst's, so no
verdict is ever made from one. It is shown beside the burst that it seems to be of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.baseline.files import (
    FOLDER,
    SCHEMA,
    a_list,
    an_object,
    being_written,
    broken,
    in_words,
    read_document,
)
from pytest_djworkers.baseline.json_layout import laid_out
from pytest_djworkers.load.masking import masked
from pytest_djworkers.load.wrk_document import RunInDocument
from pytest_djworkers.load.wrk_output import WrkRun
from pytest_djworkers.system.files import write_whole

FILE_NAME = "imported.json"
_WITHOUT_HEADINGS = "wrk"


@dataclass(frozen=True, slots=True)
class Imported:
    """One run, and where it is from."""

    document: str
    key: str
    """Its headings; different for each run of a document."""
    headings: tuple[str, ...]
    run: WrkRun

    @property
    def path(self) -> str | None:
        """The path that was hit, with the names of its query; None where wrk's first line is
        missing."""
        if self.run.url is None:
            return None
        parts = urlsplit(self.run.url)
        return masked((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))

    @property
    def backend(self) -> str | None:
        """The backend that the headings name, the nearest of them first; None without one."""
        for heading in reversed(self.headings):
            words = _words(heading)
            named = [name for name in BACKENDS if _words(name) <= words]
            if named:
                return max(named, key=lambda name: len(_words(name)))
        return None

    def is_of(self, path: str, backend: str | None) -> bool:
        """Whether this seems to be of a burst at that path, under that backend.

        A run under headings that name no backend is of any. The method is not printed.
        """
        if masked(path) != self.path:
            return False
        return self.backend is None or self.backend == (backend or "").partition(":")[0]


def read_imported(file: Path) -> tuple[Imported, ...]:
    """What was imported into a file; nothing where there is none.

    Raises BaselineError when it can't be read, is broken, or of a newer schema.
    """
    document = read_document(file)
    if document is None:
        return ()
    try:
        return tuple(
            _imported(name, key, an_object(entry, "a run"))
            for name, runs in an_object(document["imported"], "what was imported").items()
            for key, entry in an_object(runs, "a document").items()
        )
    except (ValueError, KeyError) as error:
        raise broken(file, in_words(error)) from None


def save_imported(
    root: Path, name: str, document: str, runs: Iterable[RunInDocument]
) -> tuple[Path, list[Imported]]:
    """Put a document's runs into a baseline, in the place of those it had of it before.

    What was imported from other documents is kept. Written whole or not at all. Raises
    BaselineError when it can't.
    """
    file = root / FOLDER / name / FILE_NAME
    added = _keyed(document, runs)
    with being_written(file.parent):
        kept = [one for one in read_imported(file) if one.document != document]
        data: dict[str, dict[str, Any]] = {}
        for one in (*kept, *added):
            data.setdefault(one.document, {})[one.key] = {
                "headings": list(one.headings),
                "printed": list(one.run.printed),
            }
        write_whole(file, laid_out({"schema": SCHEMA, "imported": data}))
    return file, added


def _keyed(document: str, runs: Iterable[RunInDocument]) -> list[Imported]:
    found: dict[str, Imported] = {}
    for noted in runs:
        name = " / ".join(noted.headings) or _WITHOUT_HEADINGS
        numbered = (f"{name} ({number})" for number in count(2))
        key = next(one for one in chain([name], numbered) if one not in found)
        found[key] = Imported(document, key, noted.headings, _without_values(noted.run.printed))
    return list(found.values())


def _imported(document: str, key: str, entry: Mapping[str, Any]) -> Imported:
    headings, printed = entry["headings"], a_list(entry["printed"], "what wrk printed")
    if not isinstance(headings, list) or not all(isinstance(t, str) for t in (*headings, *printed)):
        raise ValueError(f"the run {key!r} is no text")
    return Imported(document, key, tuple(headings), _without_values(printed))


def _without_values(printed: Iterable[str]) -> WrkRun:
    """What wrk printed, with the names of its URL's query alone."""
    return WrkRun.from_lines(
        [
            " ".join(masked(word) if "://" in word else word for word in line.split(" "))
            for line in printed
        ]
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))
