"""The switches for profiling: refused before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_djworkers.profiling import py_spy
from tests.support.site import Site


def test_they_contradict_each_other(site: Site) -> None:
    site.test("def test_json(burst):\n    burst('/json')")
    result = site.burst("--djworkers-profile", "--djworkers-no-profile")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--djworkers-profile and --djworkers-no-profile can't be*"])


def test_a_server_that_runs_already_is_not_profiled(site: Site) -> None:
    site.test("def test_json(burst):\n    burst('/json')")
    result = site.pytest("--djworkers-url=http://127.0.0.1:9", "--djworkers-profile")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--djworkers-profile can't be combined with --djworkers-url*"])


def test_py_spy_is_found_beside_the_interpreter_or_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    assert py_spy.find_py_spy() is None
    beside = tmp_path / "py-spy"
    beside.touch()
    assert py_spy.find_py_spy() == str(beside)
    elsewhere = tmp_path / "bin" / "py-spy"
    elsewhere.parent.mkdir()
    beside.rename(elsewhere)
    elsewhere.chmod(0o755)
    monkeypatch.setenv("PATH", str(elsewhere.parent) + os.pathsep)
    assert py_spy.find_py_spy() == str(elsewhere)
