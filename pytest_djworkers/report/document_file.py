"""The file of a run's document: JSON."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_djworkers.baseline.strict_json import parse_json
from pytest_djworkers.errors import ReportError
from pytest_djworkers.report.document import SCHEMA, Document
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.system.files import read_regular

_MOST_BYTES = 256 << 20
"""The size of the largest file that is read; a burst has about 50 kB."""


def as_json(document: Document) -> str:
    """Return the document as the text of its file."""
    return json.dumps(to_simple(document), ensure_ascii=False, allow_nan=False) + "\n"


def is_report(file: Path) -> bool:
    """Return True if a file is a report by its content, if only a broken one."""
    try:
        return _has_run(parse_json(read_regular(file, most_bytes=_MOST_BYTES)))
    except (OSError, ValueError):
        # What reads the file as something else says what is wrong with it.
        return False


def read_document(file: Path) -> Document:
    """Return the document in a file.

    Raises ReportError if it can't be read, is no report, is broken or of a newer schema.
    """
    try:
        data = parse_json(read_regular(file, most_bytes=_MOST_BYTES))
    except OSError as error:
        raise ReportError(f"report {file} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise ReportError(f"report {file} is not JSON: {error}") from None
    if not _has_run(data):
        raise ReportError(
            f"{file} is not a report: write one with --djworkers-report={file.stem}.json"
        )
    schema = data["schema"]
    # Not isinstance: True is an int, too.
    if type(schema) is int and schema > SCHEMA:
        raise ReportError(
            f"report {file} has schema {schema}, and this version reads up to {SCHEMA}: upgrade"
            " pytest-djworkers"
        )
    try:
        return from_simple(data, Document)
    except ValueError as error:
        raise ReportError(f"report {file} is broken: {error}") from None


def _has_run(data: object) -> bool:
    # A baseline has a schema, too.
    return isinstance(data, dict) and "schema" in data and "run" in data
