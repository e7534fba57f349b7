"""The runtimes of both arms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pytest_djworkers
from pytest_djworkers.compare.trees import base_runtime, head_runtime, plugin_folder
from pytest_djworkers.entry.tree_bounds import environment_folders
from pytest_djworkers.server.runtime import Runtime

PACKAGES = str(Path(sys.prefix) / "lib" / "site-packages")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with a site in a folder of its own."""
    (tmp_path / "repository" / "site").mkdir(parents=True)
    return tmp_path / "repository"


def runtime(top: Path) -> Runtime:
    """Return the runtime of the site as pytest found it."""
    path = (str(top / "site"), str(top), PACKAGES, "/elsewhere")
    return Runtime("python", top / "site", path)


def test_paths_in_the_repository_become_paths_in_the_worktree(top: Path, tmp_path: Path) -> None:
    tree, plugin = tmp_path / "tree", tmp_path / "plugin"
    (tree / "site").mkdir(parents=True)
    base = base_runtime(runtime(top), top, tree, plugin)
    twins = (str(plugin), str(tree / "site"), str(tree), PACKAGES, "/elsewhere")
    assert (base.python, base.folder, base.search_path) == ("python", tree / "site", twins)
    assert (base.tree, base.apart) == (tree, top)


def test_an_environment_inside_the_repository_stays_where_it_is(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = top / ".venv" / "lib"
    monkeypatch.setattr(sys, "prefix", str(top / ".venv"))
    environment_folders.cache_clear()
    here = Runtime("python", top, (str(packages),))
    base = base_runtime(here, top, tmp_path / "tree", tmp_path / "plugin")
    environment_folders.cache_clear()
    assert base.search_path == (str(tmp_path / "plugin"), str(packages))
    # Base's interpreter may be another one, which doesn't know this environment.
    assert str(top / ".venv") in base.kept


@pytest.mark.parametrize("place", ["lib/site-packages", "__pypackages__/3.13/lib"])
def test_packages_installed_next_to_the_code_stay_where_they_are(
    place: str, top: Path, tmp_path: Path
) -> None:
    packages = str(top / place)
    base = base_runtime(
        Runtime("python", top, (packages,)), top, tmp_path / "tree", tmp_path / "plugin"
    )
    assert base.search_path[1:] == (packages,)


def test_environment_variables_with_paths_of_the_repository_get_paths_in_the_worktree(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    (tree / "site").mkdir(parents=True)
    for name, value in {
        "PROJECT_ROOT": f"{top}",
        "TEMPLATE_FOLDERS": f"/elsewhere:{top}/site",
        "MEDIA": f"{top}/media",
        "HOME": f"{top}",
        "GREETING": "hello",
    }.items():
        monkeypatch.setenv(name, value)
    moved = base_runtime(runtime(top), top, tree, tmp_path / "plugin").environment
    assert moved == {"PROJECT_ROOT": f"{tree}", "TEMPLATE_FOLDERS": f"/elsewhere:{tree}/site"}


def test_a_current_folder_outside_of_the_repository_stays(top: Path, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    here = Runtime("python", tmp_path, (str(top),))
    assert base_runtime(here, top, tmp_path / "tree", tmp_path / "plugin").folder == tmp_path


def test_another_interpreter_gets_only_paths_in_the_worktree(top: Path, tmp_path: Path) -> None:
    tree, plugin = tmp_path / "tree", tmp_path / "plugin"
    base = base_runtime(runtime(top), top, tree, plugin, "/other/python")
    assert base.python == "/other/python"
    assert base.search_path == (str(plugin), str(tree / "site"), str(tree))


def test_a_current_folder_that_base_lacks_becomes_the_top_of_the_worktree(
    top: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    assert base_runtime(runtime(top), top, tree, tmp_path / "plugin").folder == tree


def test_head_may_only_load_code_from_its_repository(top: Path, tmp_path: Path) -> None:
    head = head_runtime(runtime(top), top, tmp_path / "tree", tmp_path / "plugin")
    assert (head.tree, head.apart) == (top, tmp_path / "tree")
    assert head.search_path == (str(tmp_path / "plugin"), *runtime(top).search_path)


def test_this_copy_of_the_plugin_is_found_before_any_other(tmp_path: Path) -> None:
    other = tmp_path / "other" / "pytest_djworkers"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise SystemExit('another one')")
    plugin = plugin_folder(tmp_path)
    assert plugin_folder(tmp_path) == plugin
    found = subprocess.run(
        [sys.executable, "-P", "-c", "import pytest_djworkers; print(pytest_djworkers.__file__)"],
        env={"PYTHONPATH": f"{plugin}:{other.parent}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert Path(found).samefile(pytest_djworkers.__file__)
