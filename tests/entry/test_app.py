"""Our entry, in a process of its own as a server loads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief, DatabaseTarget
from pytest_djworkers.server.ready import ReadySocket
from pytest_djworkers.server.runtime import this_runtime
from pytest_djworkers.server.tracebacks import failures
from pytest_djworkers.system.environment import child_environment

SETTINGS = """
SECRET_KEY = "of no use"
DEBUG = True
ROOT_URLCONF = "urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "real.sqlite3"}}
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
"""

URLS = """
from django.http import JsonResponse
from django.urls import path

def fails(request):
    raise ZeroDivisionError("this view always fails")

urlpatterns = [path("json", lambda request: JsonResponse({"served": True})), path("fails", fails)]
"""

PROLOGUE = """
import json, logging, sys
from djworkers_wsgi import application as wsgi
from django.conf import settings

def get(path):
    statuses = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "example.com",
               "SERVER_PORT": "80", "HTTP_HOST": "example.com", "wsgi.input": sys.stdin.buffer}
    body = b"".join(wsgi(environ, lambda status, headers: statuses.append(status)))
    return statuses[0], body.decode()

def tell(value):
    json.dump(value, sys.stdout)

"""


@dataclass
class Entry:
    """A folder with settings, and what loads the entry there."""

    folder: Path
    ready: ReadySocket
    databases: Mapping[str, DatabaseTarget]
    settings: str = SETTINGS
    prologue: str = PROLOGUE
    application: str | None = None

    def run(self, script: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Load the entry in another process, then run a script beside it."""
        (self.folder / "settings.py").write_text(self.settings)
        (self.folder / "urls.py").write_text(URLS)
        brief = self.folder / "brief.json"
        Brief("settings", self.databases, str(self.ready.path), application=self.application).write(
            brief
        )
        return subprocess.run(
            [sys.executable, "-c", self.prologue + script],
            cwd=self.folder,
            env=child_environment(
                (),
                PYTHONPATH=this_runtime(self.folder).start_path,
                **{ENVIRONMENT_KEY: str(brief)},
                **environment,
            ),
            capture_output=True,
            text=True,
            timeout=30,
        )

    def told(self, script: str, **environment: str) -> Any:
        """Return what the script reports."""
        done = self.run(script, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def entry(tmp_path: Path) -> Iterator[Entry]:
    """A small site with one database, which has a test database."""
    ready = ReadySocket(tmp_path / "ready")
    yield Entry(tmp_path, ready, {"default": DatabaseTarget("test.sqlite3")})
    ready.close()


def test_it_serves_the_site_and_reports_its_process(entry: Entry) -> None:
    answer, pid = entry.told("import os; tell([get('/json'), os.getpid()])")
    assert answer == ["200 OK", '{"served": true}']
    entry.ready.listen()
    assert entry.ready.reports.loaded == {pid}


def test_debug_is_off_and_every_host_is_allowed(entry: Entry) -> None:
    assert entry.told("tell([settings.DEBUG, settings.ALLOWED_HOSTS])") == [False, ["*"]]


def test_mail_is_not_sent(entry: Entry) -> None:
    done = entry.run(
        "from django.core.mail import send_mail\n"
        "tell(send_mail('subject', 'body', 'a@example.com', ['b@example.com']))"
    )
    assert done.stdout == "1"
    assert "subject" not in done.stderr


def test_mailers_do_not_send_mail_either(entry: Entry) -> None:
    console = "django.core.mail.backends.console.EmailBackend"
    entry.settings = entry.settings.replace("EMAIL_BACKEND", "UNUSED")
    entry.settings += f'MAILERS = {{"default": {{"BACKEND": "{console}"}}}}'
    nowhere = "django.core.mail.backends.dummy.EmailBackend"
    assert entry.told("tell(settings.MAILERS)") == {"default": {"BACKEND": nowhere}}


def test_the_databases_are_the_test_databases(entry: Entry) -> None:
    entry.databases = {
        "default": DatabaseTarget("test.sqlite3"),
        "other": DatabaseTarget("test_other", "u", "p", "h", "1"),
    }
    entry.settings += """
DATABASES["other"] = {
    "ENGINE": "django.db.backends.postgresql", "NAME": "other", "CONN_MAX_AGE": 9,
}
"""
    script = (
        "from django.db import connections\n"
        "tell([connections.settings[alias] for alias in ('default', 'other')])"
    )
    default, other = entry.told(script)
    assert default["NAME"] == "test.sqlite3"
    assert {key: other[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "test_other",
        "USER": "u",
        "PASSWORD": "p",
        "HOST": "h",
        "PORT": "1",
    }
    assert other["CONN_MAX_AGE"] == 9


def test_a_mirror_is_its_primarys_test_database(entry: Entry) -> None:
    entry.settings += """
DATABASES["replica"] = {
    "ENGINE": "django.db.backends.sqlite3", "NAME": "replica.sqlite3", "TEST": {"MIRROR": "default"}
}
"""
    entry.databases = dict.fromkeys(("default", "replica"), DatabaseTarget("test.sqlite3"))
    script = "from django.db import connections; tell(connections['replica'].settings_dict['NAME'])"
    assert entry.told(script) == "test.sqlite3"


@pytest.mark.parametrize(
    "databases",
    ["{}", '{"default": {}}', '{"default": {"ENGINE": "django.db.backends.dummy"}}'],
)
def test_a_site_without_databases_is_served(entry: Entry, databases: str) -> None:
    entry.settings += f"DATABASES = {databases}"
    entry.databases = {}
    assert entry.told("tell(get('/json'))")[0] == "200 OK"


@pytest.mark.parametrize(
    "databases", [{}, {"default": DatabaseTarget("real.sqlite3")}], ids=["unknown", "the real one"]
)
def test_a_database_that_is_no_test_database_is_refused(
    entry: Entry, databases: dict[str, DatabaseTarget]
) -> None:
    entry.databases = databases
    done = entry.run()
    assert done.returncode
    assert done.stderr.splitlines()[-1] == (
        "RuntimeError: refusing to serve database 'default' (real.sqlite3): it is not a test"
        " database. Let pytest-django create one (its fixture django_db_setup), or leave it out of"
        " load tests with --djworkers-ignore-database=default."
    )
    entry.ready.listen()
    assert not entry.ready.reports.loaded
    assert entry.ready.reports.has_failed


@pytest.mark.parametrize("ends", ["import gone", "raise SystemExit('not today')"])
def test_why_a_site_cant_be_loaded_is_in_the_log_though_a_server_swallows_it(
    entry: Entry, ends: str
) -> None:
    entry.prologue = "try:\n    import djworkers_wsgi\nexcept BaseException:\n    pass\n"
    entry.settings += ends
    done = entry.run()
    assert done.returncode == 0
    (failure,) = failures(done.stderr.splitlines())
    assert failure.last.exception in {
        "ModuleNotFoundError: No module named 'gone'",
        "SystemExit: not today",
    }
    assert failure.last.frames[-1].file == str(entry.folder / "settings.py")
    entry.ready.listen()
    assert entry.ready.reports.has_failed


def test_the_sites_own_application_is_served(entry: Entry) -> None:
    entry.settings += 'WSGI_APPLICATION = "own.application"'
    (entry.folder / "own.py").write_text(
        "def application(environ, start_response):\n"
        "    start_response('299 Own', [])\n"
        "    return [b'own']\n"
    )
    assert entry.told("tell(get('/json'))") == ["299 Own", "own"]


@pytest.mark.parametrize("setting", ["", "WSGI_APPLICATION = None"])
def test_an_application_that_wraps_django_beside_the_settings_is_served(
    entry: Entry, setting: str
) -> None:
    entry.settings += setting
    (entry.folder / "wsgi.py").write_text(
        "from django.core.wsgi import get_wsgi_application\n"
        "django = get_wsgi_application()\n"
        "def application(environ, start_response):\n"
        "    return [b'wrapped ', *django(environ, start_response)]\n"
    )
    assert entry.told("tell(get('/json'))") == ["200 OK", 'wrapped {"served": true}']


def test_an_application_that_is_not_there_is_refused(entry: Entry) -> None:
    entry.application = "urls:nothing"
    done = entry.run()
    assert done.returncode
    assert done.stderr.splitlines()[-1] == (
        "RuntimeError: refusing to serve: module 'urls' has no 'nothing' (as asked for): name the"
        " application with --djworkers-application=MODULE:ATTRIBUTE"
    )


ASGI_PROLOGUE = """
import asyncio, json, sys

def get():
    from djworkers_asgi import application
    sent, requests = [], [{"type": "http.request"}]

    async def receive():
        return requests.pop() if requests else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
             "path": "/json", "query_string": b"", "headers": []}
    asyncio.run(application(scope, receive, send))
    return sent[0]["status"], sent[1]["body"].decode()

json.dump(get(), sys.stdout)
"""


@pytest.mark.parametrize(
    ("setting", "answer"),
    [
        ("", [200, '{"served": true}']),
        ('ASGI_APPLICATION = "own.application"', [299, "own"]),
        ('WSGI_APPLICATION = "own.application"', [200, '{"served": true}']),
    ],
)
def test_the_site_is_served_with_asgi_as_well(
    entry: Entry, setting: str, answer: list[object]
) -> None:
    entry.settings += setting
    (entry.folder / "own.py").write_text(
        "async def application(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 299, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': b'own'})\n"
    )
    entry.prologue = ASGI_PROLOGUE
    assert entry.told("") == answer
    entry.ready.listen()
    assert len(entry.ready.reports.loaded) == 1


def test_the_first_errors_are_logged_and_no_more(entry: Entry) -> None:
    done = entry.run("tell([get('/fails')[0] for _ in range(20)])")
    assert json.loads(done.stdout) == ["500 Internal Server Error"] * 20
    assert done.stderr.count("ZeroDivisionError: this view always fails") == 3


def test_the_sites_urls_are_loaded_before_it_is_ready(entry: Entry) -> None:
    """Every worker would else import the site at its first request, in the burst."""
    assert entry.told("tell('urls' in sys.modules)") is True


def test_urls_that_cant_be_imported_are_each_requests_error(entry: Entry) -> None:
    entry.settings = entry.settings.replace('"urls"', '"no_such_urls"')
    script = "try: get('/json')\nexcept ModuleNotFoundError as error: tell(error.name)"
    assert entry.told(script) == "no_such_urls"
    entry.ready.listen()
    assert len(entry.ready.reports.loaded) == 1


def test_a_worker_that_comes_when_nobody_listens_serves_too(entry: Entry) -> None:
    entry.ready.close()
    assert entry.told("tell(get('/json'))")[0] == "200 OK"


def test_the_settings_are_those_of_the_brief(entry: Entry) -> None:
    assert entry.told("tell(settings.DEBUG)", DJANGO_SETTINGS_MODULE="no.such.module") is False


def test_the_entry_is_loaded_once(entry: Entry) -> None:
    script = "import djworkers_wsgi as entry; tell(entry.application is wsgi)"
    assert entry.told(script) is True
    entry.ready.listen()
    assert len(entry.ready.reports.loaded) == 1


def test_importing_it_alone_loads_nothing() -> None:
    script = "import sys, pytest_djworkers.entry.app as app\nassert 'django' not in sys.modules\n"
    environment = {**os.environ, ENVIRONMENT_KEY: "/no/such/brief"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
