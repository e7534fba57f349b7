"""The examples of all pages are what the plugin, Python and the repository take.

Python is executed, and load tests are collected under a server. Configurations and command lines
of pytest are read into settings. What a page shows of a command's output is compared where the
command is run: in ``test_documented_tutorial``, ``test_documented_commands`` and
``test_documented_output``.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.cli import _parser
from pytest_djworkers.server.certificate import Certificate
from pytest_djworkers.settings.reading import read_settings
from pytest_djworkers.system.unpatched_sockets import UnpatchedSocket
from tests.support.pages import DOCS, MARKDOWN, ROOT, Example, examples
from tests.support.site import SETTINGS, Site

GUIDES, TUTORIAL = DOCS / "how-to", DOCS / "tutorial" / "index.rst"
PYTHON = examples("python")
# That of a package is read in tests/backends/test_documented.py.
CONFIGURATIONS = [one for one in examples("ini", "toml") if "[project." not in one.source]
NEEDS_A_SITE = {
    GUIDES / "settings-for-load-tests.rst": "test_documented_settings serves a site with it",
    TUTORIAL: "test_documented_tutorial writes and runs it",
}
"""Python that imports a site of its own, and what runs it."""
SHOWS_OUTPUT = {
    TUTORIAL: "test_documented_tutorial",
    GUIDES / "from-other-tools.rst": "test_documented_commands",
}
"""The pages whose shell sessions show output, and the tests that compare it."""
COMMANDS = [
    pytest.param(example, command, id=f"{example}: {command[:40]}")
    for example in examples("console")
    for command, _ in example.steps()
]
SITE_OF_ITS_OWN = ("--strict-config", "--ds=settings", "--override-ini=pythonpath=.")
AN_INTERPRETER = "../base-venv/bin/python"
"""Of the reader; it must exist."""
RUN_EXAMPLES = """
import json
import sys
from pathlib import Path
from types import ModuleType

import django

django.setup()
for number, (name, source) in enumerate(json.loads(Path("examples.json").read_text())):
    # A dataclass looks its module up.
    module = sys.modules[f"example_{number}"] = ModuleType(f"example_{number}")
    exec(compile(source, name, "exec"), vars(module))
"""
PROGRAMS_OF_THE_READER = ("cd", "mkdir", "python3", ".", "git", "django-admin", "pipx", "python")
"""They are not ours: what is written of them is run by the tests of the pages above, or needs the
network."""


def test_pages_have_examples() -> None:
    assert len(PYTHON) > 15
    assert len(COMMANDS) > 40
    assert {example.page for example in examples("python", "console")} >= {*MARKDOWN[:1]}


@pytest.mark.parametrize("example", PYTHON, ids=str)
def test_python_names_only_what_it_has(example: Example) -> None:
    """Also in the bodies of functions, which nobody calls here."""
    ruff = pytest.importorskip("ruff", reason="ruff is in the group lint")
    checked = subprocess.run(
        [ruff.find_ruff_bin(), "check", "--no-cache", "--isolated", "--select=F,E9", "-"],
        input=example.source,
        capture_output=True,
        text=True,
        check=False,
    )
    wanted = "F403" if "import *" in example.source else ""
    found = set(re.findall(r"\b[FE]\d+\b", checked.stdout)) - {wanted, "F405", "F811"}
    assert not found, checked.stdout


def test_python_runs(site: Site) -> None:
    """In a process with a site, whose models it may import."""
    sources = [(str(one), one.source) for one in PYTHON if one.page not in NEEDS_A_SITE]
    site.write("run_examples.py", RUN_EXAMPLES)
    site.write("examples.json", json.dumps(sources))
    done = subprocess.run(
        [sys.executable, "run_examples.py"],
        cwd=site.folder,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_load_tests_are_collected_under_a_server(site: Site) -> None:
    """So their markers are right."""
    tests = [one.source for one in PYTHON if "def test_" in one.source]
    site.write("pytest.ini", (site.folder / "pytest.ini").read_text() + "markers = timeout\n")
    for number, source in enumerate(tests):
        site.write(f"test_{number}.py", source)
    result = site.burst("--collect-only", "-q", "--strict-markers")
    assert result.ret == 0, result.stdout.str()
    collected = re.findall(r"^test_\d+\.py::\w+\[granian\]$", result.stdout.str(), re.MULTILINE)
    assert len(collected) == sum(source.count("def test_") for source in tests)


@pytest.mark.parametrize("example", CONFIGURATIONS, ids=str)
def test_a_configuration_is_taken(example: Example, site: Site) -> None:
    """Each of its values is read, since an unknown name or a wrong value ends a run."""
    if example.language == "toml":
        if pytest.version_tuple < (9,):
            pytest.skip("pytest reads [tool.pytest] from version 9 on")
        (site.folder / "pytest.ini").unlink()
    # A site for its settings, in place of those of the reader.
    for module in ("settings", "shop/settings", "shop/settings_load"):
        site.write(f"{module}.py", SETTINGS)
    site.test("def test_json(burst):\n    burst('/json')\n")
    site.write("pyproject.toml" if example.language == "toml" else "pytest.ini", example.source)
    ours = re.findall(r"^djworkers\w*", example.source, re.MULTILINE)
    result = site.pytest(*SITE_OF_ITS_OWN, "--collect-only", "--djworkers=granian")
    assert ours
    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    result.stdout.fnmatch_lines("djworkers: granian *")


@pytest.mark.parametrize(("example", "command"), COMMANDS)
def test_a_command_is_what_its_program_takes(
    example: Example,
    command: str,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    certificate: Certificate,
) -> None:
    # The addresses that commands bind are the reader's.
    for name in ("bind", "connect"):
        monkeypatch.setattr(UnpatchedSocket, name, lambda *_: None)
    # So is the certificate.
    shutil.copy(certificate.files.certificate, pytester.path / "certificate.pem")
    shutil.copy(certificate.files.key, pytester.path / "key.pem")
    program, *arguments = shlex.split(command, comments=True)
    if program == "pytest":
        # pytest-django would set Django up in this process.
        arguments = [one for one in arguments if not one.startswith("--ds=")]
        arguments = [one.replace(AN_INTERPRETER, sys.executable) for one in arguments]
        fires_load = any(one.startswith(("--djworkers=", "--djworkers-url=")) for one in arguments)
        assert (read_settings(pytester.parseconfig(*arguments)) is not None) == fires_load
    elif program == "djworkers":
        assert _parser().parse_args(arguments).run
    elif program == "pip":
        assert_installs_extras(arguments)
    elif program == "make":
        target = re.escape(arguments[0])
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif program.startswith(".ci/"):
        assert (ROOT / program).exists()
    else:
        assert program in PROGRAMS_OF_THE_READER


def assert_installs_extras(arguments: list[str]) -> None:
    """Fail for an extra that this package doesn't have."""
    command, requirement = arguments
    extras = re.fullmatch(r"pytest-djworkers\[(.*)\]", requirement)
    assert command == "install"
    assert extras is not None
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras[1].split(",")) <= known.keys()


def test_only_pages_that_are_run_show_output() -> None:
    showing = {
        example.page
        for example in examples("console")
        if any(output.strip() for _, output in example.steps())
    }
    assert showing == SHOWS_OUTPUT.keys()


def test_every_server_can_be_installed_as_an_extra() -> None:
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert BACKENDS.keys() <= known.keys()


def test_every_shell_session_is_one() -> None:
    """A command without ``$`` would be taken for output."""
    for example in examples("console"):
        assert example.source.startswith("$ "), example
