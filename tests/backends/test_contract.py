"""What every backend must be. That it serves is held by ``tests/server/test_launch.py``."""

from __future__ import annotations

import json
import tomllib
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.backends.protocol import WSGI_ENTRY, Backend, LaunchPlan
from pytest_djworkers.backends.registry import BACKENDS, installed, version_of

PLAN = LaunchPlan("127.0.0.1", 4321, 3, 100)
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return installed(request.param)


def test_it_is_named_as_its_extra(backend: Backend) -> None:
    assert BACKENDS[backend.name] is backend
    extras = PROJECT["optional-dependencies"]
    assert any(need.startswith(backend.package) for need in extras[backend.name])
    assert backend.name in extras["all"][0]


def test_it_is_an_immutable_value(backend: Any) -> None:
    assert type(backend)() == backend
    for field in fields(backend):
        with pytest.raises(FrozenInstanceError):
            setattr(backend, field.name, None)


def test_it_runs_with_the_python_it_is_given(backend: Backend) -> None:
    command = backend.command("/some/python", PLAN)
    assert command[:3] == ["/some/python", "-P", "-m"]
    assert all(command)


def test_it_serves_our_entry_where_it_is_told_to(backend: Backend) -> None:
    command = backend.command("python", PLAN)
    assert command[-1] == WSGI_ENTRY
    assert "127.0.0.1" in " ".join(command)
    assert "4321" in " ".join(command)
    assert command[command.index("--workers") + 1] == "3"


def test_its_options_are_what_it_is_started_with(backend: Backend) -> None:
    command = backend.command("python", PLAN)
    options = backend.options(PLAN)
    assert options
    for name, value in options.items():
        assert command[command.index("--" + name.replace("_", "-")) + 1] == str(value)


def test_its_options_can_be_stored(backend: Backend) -> None:
    options = dict(backend.options(PLAN))
    assert json.loads(json.dumps(options)) == options


def test_the_same_plan_makes_the_same_command(backend: Backend) -> None:
    assert backend.command("python", PLAN) == backend.command("python", PLAN)


def test_it_has_a_version(backend: Backend) -> None:
    assert version_of(backend)[0].isdigit()


def test_it_scrubs_what_sets_the_number_of_workers(backend: Backend) -> None:
    assert "WEB_CONCURRENCY".startswith(backend.scrubbed)
