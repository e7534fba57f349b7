"""Tasks that run with the code of an arm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.compare.remote import last_migrations
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.runtime import Runtime, this_runtime
from tests.support.site import SETTINGS

MIGRATION = """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [{dependencies}]
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    """A site with an app of its own."""
    (tmp_path / "settings.py").write_text(SETTINGS + 'INSTALLED_APPS.append("app")\n')
    migrations = tmp_path / "app" / "migrations"
    migrations.mkdir(parents=True)
    (tmp_path / "app" / "__init__.py").touch()
    (migrations / "__init__.py").touch()
    (migrations / "0001_first.py").write_text(MIGRATION.format(dependencies=""))
    here = this_runtime(tmp_path)
    return replace(here, folder=tmp_path, search_path=(str(tmp_path), *here.search_path))


@pytest.fixture
def spec(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> LaunchSpec:
    """The launch spec of that site."""
    return LaunchSpec(
        settings_module="settings",
        databases={"default": DatabaseTarget("test.sqlite3")},
        runtime=runtime,
        folder=tmp_path_factory.mktemp("launch"),
        port=1,
        workers=1,
        startup_timeout_s=30,
    )


def test_the_last_migrations_of_each_app_are_found(runtime: Runtime, spec: LaunchSpec) -> None:
    first = last_migrations(spec)
    assert ("app", "0001_first") in first
    assert {app for app, _ in first} == {"app", "auth", "contenttypes"}
    after = MIGRATION.format(dependencies='("app", "0001_first")')
    (runtime.folder / "app" / "migrations" / "0002_second.py").write_text(after)
    second = last_migrations(spec)
    assert first ^ second == {("app", "0001_first"), ("app", "0002_second")}


def test_a_site_may_print_at_start_up(runtime: Runtime, spec: LaunchSpec) -> None:
    with (runtime.folder / "settings.py").open("a") as file:
        file.write("print('hello')\n")
    assert last_migrations(spec)


def test_a_site_that_cannot_be_set_up_is_reported_with_the_reason(
    runtime: Runtime, spec: LaunchSpec
) -> None:
    (runtime.folder / "settings.py").write_text("import nothing_of_that_name\n")
    error = "ModuleNotFoundError: No module named 'nothing_of_that_name'"
    where = rf"at {runtime.folder}/settings\.py:1 in <module>"
    with pytest.raises(
        ServerStartError,
        match=rf"can't be set up: exit status 1\nthe first error in its log: {error}, {where}\n",
    ):
        last_migrations(spec)


def test_a_site_that_hangs_at_start_up_is_given_up(runtime: Runtime, spec: LaunchSpec) -> None:
    (runtime.folder / "settings.py").write_text("import time\ntime.sleep(60)\n")
    with pytest.raises(ServerStartError, match="not done within 1s"):
        last_migrations(replace(spec, startup_timeout_s=1))


def test_a_missing_interpreter_is_reported(runtime: Runtime, spec: LaunchSpec) -> None:
    with pytest.raises(ServerStartError, match="/nowhere/python: No such file"):
        last_migrations(replace(spec, runtime=replace(runtime, python="/nowhere/python")))


def test_queries_at_start_up_go_to_the_test_database(runtime: Runtime, spec: LaunchSpec) -> None:
    (runtime.folder / "app" / "apps.py").write_text(
        "from django.apps import AppConfig\n"
        "from django.db import connection\n"
        "class App(AppConfig):\n"
        "    name = 'app'\n"
        "    def ready(self):\n"
        "        connection.cursor().execute('CREATE TABLE made (it)')\n"
    )
    last_migrations(spec)
    assert (runtime.folder / "test.sqlite3").stat().st_size
    assert not (runtime.folder / "site.sqlite3").exists()
