"""The application that is served, for projects of many layouts."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_djworkers.entry.find_application import application_of

PLAIN = "application = 1"
NEVER = "raise SystemExit('imported')"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, on the path."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, *names: str, text: str = NEVER) -> None:
    """Write modules, each in packages."""
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        for package in file.relative_to(folder).parents[:-1]:
            (folder / package / "__init__.py").write_text(NEVER)


def asgi_of(settings_module: str, asked: str | None = None, **settings: Any) -> str:
    """Return the application that is served through ASGI."""
    return str(application_of("asgi", SimpleNamespace(**settings), settings_module, asked))


BESIDE = [
    ("tree_a.settings", "tree_a/asgi.py", {}),
    ("tree_b.settings.production", "tree_b/asgi.py", {}),
    ("tree_c.settings.production", "tree_c/settings/asgi.py", {}),
    ("tree_d.conf.settings.test", "tree_d/asgi.py", {}),
    ("tree_e_settings", "asgi.py", {}),
    ("tree_f_settings.production", "asgi.py", {}),
    ("tree_g.settings", "asgi.py", {}),
    ("tree_h_tests.settings", "tree_h/asgi.py", {"WSGI_APPLICATION": "tree_h.wsgi.application"}),
    ("tree_i_tests.settings", "tree_i/asgi.py", {"ROOT_URLCONF": "tree_i.urls"}),
]


@pytest.mark.parametrize(("settings", "file", "more"), BESIDE)
def test_the_projects_module_is_found_and_nothing_is_imported(
    folder: Path, settings: str, file: str, more: dict[str, str]
) -> None:
    write(folder, settings.replace(".", "/") + ".py")
    write(folder, file, text=f"{NEVER}\n{PLAIN}")
    before = set(sys.modules)
    name = file.removesuffix(".py").replace("/", ".")
    assert asgi_of(settings, **more) == f"{name}:application"
    assert not {one for one in set(sys.modules) - before if one.startswith("tree_")}


@pytest.mark.parametrize(
    "line",
    [
        'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tree_j.settings")',
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'tree_j.settings'",
    ],
)
def test_the_project_is_that_of_manage_py(folder: Path, line: str) -> None:
    write(folder, "tree_j_tests/settings.py", "tree_j/settings.py")
    write(folder, "tree_j/asgi.py", text=PLAIN)
    assert asgi_of("tree_j_tests.settings") == "Django's own"
    (folder / "manage.py").write_text(f"import os\n{line}\n")
    assert asgi_of("tree_j_tests.settings") == "tree_j.asgi:application"


def test_the_setting_wins_and_what_is_asked_for_wins_over_it(folder: Path) -> None:
    write(folder, "tree_k/settings.py")
    write(folder, "tree_k/asgi.py", text=PLAIN)
    setting = {"ASGI_APPLICATION": "tree_k.own.wrapped"}
    assert asgi_of("tree_k.settings", **setting) == "tree_k.own:wrapped"
    assert asgi_of("tree_k.settings", "its.own:app", **setting) == "its.own:app"
    assert asgi_of("tree_k.settings", "django", **setting) == "Django's own"
    assert asgi_of("tree_k.settings", ASGI_APPLICATION=None) == "tree_k.asgi:application"


def test_a_module_of_that_name_elsewhere_is_not_the_projects(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("packages")
    monkeypatch.syspath_prepend(other)
    write(other, "asgi.py", text=PLAIN)
    write(folder, "tree_l_settings.py")
    assert asgi_of("tree_l_settings") == "Django's own"


@pytest.mark.parametrize(
    "text",
    [
        "application: object = wrap()",
        "def application(): ...",
        "from elsewhere import application",
        "from elsewhere import app as application",
        "from elsewhere import *",
        "if True:\n    application = 1",
    ],
)
def test_the_name_may_be_bound_in_any_way(folder: Path, text: str) -> None:
    write(folder, "tree_m/settings.py")
    write(folder, "tree_m/asgi.py", text=text)
    assert asgi_of("tree_m.settings") == "tree_m.asgi:application"


def test_a_module_without_the_name_is_not_passed_over(folder: Path) -> None:
    write(folder, "tree_n/settings.py")
    write(folder, "tree_n/asgi.py", text="app = Wrapper(get_asgi_application())")
    with pytest.raises(RuntimeError) as refusal:
        asgi_of("tree_n.settings")
    assert str(refusal.value) == (
        f"ASGI_APPLICATION is not set, and {folder}/tree_n/asgi.py, which is beside the settings,"
        " has no 'application': name the one that you deploy with"
        " --djworkers-application=tree_n.asgi:ATTRIBUTE, or Django's own with"
        " --djworkers-application=django"
    )
    assert asgi_of("tree_n.settings", "tree_n.asgi:app") == "tree_n.asgi:app"
