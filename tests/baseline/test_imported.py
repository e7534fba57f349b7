"""Imports are kept as wrk printed them, and shown beside the bursts that they match."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.baseline.document import SCHEMA
from pytest_djworkers.baseline.imported import Imported, read_imported, save_imported
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.store import load
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.load.wrk_document import RunInDocument, runs_in_document
from tests.support.wrk_document import document
from tests.support.wrk_output import PRINTED, read

EIGHTEEN = runs_in_document(document())
RUN = read(PRINTED)
"""A run of ``/json?page=2``."""


def a_run(*headings: str) -> Imported:
    return Imported("notes.md", "key", headings, RUN)


def save(root: Path, name: str = "notes.md", runs: list[RunInDocument] = EIGHTEEN) -> Path:
    return save_imported(root, "wrk", name, runs)[0]


def test_a_saved_run_is_read_with_every_digit(tmp_path: Path) -> None:
    file, added = save_imported(tmp_path, "wrk", "notes.md", EIGHTEEN)
    assert file == tmp_path / ".djworkers" / "wrk" / "imported.json"
    assert list(file.parent.iterdir()) == [file]
    assert [(one.headings, one.run) for one in added] == [
        (noted.headings, noted.run) for noted in EIGHTEEN
    ]
    assert sorted(read_imported(file), key=lambda one: one.key) == sorted(
        added, key=lambda one: one.key
    )
    assert added[0].key == "How fast is the site? / Gunicorn with gevent / sync/json"


def test_it_is_loaded_with_the_baseline_of_its_name(tmp_path: Path) -> None:
    save(tmp_path)
    baseline = load(tmp_path, "wrk", Machine("A CPU", 2, None))
    assert len(baseline.imported) == 18
    assert not baseline.is_empty
    assert (baseline.bursts, baseline.elsewhere) == ({}, {})


def test_an_import_replaces_what_is_of_the_same_document_and_keeps_the_rest(
    tmp_path: Path,
) -> None:
    save(tmp_path, "other.md", EIGHTEEN[:2])
    file = save(tmp_path)
    before = file.read_text()
    save(tmp_path)
    assert file.read_text() == before
    save(tmp_path, runs=EIGHTEEN[:1])
    assert [one.document for one in read_imported(file)] == ["notes.md", "other.md", "other.md"]


def test_each_run_is_a_block_of_its_own(tmp_path: Path) -> None:
    lines = save(tmp_path).read_text().splitlines()
    assert sum('"printed": [' in line for line in lines) == 18
    assert len(lines) < 18 * 5 + 10


def test_runs_under_the_same_headings_are_numbered(tmp_path: Path) -> None:
    headings = [(), (), ("a",), ("a",), ("a (2)",), ("a",)]
    _, added = save_imported(tmp_path, "wrk", "x", [RunInDocument(one, RUN) for one in headings])
    assert [one.key for one in added] == ["wrk", "wrk (2)", "a", "a (2)", "a (2) (2)", "a (3)"]


@pytest.mark.parametrize(
    ("headings", "backend"),
    [
        (("Notes", "Gunicorn with gevent", "sync/json"), "gunicorn-gevent"),
        (("Notes", "Granian, WSGI"), "granian"),
        (("granian (ASGI)",), "granian-asgi"),
        (("gunicorn + uvicorn workers",), "gunicorn-uvicorn"),
        (("uvicorn", "uwsgi"), "uwsgi"),
        (("Gunicorn",), None),
        (("sync/json",), None),
        ((), None),
    ],
)
def test_the_nearest_heading_that_names_a_backend_counts(
    headings: tuple[str, ...], backend: str | None
) -> None:
    assert a_run(*headings).backend == backend


def test_a_run_matches_its_path_under_its_backend() -> None:
    run = a_run("granian")
    assert run.path == "/json?page=..."
    assert run.is_of("/json?page=2", "granian")
    assert run.is_of("/json?page=2", "granian:workers-4")
    assert not run.is_of("/json?page=2", "granian-asgi")
    assert not run.is_of("/json?page=2", None)
    assert not run.is_of("/json", "granian")


def test_headings_without_a_backend_match_any() -> None:
    assert a_run("notes").is_of("/json?page=2", "granian")
    assert a_run("notes").is_of("/json?page=2", None)


@pytest.mark.parametrize(("url", "path"), [("http://a", "/"), ("http://a:80/x", "/x")])
def test_the_path_is_that_of_the_url(url: str, path: str) -> None:
    lines = PRINTED.replace("http://127.0.0.1:8000/json?page=2", url).splitlines()
    assert Imported("n", "k", (), RUN.from_lines(lines)).path == path


def test_a_run_without_wrks_first_line_matches_nothing() -> None:
    run = Imported("n", "k", (), RUN.from_lines(PRINTED.splitlines()[1:]))
    assert run.path is None
    assert not run.is_of("/json?page=2", "granian")


def _one(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["imported"]["notes.md"][
        "How fast is the site? / Granian, WSGI / sync/json"
    ]
    return found


IN_RUN = "document 'notes.md': run 'How fast is the site? / Granian, WSGI / sync/json': "
Damage = Callable[[dict[str, Any]], Any]
DAMAGES: list[tuple[Damage, str]] = [
    (lambda data: data.pop("imported"), "missing key 'imported'"),
    (lambda data: data.update(imported=[]), '"imported" must be a JSON object'),
    (lambda data: data["imported"].update(x=[]), "document 'x': it must be a JSON object"),
    (
        lambda data: data["imported"]["notes.md"].update(x="y"),
        "document 'notes.md': run 'x': it must be a JSON object",
    ),
    (lambda data: _one(data).pop("headings"), f"{IN_RUN}missing key 'headings'"),
    (lambda data: _one(data).update(headings=[1]), f"{IN_RUN}headings[0] must be text"),
    (lambda data: _one(data).update(headings="text"), f'{IN_RUN}"headings" must be a list'),
    (lambda data: _one(data).update(printed=[]), f'{IN_RUN}"printed" must not be empty'),
    (lambda data: _one(data).update(printed=[1]), f"{IN_RUN}printed[0] must be text"),
    (lambda data: _one(data).update(printed=["Latency fast"]), IN_RUN),
    (lambda data: _one(data)["printed"].pop(), IN_RUN),
    (lambda data: _one(data)["printed"].append("Requests/sec: 1.00"), IN_RUN),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGES)
def test_a_damaged_file_is_broken_in_words_and_stays_as_it_is(
    tmp_path: Path, damage: Damage, said: str
) -> None:
    file = save(tmp_path)
    data = json.loads(file.read_text())
    damage(data)
    file.write_text(json.dumps(data))
    before = file.read_text()
    begin = re.escape(f"imported.json is broken ({said}")
    with pytest.raises(BaselineError, match=rf"{begin}.*\): .* delete it$"):
        load(tmp_path, "wrk", Machine("A CPU", 2, None))
    with pytest.raises(BaselineError, match="is broken"):
        save(tmp_path)
    assert file.read_text() == before


def test_a_newer_schema_says_what_to_do(tmp_path: Path) -> None:
    save(tmp_path).write_text(json.dumps({"schema": SCHEMA + 1}))
    with pytest.raises(BaselineError, match=f"has schema {SCHEMA + 1}.*upgrade"):
        save(tmp_path)
