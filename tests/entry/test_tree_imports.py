"""Imports held to one tree: each way in which code of a repository is reached past sys.path.

Each is tried in a process of its own, whose installed packages are in a folder that ``site`` reads
as it reads an environment's.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from pytest_djworkers.entry.strays import strays_told
from pytest_djworkers.entry.tree_bounds import TreeBounds

SETUPTOOLS = pytest.importorskip("setuptools.command.editable_wheel", reason="its finder is tested")

HOLD = """
import json, site, sys
site.addsitedir({installed!r})
from pytest_djworkers.entry.tree_imports import hold_imports
from pytest_djworkers.entry.tree_bounds import TreeBounds
strays = hold_imports(TreeBounds.from_dict(json.loads({bounds!r})))
"""


@dataclass
class Trees:
    """The working tree and base's, with a package each that says which it is; and a folder of
    installed packages."""

    folder: Path

    @property
    def head(self) -> Path:
        """The working tree."""
        return self.folder / "head"

    @property
    def base(self) -> Path:
        """Base's worktree."""
        return self.folder / "base"

    @property
    def installed(self) -> Path:
        """A folder that the module ``site`` reads."""
        return self.folder / "installed"

    def write(self, name: str, text: str = "TREE = {!r}\n") -> None:
        """Write a file of both trees, each with the tree's name in it."""
        for tree in (self.head, self.base):
            file = tree / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.format(tree.name))

    def install(self, name: str, text: str) -> None:
        """Write a file that ``site`` reads, or a module beside it."""
        (self.installed / name).write_text(text)

    def run(self, script: str) -> str:
        """Return what a script prints in a process of base."""
        bounds = TreeBounds(str(self.base), str(self.head), (), str(self.folder / "strays"))
        hold = HOLD.format(installed=str(self.installed), bounds=json.dumps(bounds.to_dict()))
        done = subprocess.run(
            [sys.executable, "-c", hold + script],
            capture_output=True,
            text=True,
            timeout=30,
            cwd=Path(__file__).parents[2],
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def strays(self) -> list[str]:
        """Return the strays that it has reported."""
        return [stray.what for stray in strays_told(self.folder / "strays")]


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    """A monorepo with a package ``core`` in ``packages/core/src``."""
    made = Trees(tmp_path)
    made.installed.mkdir()
    made.write("packages/core/src/core/__init__.py")
    made.write("packages/core/src/core/deep/module.py")
    return made


def setuptools_finder(trees: Trees, mapping: dict[str, str], spaces: dict[str, list[str]]) -> None:
    """Install as setuptools does: ``pip install -e``."""
    name = "__editable___core_1_finder"
    trees.install(f"{name}.py", SETUPTOOLS._finder_template(name, mapping, spaces))
    trees.install("__editable__.core-1.pth", f"import {name}; {name}.install()")


CORE = "packages/core/src/core"
SAYS = "import core, core.deep.module as module; print(core.TREE, module.TREE)"


def test_setuptools_finder(trees: Trees) -> None:
    setuptools_finder(trees, {"core": str(trees.head / CORE)}, {})
    assert trees.run(SAYS) == "base base"
    assert trees.strays == []


def test_setuptools_namespaces(trees: Trees) -> None:
    trees.write("packages/one/src/space/one/__init__.py")
    trees.write("packages/two/src/space/two.py")
    spaces = {"space": [str(trees.head / f"packages/{name}/src/space") for name in ("one", "two")]}
    mapping = {"space.one": str(trees.head / "packages/one/src/space/one")}
    setuptools_finder(trees, mapping, spaces)
    script = "import space.one, space.two; print(space.one.TREE, space.two.TREE)"
    assert trees.run(script) == "base base"
    assert trees.strays == []


PTH = {
    "path": "{head}/packages/core/src\n",
    "path by sitecustomize": "import sys; sys.path.insert(0, '{head}/packages/core/src')\n",
    "meta path": "import redirector\n",
}
REDIRECTOR = """
import importlib.util, sys

class Finder:  # as editables has it
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "core":
            return importlib.util.spec_from_file_location(name, "{head}/{core}/__init__.py")

sys.meta_path.insert(0, Finder)
"""


@pytest.mark.parametrize("line", PTH)
def test_paths_and_finders(line: str, trees: Trees) -> None:
    trees.install("redirector.py", REDIRECTOR.format(head=trees.head, core=CORE))
    trees.install("core.pth", PTH[line].format(head=trees.head))
    assert trees.run(SAYS) == "base base"
    assert trees.strays == []


def test_a_link_to_a_package(trees: Trees) -> None:
    (trees.installed / "core").symlink_to(trees.head / CORE, target_is_directory=True)
    assert trees.run(SAYS) == "base base"
    assert trees.strays == []


def test_a_namespace_that_a_pth_file_makes(trees: Trees) -> None:
    trees.write("packages/one/space/one.py")
    trees.install(
        "space-nspkg.pth",
        "import sys, types; module = sys.modules.setdefault('space', types.ModuleType('space'));"
        f" module.__path__ = [{str(trees.head / 'packages/one/space')!r}]\n",
    )
    assert trees.run("import space.one; print(space.one.TREE)") == "base"
    assert trees.strays == []


def test_a_path_that_the_site_adds(trees: Trees) -> None:
    assert trees.run(f"sys.path.insert(0, {str(trees.head / 'packages/core/src')!r})\n{SAYS}") == (
        "base base"
    )
    assert trees.strays == []


def test_a_package_that_extends_its_path(trees: Trees) -> None:
    trees.write("more/extra.py")
    script = (
        f"sys.path.insert(0, {str(trees.base / 'packages/core/src')!r})\n"
        f"import core; core.__path__.append({str(trees.head / 'more')!r})\n"
        "import core.extra; print(core.extra.TREE)"
    )
    assert trees.run(script) == "base"
    assert trees.strays == []


def test_a_module_that_base_does_not_have_is_not_there(trees: Trees) -> None:
    setuptools_finder(trees, {"core": str(trees.head / CORE)}, {})
    (trees.head / CORE / "new.py").write_text("")
    (trees.head / CORE / "__init__.py").write_text("from core import new")
    script = "try: import core.new\nexcept ImportError as error: print(error.name)"
    assert trees.run(script) == "core.new"
    assert trees.strays == []


def test_a_module_loaded_from_its_file_is_reported(trees: Trees) -> None:
    # Late, as a view may: there is nothing between it and the loader.
    file = str(trees.head / CORE / "__init__.py")
    script = (
        "import importlib.util as util\n"
        f"spec = util.spec_from_file_location('loaded', {file!r})\n"
        "module = util.module_from_spec(spec); spec.loader.exec_module(module)\n"
        "print(module.TREE)"
    )
    assert trees.run(script) == "head"
    assert trees.strays == ["module 'loaded'"]


def test_a_module_that_was_loaded_before_is_reported(trees: Trees) -> None:
    trees.install(
        "early.pth",
        f"import sys; sys.path.insert(0, '{trees.head}/packages/core/src'); import core",
    )
    assert trees.run("import core; print(core.TREE)") == "head"
    assert trees.strays == ["module 'core'"]


@pytest.mark.parametrize("is_source_there", [True, False])
def test_a_module_that_only_the_other_tree_has_compiled_is_reported(
    is_source_there: bool, trees: Trees
) -> None:
    # Cython's and mypyc's, built in place: base would run the source, or a fallback.
    (trees.head / CORE / f"speedups{EXTENSION_SUFFIXES[0]}").write_bytes(b"")
    if is_source_there:
        trees.write(f"{CORE}/speedups.py")
    setuptools_finder(trees, {"core": str(trees.head / CORE)}, {})
    script = "try: import core.speedups\nexcept ImportError: print('none')\nelse: print('slow')"
    assert trees.run(script) == ("slow" if is_source_there else "none")
    assert trees.strays == ["compiled module 'core.speedups'"]


def test_packages_that_are_in_no_tree_are_found_as_ever(trees: Trees) -> None:
    trees.install("other.py", "WHERE = __file__")
    script = "import other, json; print(other.WHERE == other.__spec__.origin, json.__file__)"
    assert trees.run(script) == f"True {json.__file__}"
    assert trees.strays == []
