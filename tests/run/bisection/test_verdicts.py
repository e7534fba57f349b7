"""The verdicts of a bisection that are kept for the next run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_djworkers.errors import ResourceError
from pytest_djworkers.run.bisection.verdicts import KnownVerdict, KnownVerdicts
from tests.support.comparisons import compared
from tests.support.results import record

RECORD = record(against_base=compared(0.8, blocks=6))
KEY: dict[str, object] = {"test": "a", "prepare": ("x",)}


def stored(folder: Path, key: dict[str, object] = KEY, burst: str = "GET /a") -> KnownVerdicts:
    """Return the verdicts under a key, as the next run finds them."""
    known = KnownVerdicts.read(folder, key)
    known.of_burst(burst)
    return known


def test_what_is_added_is_there_in_the_next_run(tmp_path: Path) -> None:
    known = stored(tmp_path)
    known.add("one", KnownVerdict(5.0, RECORD))
    known.add("two", KnownVerdict(7.0, RECORD))
    known.add("three", KnownVerdict(8.0, skipped="broken"))
    assert known.earlier == frozenset()
    again = stored(tmp_path)
    assert again.earlier == {"one", "two"}
    assert again.last_measured == 7.0
    assert again.usual_s == 60.0
    assert again.get("one") == KnownVerdict(5.0, RECORD)
    # What was in its way may be gone.
    assert known.get("three") is not None
    assert again.get("three") is None
    assert stored(tmp_path, {**KEY, "test": "b"}).earlier == frozenset()
    other_burst = stored(tmp_path, burst="GET /b")
    assert other_burst.earlier == frozenset()
    assert other_burst.get("one") is None


def test_a_file_that_can_t_be_read_counts_for_nothing(tmp_path: Path) -> None:
    stored(tmp_path).add("one", KnownVerdict(5.0, RECORD))
    (file,) = tmp_path.iterdir()
    for text in ("", "{", '{"key": {}}', file.read_text().replace('"measured"', '"other"')):
        file.write_text(text)
        assert stored(tmp_path).get("one") is None


def test_old_files_go_when_another_bisection_begins(tmp_path: Path) -> None:
    for name, days in (("old", 31), ("new", 29)):
        stored(tmp_path, {"test": name}).add("one", KnownVerdict(5.0, RECORD))
        (file,) = (one for one in tmp_path.iterdir() if f'"{name}"' in one.read_text())
        then = file.stat().st_mtime - days * 86_400
        os.utime(file, (then, then))
    stored(tmp_path).add("one", KnownVerdict(5.0, RECORD))
    assert stored(tmp_path, {"test": "old"}).get("one") is None
    assert stored(tmp_path, {"test": "new"}).get("one") is not None


def test_a_folder_that_can_t_be_written_to_is_said(tmp_path: Path) -> None:
    known = stored(tmp_path / "gone")
    with pytest.raises(ResourceError, match="can't be written to"):
        known.add("one", KnownVerdict(5.0, RECORD))
    unkept = KnownVerdicts.read(None, KEY)
    unkept.add("one", KnownVerdict(5.0, RECORD))
    assert unkept.get("one") is not None
