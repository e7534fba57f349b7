"""The functions that differ between two revisions, by real differences of git."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.compare.changed_code import changed_code
from pytest_djworkers.compare.revision import base_revision
from pytest_djworkers.profiling.code_changes import NO_CHANGES, CodeChanges
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


BODY = """\
    first = value + 1
    second = first * 2
    third = second - first
    return third
"""


def between(
    folder: Path, base: dict[str, str | bytes], head: dict[str, str | bytes]
) -> CodeChanges:
    """Return the changes between two trees of files, as git and the project see them."""
    top, tree = folder / "now", folder / "base"
    top.mkdir()
    git(top, "init", "-q")
    write(top, base)
    commit(top, "base")
    git(top, "clone", "-q", str(top), str(tree))
    for name in base:
        (top / name).unlink()
    write(top, head)
    git(top, "add", "-A")
    return changed_code(base_revision(top, "HEAD"), tree)


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_a_renamed_file_keeps_its_functions(tmp_path: Path) -> None:
    source = f"def page(value):\n{BODY}\n\ndef other(value):\n{BODY}"
    edited = source.replace("first * 2", "first * 3", 1)
    changed = between(tmp_path, {"shop/old.py": source}, {"pages/nëw views.py": edited})
    assert changed.head_files == {"shop/old.py": "pages/nëw views.py"}
    assert changed.edited == {("pages/nëw views.py", "page")}
    old, new = (
        Function("other", name, Owner.SITE) for name in ("shop/old.py", "pages/nëw views.py")
    )
    assert changed.in_head(old) == new
    assert not changed.is_edited(new)


def test_a_function_that_moved_to_a_file_that_git_does_not_have_is_known(tmp_path: Path) -> None:
    source = f"def page(value):\n{BODY}\n\ndef other(value):\n{BODY}"
    top = tmp_path / "now"
    assert between(tmp_path, {"shop/views.py": source}, {"shop/views.py": source}) == NO_CHANGES
    page, other = source.split("\n\ndef ")
    write(top, {"shop/views.py": page, "shop/new.py": f"def {other}", ".gitignore": "ignored.py"})
    write(top, {"ignored.py": f"def {other}"})
    changed = changed_code(base_revision(top, "HEAD"), tmp_path / "base")
    assert changed.head_names == {("shop/views.py", "other"): ("shop/new.py", "other")}
    assert ("shop/new.py", "other") in changed.edited


def test_a_deleted_file_has_no_functions_in_head(tmp_path: Path) -> None:
    changed = between(tmp_path, {"gone.py": f"def gone(value):\n{BODY}", "a.py": ""}, {"a.py": ""})
    assert changed == CodeChanges()
    gone = Function("gone", "gone.py", Owner.SITE)
    assert changed.in_head(gone) == gone


def test_an_added_file_has_new_functions(tmp_path: Path) -> None:
    changed = between(tmp_path, {"a.py": ""}, {"a.py": "", "new.py": f"def new(value):\n{BODY}"})
    assert changed == CodeChanges(frozenset({("new.py", "new")}))


def test_another_decorator_edits_its_function(tmp_path: Path) -> None:
    source = f"@cached\ndef page(value):\n{BODY}\n\ndef other(value):\n{BODY}"
    changed = between(tmp_path, {"a.py": source}, {"a.py": source.replace("@cached", "@plain")})
    assert changed.edited == {("a.py", "page")}


def test_an_inner_function_that_is_edited_leaves_the_outer_one_as_it_was(tmp_path: Path) -> None:
    source = "def outer():\n    def inner():\n        return 1\n    return inner\n"
    changed = between(tmp_path, {"a.py": source}, {"a.py": source.replace("1", "2")})
    assert changed.edited == {("a.py", "outer.<locals>.inner")}


def test_a_method_that_moves_to_another_class_is_known(tmp_path: Path) -> None:
    method = "    def page(self, value):\n" + BODY.replace("    ", "        ")
    classes = "class Old:\n    size = 1\n{}\n\nclass New:\n    size = 2\n{}"
    changed = between(
        tmp_path, {"a.py": classes.format(method, "")}, {"a.py": classes.format("", method)}
    )
    assert changed.head_names == {("a.py", "Old.page"): ("a.py", "New.page")}


def test_of_two_functions_with_the_same_code_neither_is_the_old_one(tmp_path: Path) -> None:
    twice = f"def one(value):\n{BODY}\n\ndef two(value):\n{BODY}"
    base = {"old.py": f"x = 1\n\ndef old(value):\n{BODY}", "new.py": "y = 2\n"}
    changed = between(tmp_path, {**base}, {"old.py": "x = 1\n", "new.py": f"y = 2\n\n{twice}"})
    assert changed.head_names == {}


def test_files_that_are_no_source_text_change_nothing(tmp_path: Path) -> None:
    base: dict[str, str | bytes] = {
        "binary.py": b"\0\1\2" * 40,
        "latin.py": "def é():\n    return 1\n".encode("latin-1"),
        "broken.py": "def broken(:\n    return 1\n",
        "text.txt": "def text():\n    return 1\n",
    }
    head = {
        name: text.replace(b"1", b"2") if isinstance(text, bytes) else text.replace("1", "2")
        for name, text in base.items()
    }
    head["binary.py"] = b"\0\2\1" * 40
    assert between(tmp_path, base, head) == CodeChanges()


def test_the_same_files_have_no_changes(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a.py": f"def page(value):\n{BODY}"}
    assert between(tmp_path, files, files) == NO_CHANGES


def test_without_git_there_are_no_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = tmp_path / "now"
    top.mkdir()
    git(top, "init", "-q")
    (top / "a.py").write_text("def page():\n    return 1\n")
    commit(top, "base")
    revision = base_revision(top, "HEAD")
    (top / "a.py").write_text("def page():\n    return 2\n")
    assert changed_code(revision, top).edited == {("a.py", "page")}
    assert changed_code(replace(revision, commit="0" * 40), top) == NO_CHANGES
    monkeypatch.setenv("PATH", str(tmp_path))
    assert changed_code(revision, top) == NO_CHANGES
