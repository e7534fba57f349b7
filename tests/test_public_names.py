"""The public names: all of them resolve, are documented, and cost nothing until they are used."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

import pytest_djworkers
from pytest_djworkers import errors

DOCS = Path(__file__).parents[1] / "docs"
EXCEPTIONS = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, Exception)
}


@pytest.mark.parametrize("name", pytest_djworkers.__all__)
def test_a_public_name_is_what_its_module_defines(name: str) -> None:
    value = getattr(pytest_djworkers, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert (value.__name__, value.__module__.split(".")[0]) == (name, "pytest_djworkers")
    else:
        assert isinstance(value, str)


def test_names_are_found_by_completion_and_unknown_ones_are_attribute_errors() -> None:
    assert set(pytest_djworkers.__all__) < set(dir(pytest_djworkers))
    assert len(pytest_djworkers.__all__) == len(set(pytest_djworkers.__all__))
    with pytest.raises(AttributeError, match=r"^module 'pytest_djworkers' has no attribute 'Bur'$"):
        pytest_djworkers.Bur  # type: ignore[attr-defined]  # noqa: B018  # that is the test


def test_type_checkers_see_the_names_that_are_imported_at_run_time() -> None:
    tree = ast.parse(Path(pytest_djworkers.__file__).read_text())
    for_type_checkers, *_ = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (alias.name, str(statement.module))
        for statement in for_type_checkers.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    modules = pytest_djworkers._MODULE_OF.items()
    assert seen == {(name, f"pytest_djworkers.{module}") for name, module in modules}
    assert {name for name, _ in seen} == set(pytest_djworkers.__all__)


def test_the_package_alone_imports_none_of_its_modules() -> None:
    program = (
        "import json, sys; import pytest_djworkers;"
        "print(json.dumps([name for name in sys.modules if 'djworkers' in name]))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    ).stdout
    assert json.loads(said) == ["pytest_djworkers"]


def test_every_public_name_is_in_the_reference() -> None:
    reference = "".join(page.read_text() for page in (DOCS / "reference").glob("*.rst"))
    documented = re.findall(r"^\.\. \w+:: pytest_djworkers\.(\w+)$", reference, re.MULTILINE)
    assert sorted(documented) == sorted([*pytest_djworkers.__all__, "errors"])


def test_the_documented_backend_needs_public_names_only(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (
        (DOCS / "how-to" / "other-servers.rst")
        .read_text()
        .partition("Other servers: a package\n---")[2]
    )
    block = re.search(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)", page)
    assert block is not None
    source = dedent(block[1])
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if str(node.module).startswith("pytest_djworkers")]
    assert [node.module for node in ours] == ["pytest_djworkers"]
    assert {alias.name for node in ours for alias in node.names} <= set(pytest_djworkers.__all__)
    module = ModuleType("patient_backend")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # its dataclass looks it up
    exec(source, vars(module))
    plan = pytest_djworkers.LaunchPlan("127.0.0.1", 8000, 1, 100)
    assert module.PATIENT.command("python", plan) == [
        "python",
        "-P",
        "-m",
        "waitress",
        "--listen=127.0.0.1:8000",
        "--connection-limit=116",
        "--threads=4",
        pytest_djworkers.WSGI_ENTRY,
    ]


def test_every_exception_is_public() -> None:
    assert EXCEPTIONS.keys() <= set(pytest_djworkers.__all__)
    assert all(getattr(pytest_djworkers, name) is value for name, value in EXCEPTIONS.items())


def test_the_tree_of_exceptions_is_as_it_is_drawn() -> None:
    drawn: dict[str, str] = {}
    branch: list[str] = []
    lines = re.findall(r"^ {4}([│├└─ ]*)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE)
    for indentation, name in lines:
        depth = len(indentation) // 4
        branch[depth:] = [name]
        drawn[name] = branch[depth - 1] if depth else "Exception"
    assert drawn == {name: value.__mro__[1].__name__ for name, value in EXCEPTIONS.items()}
