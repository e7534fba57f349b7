"""The owner of code, by its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.profiling.code_folders import CodeFolders, Function, Owner
from pytest_djworkers.profiling.stacks import Frame


def of(file: object, *roots: object) -> tuple[Owner, str]:
    function = CodeFolders(tuple(map(str, roots))).function_of(Frame("view", str(file), 9))
    return function.owner, function.file


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("/site/shop/views.py", (Owner.SITE, "shop/views.py")),
        ("/site/.venv/lib/python3.13/site-packages/x/y.py", (Owner.LIBRARY, "x/y.py")),
        ("/usr/lib/python3/dist-packages/x.py", (Owner.LIBRARY, "x.py")),
        ("/usr/lib/python3.14t/json/encoder.py", (Owner.LIBRARY, "json/encoder.py")),
        ("/usr/lib64/python3.11/socket.py", (Owner.LIBRARY, "socket.py")),
        ("<frozen runpy>", (Owner.LIBRARY, "<frozen runpy>")),
        ("/site/native.so", (Owner.LIBRARY, "/site/native.so")),
        ("/site/templates/page.html", (Owner.SITE, "templates/page.html")),
        ("/elsewhere/templates/page.html", (Owner.LIBRARY, "page.html")),
        ("src/native.py", (Owner.LIBRARY, "src/native.py")),
        ("/elsewhere/views.py", (Owner.SITE, "/elsewhere/views.py")),
        ("/sites/views.py", (Owner.SITE, "/sites/views.py")),
    ],
)
def test_the_folder_tells_the_owner(file: str, expected: tuple[Owner, str]) -> None:
    assert of(file, "/site") == expected


@pytest.mark.parametrize("folder", ["entry", "system"])
def test_our_own_code_is_nobodys(folder: str) -> None:
    file = f"/site-packages/pytest_djworkers/{folder}/app.py"
    assert of(file, "/") == (Owner.PLUGIN, file)


def test_of_two_folders_the_first_counts() -> None:
    assert of("/top/site/views.py", "/top", "/top/site")[1] == "site/views.py"
    assert of("/top/site/views.py", "/top/site", "/top")[1] == "views.py"


def test_a_folder_may_be_known_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    expected = (Owner.SITE, "views.py")
    assert of(tmp_path / "real" / "views.py", link) == expected
    assert of(link / "views.py", tmp_path / "real") == expected


def test_for_people_it_has_its_file() -> None:
    function = Function("Shop.get", "shop/views.py", Owner.SITE)
    assert str(function) == "Shop.get (shop/views.py)"
    assert function.is_of_site
