"""Write the JSON Schemas of the files that the plugin writes: ``make schemas``.

They are generated from the types of ``pytest_djworkers.baseline.document`` and of
``pytest_djworkers.report.document``, which the plugin reads and writes those files by. A test fails
while what is here is not what the types generate.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from pytest_djworkers.baseline.document import SCHEMA, ImportedDocument, MachineDocument
from pytest_djworkers.report.document import SCHEMA as REPORT_SCHEMA
from pytest_djworkers.report.document import Document

FOLDER = Path(__file__).with_name("schema")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DOCUMENTS = {
    f"baseline-{SCHEMA}": MachineDocument,
    f"imported-{SCHEMA}": ImportedDocument,
    f"report-{REPORT_SCHEMA}": Document,
}


def schemas() -> dict[Path, str]:
    """Return the text of each file of the folder."""
    return {FOLDER / f"{name}.json": _text(type_) for name, type_ in _DOCUMENTS.items()}


def _text(type_: type[Any]) -> str:
    schema = {"$schema": _DIALECT, **msgspec.json.schema(type_)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schema files; those of older schemas stay as they are."""
    for file, text in schemas().items():
        file.write_text(text)


if __name__ == "__main__":
    main()
