"""Every schema that was ever published can be read, and is written on as the newest.

``schemas/N.json`` and ``schemas/N-imported.json`` are as the version wrote them that brought
schema N. They are never changed once that is published; a new schema adds two.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pytest_djworkers.baseline.against import compare_with_baseline
from pytest_djworkers.baseline.document import SCHEMA
from pytest_djworkers.baseline.figures import session_figures
from pytest_djworkers.baseline.imported import read_imported, save_imported
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.store import Saved, load, read, save
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.results import RESULT, WRK
from tests.support.stored_baselines import burst_of

SCHEMAS = Path(__file__).with_name("schemas")
MACHINE = Machine("AMD EPYC 7763 64-Core Processor", 2, 1.5)
JSON = "tests/test_load.py::test_json[granian] GET /json"
WITH_WRK = "tests/test_load.py::test_wrk[granian] GET /json"

every_schema = pytest.mark.parametrize("schema", range(1, SCHEMA + 1))


@every_schema
def test_stored_figures_are_read(schema: int) -> None:
    baseline = read(SCHEMAS / f"{schema}.json")
    assert baseline.machine == MACHINE
    assert set(baseline.bursts) == {JSON, WITH_WRK}
    first, second = baseline.bursts[JSON].sessions
    figures = session_figures(first)
    assert (figures.rps, figures.timeouts, figures.errors) == (100, 10, 0)
    assert (figures.p50, figures.p99) == pytest.approx((0.001, 0.3), rel=1e-3)
    assert session_figures(second).rps == 110
    assert first.commit == "0123456789abcdef0123456789abcdef01234567+"
    assert first.saved == "2026-01-01T03:04:05+00:00"
    assert first.versions["django"] == "5.2.1"
    assert second.commit is None
    assert session_figures(baseline.bursts[WITH_WRK].sessions[0]).rps == 100


@every_schema
def test_a_burst_is_compared_with_them(schema: int) -> None:
    bursts = read(SCHEMAS / f"{schema}.json").bursts
    for result, key in ((RESULT, JSON), (WRK, WITH_WRK)):
        assert compare_with_baseline(result, bursts[key], tolerance=0.1).verdict is Verdict.OK


@every_schema
def test_a_save_goes_on_from_them(schema: int, tmp_path: Path) -> None:
    file = tmp_path / ".djworkers" / "default" / f"{MACHINE.key}.json"
    file.parent.mkdir(parents=True)
    shutil.copy(SCHEMAS / f"{schema}.json", file)
    assert save(tmp_path, "default", MACHINE, {JSON: burst_of(RESULT)}) == Saved(
        file, (WITH_WRK,), ()
    )
    assert json.loads(file.read_text())["schema"] == SCHEMA
    assert len(load(tmp_path, "default", MACHINE).bursts[JSON].sessions) == 3


@every_schema
def test_imports_are_read_and_kept(schema: int, tmp_path: Path) -> None:
    file = tmp_path / ".djworkers" / "default" / "imported.json"
    file.parent.mkdir(parents=True)
    shutil.copy(SCHEMAS / f"{schema}-imported.json", file)
    found = read_imported(file)
    assert {one.key: one.run.requests_per_s for one in found} == {
        "Granian / json": "31896.61",
        "Granian / nothing": "0.00",
    }
    assert all(one.backend == "granian" for one in found)
    save_imported(tmp_path, "default", "other.md", [])
    assert read_imported(file) == found
    assert json.loads(file.read_text())["schema"] == SCHEMA
