"""The JSON Schemas in the documentation: they are what the types say, and our files are valid."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docs.write_schemas import FOLDER, schemas
from pytest_djworkers.baseline.document import SCHEMA
from pytest_djworkers.baseline.imported import save_imported
from pytest_djworkers.baseline.store import save
from pytest_djworkers.load.facts import Usage
from tests.support.results import RESULT, WRK
from tests.support.stored_baselines import MACHINE, RUNS, burst_of

OLDER_FILES = Path(__file__).with_name("schemas")


def validator(kind: str, schema: int = SCHEMA) -> Draft202012Validator:
    """Return the validator for a kind of file, from the schema in the documentation."""
    data = json.loads((FOLDER / f"{kind}-{schema}.json").read_text())
    Draft202012Validator.check_schema(data)
    return Draft202012Validator(data)


def read_json(file: Path) -> Any:
    """Return the content of a JSON file."""
    return json.loads(file.read_text())


def test_the_schemas_are_those_of_the_types() -> None:
    """If it fails: make schemas."""
    assert {file: file.read_text() for file in schemas()} == schemas()


def test_a_machine_file_is_valid(tmp_path: Path) -> None:
    used = burst_of(replace(RESULT, usage=Usage(9.5, 1000, 2, 2, 0, 0)))
    file = save(tmp_path, "default", MACHINE, {"a": used, "b": burst_of(WRK)}).file
    validator("baseline").validate(read_json(file))


def test_a_file_of_imports_is_valid(tmp_path: Path) -> None:
    file, _ = save_imported(tmp_path, "default", "notes.md", RUNS)
    validator("imported").validate(read_json(file))


@pytest.mark.parametrize("schema", range(1, SCHEMA + 1))
def test_files_of_every_schema_are_valid(schema: int) -> None:
    validator("baseline", schema).validate(read_json(OLDER_FILES / f"{schema}.json"))
    validator("imported", schema).validate(read_json(OLDER_FILES / f"{schema}-imported.json"))


@pytest.mark.parametrize("value", [-1, 1.5, "1", True, None, 10**15])
def test_a_value_that_is_not_a_count_is_invalid(value: object) -> None:
    document = read_json(OLDER_FILES / f"{SCHEMA}.json")
    for burst in document["bursts"].values():
        burst["sessions"][0]["windows"][0]["ok"] = value
    assert not validator("baseline").is_valid(document)
