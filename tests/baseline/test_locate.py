"""The command ``djworkers`` finds the baselines without pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.baseline.imported import save_imported
from pytest_djworkers.baseline.locate import (
    file_named,
    files_named,
    find_root,
    names,
    read_file,
    shortened,
)
from pytest_djworkers.baseline.machine import Machine, this_machine
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.errors import BaselineError
from tests.support.stored_baselines import MACHINE, RUNS, store

OTHER = Machine("Another CPU", 2, None)


@pytest.mark.parametrize("mark", [".djworkers/", "pytest.ini", "pyproject.toml", "tox.ini"])
def test_the_root_is_the_nearest_folder_upwards_that_has_something(
    tmp_path: Path, mark: str
) -> None:
    (tmp_path / "setup.cfg").touch()
    site = tmp_path / "site"
    below = site / "tests" / "load"
    below.mkdir(parents=True)
    assert find_root(below) == tmp_path
    (site / mark).mkdir() if mark.endswith("/") else (site / mark).touch()
    assert find_root(below) == site
    assert find_root(site) == site


def test_baselines_have_names_and_files(tmp_path: Path) -> None:
    assert names(tmp_path) == []
    files = [store(tmp_path), store(tmp_path, machine=OTHER)]
    imported, _ = save_imported(tmp_path, "notes", "notes.md", RUNS)
    assert names(tmp_path) == ["default", "notes"]
    assert files_named(tmp_path, "default") == sorted(files)
    assert files_named(tmp_path, "notes") == [imported]
    assert files_named(tmp_path, str(imported)) == [imported]


def test_neither_a_name_nor_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        BaselineError, match=r"x is neither a file nor a baseline: .*\.djworkers has no"
    ):
        files_named(tmp_path, "x")
    store(tmp_path)
    store(tmp_path, "main")
    with pytest.raises(BaselineError, match="has default, main"):
        files_named(tmp_path, "x")


def test_of_several_files_the_one_of_this_machine_is_chosen(tmp_path: Path) -> None:
    store(tmp_path)
    assert file_named(tmp_path, "default") == store(tmp_path)
    store(tmp_path, machine=OTHER)
    with pytest.raises(BaselineError, match=r"no file of this machine: name one of .*, .*json"):
        file_named(tmp_path, "default")
    own = store(tmp_path, machine=this_machine())
    assert file_named(tmp_path, "default") == own


def test_a_file_is_of_a_machine_or_of_imports(tmp_path: Path) -> None:
    content = read_file(store(tmp_path))
    assert isinstance(content, Baseline)
    assert content.machine == MACHINE
    imported = read_file(save_imported(tmp_path, "default", "notes.md", RUNS)[0])
    assert not isinstance(imported, Baseline)
    assert [one.run.printed[1:] for one in imported] == [RUNS[0].run.printed[1:]]
    with pytest.raises(BaselineError, match="does not exist"):
        read_file(tmp_path / "none.json")


def test_files_are_shown_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a" / "b.json"
    assert shortened(file) == str(file)
    monkeypatch.chdir(tmp_path)
    assert shortened(file) == "a/b.json"
