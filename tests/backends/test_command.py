"""Servers that users describe with their command line."""

from __future__ import annotations

import pytest

from pytest_djworkers.backends.command import command_backend
from pytest_djworkers.backends.protocol import ASGI_ENTRY, ENTRY_FILES, WSGI_ENTRY, LaunchPlan
from pytest_djworkers.backends.registry import registry_of
from pytest_djworkers.backends.spec import spec_of, with_settings
from pytest_djworkers.errors import SettingsError

PLAN = LaunchPlan("127.0.0.1", 4321, 3, 100)


def test_a_template_is_split_before_it_is_filled_in() -> None:
    backend = command_backend(
        "own = {python} -m 'own server' --at={host}:{port} --json '{{}}' -w {workers} {asgi}"
    )
    assert backend.command("/a python", PLAN) == [
        *("/a python", "-m", "own server", "--at=127.0.0.1:4321", "--json", "{}", "-w", "3"),
        ASGI_ENTRY,
    ]
    assert backend.about.interface == "ASGI"
    assert backend.about.max_workers is None
    assert backend.options(PLAN) == {"command": backend.template}


def test_a_template_without_workers_is_a_single_process() -> None:
    backend = command_backend("own={python} -m own {port} {wsgi}")
    assert backend.command("python", PLAN)[-1] == WSGI_ENTRY
    assert backend.about.max_workers == 1
    assert spec_of(with_settings(backend, ["workers=2"])) == "own:workers-2"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("own", "'own' is not NAME = command"),
        ("own =", "'own =' is not NAME = command"),
        ("my own = {python} {port} {wsgi}", "is not NAME = command"),
        ("own = {python} {wsgi}", "own: its command has no {port}"),
        ("own = {python} {port}", "own: its command needs one of {wsgi} and {asgi}"),
        ("own = {python} {port} {wsgi} {asgi}", "own: its command needs one of {wsgi} and {asgi}"),
        ("own = {python} {port} {wsgi} {threads}", "own: {threads} is not one of {python}, {host}"),
        ("own = {python} {port} {wsgi} {}", "own: {} is not one of {python}, {host}"),
        ("own = {python} {port {wsgi}", "own: its command can't be read: "),
        ("own = {python} '{port} {wsgi}", "own: its command can't be read: No closing quotation"),
        ("own = no-such-program {port} {wsgi}", "own: there is no program 'no-such-program'"),
        ("granian = {python} {port} {wsgi}", "'granian' is the name of another backend"),
        ("none = {python} {port} {wsgi}", "'none' is the name of another backend"),
    ],
)
def test_a_wrong_command_is_refused_with_the_reason(line: str, said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        registry_of([line])
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("template", "entry"),
    [
        ("{python} -m gunicorn -b {host}:{port} {wsgi}", WSGI_ENTRY),
        ("{python} -m granian --port {port} --interface wsgi {wsgi}", ENTRY_FILES[WSGI_ENTRY]),
        ("/usr/bin/env granian --port {port} {asgi}", ENTRY_FILES[ASGI_ENTRY]),
        ("{python} -m hypercorn --bind {host}:{port} {asgi}", ENTRY_FILES[ASGI_ENTRY]),
    ],
)
def test_servers_that_take_module_names_for_paths_get_the_entrys_file(
    template: str, entry: str
) -> None:
    assert command_backend(f"own = {template}").command("python", PLAN)[-1] == entry
