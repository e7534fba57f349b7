"""The runs of wrk that were imported into a baseline, kept as wrk printed them.

``.djworkers/<name>/imported.json``, beside the files of the machines::

    {"schema": 1,
     "imported": {"<document>": {"<headings>": {"headings": [...], "printed": [...]}}}}

An import has no windows, no machine and no conditions that can be held against a burst's, so no
verdict is ever made from one. It is shown beside the burst that it seems to be of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, starmap
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.baseline.document import SCHEMA, ImportedRun, UnreadImportedDocument
from pytest_djworkers.baseline.files import (
    FOLDER,
    broken,
    errors_name,
    locked_for_writing,
    read_document,
)
from pytest_djworkers.baseline.json_layout import laid_out
from pytest_djworkers.load.masking import masked
from pytest_djworkers.load.wrk_document import RunInDocument
from pytest_djworkers.load.wrk_output import WrkRun
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.system.files import write_whole

FILE_NAME = "imported.json"
_WITHOUT_HEADINGS = "wrk"


@dataclass(frozen=True, slots=True)
class Imported:
    """One run of wrk's, and the place that it is from."""

    document: str
    key: str
    """The key of the run, from its headings; different for each run of a document."""
    headings: tuple[str, ...]
    run: WrkRun

    @property
    def path(self) -> str | None:
        """The path that was hit, with the values of its query masked.

        None if wrk's first line is missing, which alone has the URL.
        """
        if self.run.url is None:
            return None
        parts = urlsplit(self.run.url)
        return masked((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))

    @property
    def backend(self) -> str | None:
        """The backend that the headings name; None if they name none.

        The innermost heading that names one decides.
        """
        for heading in reversed(self.headings):
            words = _words(heading)
            named = [name for name in BACKENDS if _words(name) <= words]
            if named:
                # "granian-asgi" has the words of "granian", too: the longer name is meant.
                return max(named, key=lambda name: len(_words(name)))
        return None

    def is_of(self, path: str, backend: str | None) -> bool:
        """Return whether this seems to be of a burst at that path, under that backend.

        A run under headings that name no backend is of any. The method is not printed.
        """
        if masked(path) != self.path:
            return False
        # "granian:workers-4" is granian with other options, which headings don't spell out.
        return self.backend is None or self.backend == (backend or "").partition(":")[0]


def read_imported(file: Path) -> tuple[Imported, ...]:
    """Return what was imported into a file; nothing if there is no file.

    Raises BaselineError if it can't be read, is broken, or of a newer schema.
    """
    data = read_document(file)
    if data is None:
        return ()
    try:
        unread = from_simple(data, UnreadImportedDocument)
        return tuple(chain.from_iterable(starmap(_runs, unread.imported.items())))
    except ValueError as error:
        raise broken(file, str(error)) from None


def save_imported(
    root: Path, name: str, document: str, runs: Iterable[RunInDocument]
) -> tuple[Path, list[Imported]]:
    """Put a document's runs into a baseline, in the place of those it had of it before.

    Return the file and the runs. What was imported from other documents is kept. Written whole or
    not at all. Raises BaselineError if it can't be written.
    """
    file = root / FOLDER / name / FILE_NAME
    added = _keyed(document, runs)
    with locked_for_writing(file.parent):
        kept = [imported for imported in read_imported(file) if imported.document != document]
        data: dict[str, dict[str, Any]] = {}
        for imported in (*kept, *added):
            run = ImportedRun(imported.headings, tuple(imported.run.printed))
            data.setdefault(imported.document, {})[imported.key] = to_simple(run)
        write_whole(file, laid_out({"schema": SCHEMA, "imported": data}))
    return file, added


def _keyed(document: str, runs: Iterable[RunInDocument]) -> list[Imported]:
    """Return the runs of a document with a key for each."""
    found: dict[str, Imported] = {}
    for noted in runs:
        name = " / ".join(noted.headings) or _WITHOUT_HEADINGS
        # A document may have several runs under one heading: "json", "json (2)", "json (3)".
        numbered = (f"{name} ({number})" for number in count(2))
        key = next(text for text in chain([name], numbered) if text not in found)
        found[key] = Imported(document, key, noted.headings, _without_values(noted.run.printed))
    return list(found.values())


def _runs(document: str, runs: Any) -> Iterator[Imported]:
    """Yield the runs of a document in the file. Raises ValueError with the place."""
    with errors_name("document", document):
        entries = from_simple(runs, dict[str, Any])
    for key, entry in entries.items():
        with errors_name("document", document), errors_name("run", key):
            run = from_simple(entry, ImportedRun)
            yield Imported(document, key, run.headings, _without_values(run.printed))


def _without_values(printed: Iterable[str]) -> WrkRun:
    """Return wrk's output with the values of its URL's query masked."""
    # The file is committed, and a query may have a token in it. Only the URL has one: the other
    # lines stay as wrk printed them, to the digit.
    return WrkRun.from_lines(
        [
            " ".join(masked(word) if "://" in word else word for word in line.split(" "))
            for line in printed
        ]
    )


def _words(text: str) -> frozenset[str]:
    """Return the words of a heading or a name: "Granian, WSGI" has "granian" and "wsgi"."""
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))
