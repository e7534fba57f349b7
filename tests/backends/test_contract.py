"""The properties of every backend. That it serves is tested in ``test_launches.py``."""

from __future__ import annotations

import json
import tomllib
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.backends.protocol import (
    ASGI_ENTRY,
    ENTRY_FILES,
    ENTRY_FOLDER,
    WSGI_ENTRY,
    Backend,
    LaunchPlan,
)
from pytest_djworkers.backends.registry import BACKENDS, BUILT_IN, version_of
from pytest_djworkers.backends.spec import settings_of, spec_of, with_settings

PLAN = LaunchPlan("127.0.0.2", 4321, 3, 100)
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return BUILT_IN.find_installed(request.param)


def test_its_extra_lists_its_requirements(backend: Backend) -> None:
    name = backend.about.name
    assert BACKENDS[name] == backend
    assert EXTRAS[name] == list(backend.about.requires)
    in_all = ",".join(EXTRAS["all"]).replace("[", ",").replace("]", ",").split(",")
    assert in_all.count(name) == 1


def test_every_extra_of_a_server_is_a_backend() -> None:
    others = {"agents", "all", "postgresql", "profile", "report", "tls", "websockets"}
    assert EXTRAS.keys() - others == BACKENDS.keys()


def test_it_is_an_immutable_value(backend: Any) -> None:
    assert type(backend)() == backend
    for field in fields(backend):
        with pytest.raises(FrozenInstanceError):
            setattr(backend, field.name, None)


def test_it_describes_itself_in_sentences(backend: Backend) -> None:
    about = backend.about
    assert about.interface in {"WSGI", "ASGI"}
    assert about.raised_limits
    assert about.notes
    assert all(text.endswith(".") for text in about.notes)
    assert all(setting.help for setting in settings_of(backend).values())


def test_all_its_fields_are_settings_and_workers_is_the_first(backend: Any) -> None:
    names = list(settings_of(backend))
    assert names[0] == "workers"
    assert len(names) == len(fields(backend))
    assert spec_of(backend) == backend.about.name


def test_it_runs_with_the_python_it_is_given(backend: Backend) -> None:
    command = backend.command("/some/python", PLAN)
    if backend.about.name == "uwsgi":
        assert command[0] == "/some/uwsgi"
    else:
        assert command[:3] == ["/some/python", "-P", "-m"]
    assert all(command)


def test_it_serves_our_entry_at_the_address_it_is_given(backend: Backend) -> None:
    command = backend.command("python", PLAN)
    if backend.about.name != "runserver":
        entry = {"WSGI": WSGI_ENTRY, "ASGI": ASGI_ENTRY}[backend.about.interface]
        assert command[-1] in {entry, ENTRY_FILES[entry]}
    assert "127.0.0.2" in " ".join(command)
    assert "127.0.0.1" not in " ".join(command)
    assert "4321" in " ".join(command)
    if backend.about.max_workers is None:
        workers = "--processes" if backend.about.name == "uwsgi" else "--workers"
        assert command[command.index(workers) + 1] == "3"


def test_the_entries_that_command_lines_name_exist() -> None:
    runserver = BACKENDS["runserver"].command("python", PLAN)[3]
    for module in (WSGI_ENTRY.partition(":")[0], ASGI_ENTRY.partition(":")[0], runserver):
        assert (ENTRY_FOLDER / f"{module}.py").is_file()
    assert all(Path(file.partition(":")[0]).is_file() for file in ENTRY_FILES.values())


def test_its_options_are_on_its_command_line(backend: Backend) -> None:
    command = backend.command("python", PLAN)
    for name, value in backend.options(PLAN).items():
        if backend.about.name == "daphne":
            assert f":{name}={value}" in " ".join(command)
        else:
            assert command[command.index("--" + name.replace("_", "-")) + 1] == str(value)


def test_each_setting_but_workers_is_an_option(backend: Backend, tmp_path: Path) -> None:
    file = tmp_path / "server.conf"
    file.touch()
    for name, setting in settings_of(backend).items():
        if name == "workers":
            continue
        value = next(
            value for value in ("17", "asyncio", "st", "h11", str(file)) if reads(setting, value)
        )
        chosen = with_settings(backend, [f"{name}={value}"])
        assert str(chosen.options(PLAN)[name.replace("-", "_")]) == value
        command = chosen.command("python", PLAN)
        assert command[command.index(f"--{name}") + 1] == value


def reads(setting: Any, value: str) -> bool:
    """Return whether a setting accepts a value."""
    try:
        setting.read(value)
    except ValueError:
        return False
    return True


def test_its_backlog_holds_the_connections_if_it_can_be_raised(backend: Backend) -> None:
    cannot = {"gunicorn-asgi": 100, "runserver": 10}
    backlog = backend.backlog(LaunchPlan("127.0.0.1", 4321, 2, 2000))
    assert backlog == cannot.get(backend.about.name) or (backlog is not None and backlog >= 2000)


def test_its_options_survive_json(backend: Backend) -> None:
    options = dict(backend.options(PLAN))
    assert json.loads(json.dumps(options)) == options


def test_the_same_plan_gives_the_same_command(backend: Backend) -> None:
    assert backend.command("python", PLAN) == backend.command("python", PLAN)


def test_it_has_a_version(backend: Backend) -> None:
    assert version_of(backend)[0].isdigit()
