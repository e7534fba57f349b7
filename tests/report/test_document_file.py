"""The document as a JSON file: written, read again, and valid by the schema in the docs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from docs.write_schemas import FOLDER
from pytest_djworkers.errors import ReportError
from pytest_djworkers.record import LimitOutcome
from pytest_djworkers.report.document import SCHEMA
from pytest_djworkers.report.document_file import as_json, read_document
from tests.support.bisections import FOUND
from tests.support.comparisons import compared
from tests.support.documents import document
from tests.support.explanations import NAMED, SPENT
from tests.support.results import WRK, record

DOCUMENT = document(
    record(
        limits=(LimitOutcome("min_rps(200)", "requests/s: 100"),), failures=("requests/s: 100",)
    ),
    record("gunicorn-gevent", result=WRK),
    record(against_base=compared(0.7)),
    record(against_base=replace(compared(0.7), explanation=NAMED), bisection=FOUND),
    record(time_spent=SPENT),
)


def written(folder: Path, text: str) -> Path:
    file = folder / "load.json"
    file.write_text(text)
    return file


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert read_document(written(tmp_path, as_json(DOCUMENT))) == DOCUMENT


def test_it_is_valid_by_the_schema_in_the_documentation() -> None:
    schema = json.loads((FOLDER / f"report-{SCHEMA}.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    data = json.loads(as_json(DOCUMENT))
    validator.validate(data)
    assert next(iter(data)) == "schema"
    data["bursts"][0]["figures"]["rps"] = "many"
    assert not validator.is_valid(data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a report: write one with --djworkers-report=load.json"),
        ('{"schema": 1, "machine": {}, "bursts": {}}', "is not a report"),
        ('{"schema": 99, "run": {}}', "has schema 99, and this version reads up to 1: upgrade"),
        ('{"schema": true, "run": {}}', "is broken: "),
        ('{"schema": 1, "run": {}, "tests": [], "bursts": []}', "is broken: missing key 'began'"),
    ],
)
def test_a_file_that_is_no_report_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ReportError) as refusal:
        read_document(written(tmp_path, text))
    assert said in str(refusal.value)
    assert "load.json" in str(refusal.value)


def test_a_file_that_cant_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"gone\.json can't be read: No such file"):
        read_document(tmp_path / "gone.json")
