"""The functions that differ between two revisions, by real differences of git."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.compare.changed_code import changed_code
from pytest_djworkers.compare.revision import base_revision
from pytest_djworkers.profiling.code_changes import CodeChanges
from pytest_djworkers.profiling.code_folders import Function, Owner
from tests.support.repository import commit, git

OLD = """
class Shop:
    def get(self):
        first = 1
        second = 2
        return first + second

    @property
    def name(self):
        return [one for one in "name"]


def outer():
    def inner():
        return 1
    return inner


def gone(value):
    third = value * 3
    return third + 4
"""


@pytest.fixture
def changed(tmp_path: Path) -> CodeChanges:
    top, tree = tmp_path / "now", tmp_path / "base"
    top.mkdir()
    git(top, "init", "-q")
    (top / "shöp views.py").write_text(OLD, encoding="utf-8")
    (top / "moved.py").write_text("def moved(a):\n    return a + 1\n", encoding="utf-8")
    (top / "broken.py").write_text("def broken(:\n", encoding="utf-8")
    commit(top, "base")
    git(top, "clone", "-q", str(top), str(tree))
    new = OLD.replace("def get", "def fetch").replace("return 1", "return 2")
    (top / "shöp views.py").write_text(new.partition("def gone")[0], encoding="utf-8")
    (top / "moved.py").unlink()
    other = f"def gone{OLD.partition('def gone')[2]}\n\ndef other(a):\n    return a + 1\n"
    (top / "elsewhere.py").write_text(other, encoding="utf-8")
    (top / "broken.py").write_text("def broken(::\n", encoding="utf-8")
    git(top, "add", "-A")
    return changed_code(base_revision(top, "HEAD"), tree)


def test_renamed_moved_and_edited_functions_are_known(changed: CodeChanges) -> None:
    views = "shöp views.py"
    assert changed.head_names == {
        (views, "Shop.get"): (views, "Shop.fetch"),
        (views, "gone"): ("elsewhere.py", "gone"),
        ("moved.py", "moved"): ("elsewhere.py", "other"),
    }
    assert (views, "Shop.fetch") in changed.edited
    assert (views, "outer.<locals>.inner") in changed.edited
    assert (views, "Shop.name") not in changed.edited
    comprehension = Function("Shop.fetch.<locals>.<listcomp>", views, Owner.SITE)
    assert changed.is_edited(comprehension)
    old = Function("Shop.get.<locals>.<listcomp>", views, Owner.SITE)
    assert changed.in_head(old) == comprehension


def test_a_library_keeps_its_names(changed: CodeChanges) -> None:
    library = Function("Shop.get", "shöp views.py", Owner.LIBRARY)
    assert changed.in_head(library) == library
