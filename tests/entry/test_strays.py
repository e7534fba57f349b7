"""The tree that a path lies in, and the report of what lies in the other tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.entry.strays import Stray, StrayList, refusal, strays_told
from pytest_djworkers.entry.tree_bounds import TreeBounds


@pytest.fixture
def bounds(tmp_path: Path) -> TreeBounds:
    """Two trees, of which the other has an environment inside."""
    for name in ("tree/inside", "other/inside", "other/only", "other/.venv/lib"):
        (tmp_path / name).mkdir(parents=True)
    kept = (str(tmp_path / "other" / ".venv"), str(tmp_path))
    return TreeBounds(
        str(tmp_path / "tree"), str(tmp_path / "other"), kept, str(tmp_path / "strays")
    )


@pytest.mark.parametrize(
    ("path", "is_apart"),
    [
        ("other", True),
        ("other/inside/module.py", True),
        ("others/module.py", False),
        ("tree/inside/module.py", False),
        ("other/.venv/lib/module.py", False),
        ("other/.venv2/module.py", True),
        ("elsewhere/module.py", False),
    ],
)
def test_where_a_path_lies(path: str, is_apart: bool, bounds: TreeBounds, tmp_path: Path) -> None:
    assert bounds.is_apart(str(tmp_path / path)) is is_apart


def test_a_relative_path_lies_in_no_tree(
    bounds: TreeBounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "other")
    assert not bounds.is_apart("inside")


def test_a_tree_inside_the_other_is_not_the_other(tmp_path: Path) -> None:
    # TMPDIR in the repository, where the worktree then lies.
    inside = TreeBounds(str(tmp_path / "tmp" / "tree"), str(tmp_path), (), "")
    assert inside.is_apart(str(tmp_path / "tmp" / "file"))
    assert not inside.is_apart(str(tmp_path / "tmp" / "tree" / "file"))
    around = TreeBounds(str(tmp_path), str(tmp_path / "tmp" / "tree"), (), "")
    assert around.is_apart(str(tmp_path / "tmp" / "tree" / "file"))
    assert not around.is_apart(str(tmp_path / "file"))


def test_links_are_followed(bounds: TreeBounds, tmp_path: Path) -> None:
    # As ``flit install --symlink`` makes them; and a tree may itself be reached through one.
    installed = tmp_path / "installed"
    installed.symlink_to(tmp_path / "other" / "inside", target_is_directory=True)
    assert bounds.is_apart(str(installed / "module.py"))
    (tmp_path / "module.py").symlink_to(tmp_path / "other" / "module.py")
    assert bounds.is_apart(str(tmp_path / "module.py"))
    assert bounds.twin(str(installed / "module.py")) == str(tmp_path / "tree/inside/module.py")


def test_strays_can_be_read_by_other_processes_at_once(bounds: TreeBounds, tmp_path: Path) -> None:
    file = tmp_path / "strays"
    assert strays_told(file) == ()
    module = str(tmp_path / "other" / "module.py")
    for strays in (StrayList(bounds), StrayList(bounds)):
        for _ in range(2):
            strays.look("module 'a'", module)
        strays.look("module 'b'", str(tmp_path / "tree" / "b.py"))
    assert len(file.read_text().splitlines()) == 2, "each process tells once"
    assert strays_told(file) == (Stray("module 'a'", module),)
    assert file.stat().st_mode & 0o777 == 0o600


def test_settings_that_name_the_other_tree(bounds: TreeBounds, tmp_path: Path) -> None:
    other = tmp_path / "other"
    strays = StrayList(bounds)
    strays.look_at_settings(
        {
            "BASE_DIR": other / "inside",
            "TEMPLATES": [{"DIRS": [str(other / "only")], "OPTIONS": {"debug": True}}],
            "LOCALE_PATHS": (other / ".venv" / "lib", tmp_path / "tree" / "inside"),
            "MEDIA_ROOT": other / "only",
            "LOGIN_URL": str(other / "inside"),
            "NUMBER": 1,
            "DEEP": {"a": {"b": [{"c": str(other)}]}},
        }
    )
    assert [str(stray).partition(" is ")[0] for stray in strays.found] == [
        "a path in the setting BASE_DIR",
        "a path in the setting TEMPLATES",
        "a path in the setting DEEP",
    ]


def test_a_refusal_names_the_first_and_what_to_do() -> None:
    module = Stray("module 'core'", "/site/core.py")
    said = refusal([module, Stray("module 'more'", "/site/more.py")])
    assert said.startswith("refusing to serve: module 'core' is /site/core.py, in the other side's")
    assert "--djworkers-compare-python" in said
    assert said.endswith("(and 1 more like it)")
    compiled = Stray("compiled module 'fast'", "/site/fast.so", is_missing=True)
    assert "would run without it" in refusal([compiled])
