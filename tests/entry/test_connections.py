"""The site's own database is never written to, however it is reached.

Each way writes a row of its name. ``test`` it arrives in the test database, or ``refused`` nobody
gets it; in the real one, which lies beside it, is never a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.entry.beside import Beside, in_postgresql, in_sqlite, told
from tests.postgres import Cluster

ENTRY = "from djworkers_wsgi import application\n"
WRITE = "from notes import write; write('it')\n"
READY = """
from django.apps import AppConfig

class Shop(AppConfig):
    name = "shop"

    def ready(self):
        write("ready")

from notes import write
"""
THREAD = """
import threading
from notes import write

asked, done = threading.Event(), threading.Event()

def keep():
    write("first")
    done.set()
    asked.wait()
    write("second")

thread = threading.Thread(target=keep)
thread.start()
done.wait()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def beside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Beside]:
    """A site on each database; the PostgreSQL one is left without databases."""
    if request.param == "sqlite":
        yield in_sqlite(tmp_path)
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    yield in_postgresql(tmp_path, cluster)
    cluster.drop_all()


sqlite_alone = pytest.mark.parametrize("beside", ["sqlite"], indirect=True)
postgresql_alone = pytest.mark.parametrize("beside", ["postgresql"], indirect=True)


# What connects before the entry has set anything.

FILES: dict[str, dict[str, str]] = {
    "ready()": {"shop/apps.py": READY},
    "import of wsgi.py": {
        "wsgi.py": "from django.core.wsgi import get_wsgi_application\n"
        f"application = get_wsgi_application()\n{WRITE}"
    },
    "import of urls.py": {"urls.py": f"{WRITE}urlpatterns = []"},
    "a thread at import": {"wsgi.py": f"{THREAD}asked.set(); thread.join()\napplication = None"},
}


@pytest.mark.parametrize("way", FILES)
@sqlite_alone
def test_what_the_site_does_at_import(beside: Beside, way: str) -> None:
    beside.files = {"settings.py": beside.settings(CONN_MAX_AGE=None), **FILES[way]}
    said = beside.run(ENTRY + WRITE)
    assert len(beside.in_test) >= 2, said
    assert beside.in_real == []


BEFORE = {
    "django.setup()": "import django; django.setup()\n",
    "settings.configure()": "import settings as module\n"
    "from django.conf import settings\n"
    "settings.configure(**{key: value for key, value in vars(module).items() if key.isupper()})\n"
    "import django; django.setup()\n",
    "django-configurations": "import configurations; configurations.setup()\n",
    "manage.py": "import sys; sys.argv = ['manage.py', 'check']\n"
    "from django.core.management import execute_from_command_line\n"
    "execute_from_command_line(sys.argv)\n",
    "the other wsgi.py": "import wsgi\n",
}
CLASSES = """
from configurations import Configuration

class Dev(Configuration):
    SECRET_KEY = "of no use"
    INSTALLED_APPS = ["shop"]
    WSGI_APPLICATION = "wsgi.application"
    ROOT_URLCONF = "urls"
    DATABASES = {"default": %r}
"""


@pytest.mark.parametrize("way", BEFORE)
@sqlite_alone
def test_what_a_servers_configuration_imports(beside: Beside, way: str) -> None:
    """A gunicorn.conf.py, or a master that preloads the site, is there before our entry."""
    beside.files = {
        "shop/apps.py": READY,
        "settings.py": beside.settings(CONN_MAX_AGE=None),
    }
    if way == "django-configurations":
        beside.environment["DJANGO_CONFIGURATION"] = "Dev"
        beside.files["settings.py"] = CLASSES % {**beside.real, "CONN_MAX_AGE": None}
    said = beside.run(BEFORE[way] + WRITE + ENTRY + WRITE)
    assert beside.in_test == ["ready", "it", "it"], said
    assert beside.in_real == []


LATE = "import django; django.setup()\nfrom notes import write\n"


@pytest.mark.parametrize("beside", ["sqlite", "postgresql"], indirect=True)
def test_what_was_open_before_we_were_there_is_closed(beside: Beside) -> None:
    """Where neither PYTHONPATH nor the site's own start of Python lets us be the first."""
    beside.has_startup = False
    beside.files = {"settings.py": beside.settings(CONN_MAX_AGE=None)}
    keep = "from django.db import connection; connection.ensure_connection()\n"
    thread = THREAD.replace('write("first")', keep.strip().replace("; ", "\n    "))
    said = beside.run(
        f"{LATE}{keep}{thread}{ENTRY}write('it', connection)\nasked.set(); thread.join()"
    )
    assert sorted(beside.in_test) == ["it", "second"], said
    assert beside.in_real == []


# What connects later, all in one process.

TOOLS = """
import json, os, subprocess, sys
from notes import write
from django.conf import settings
from django.db import connection, connections

real = json.loads(os.environ["REAL"])

def defaults(**changes):
    return {**connections.settings["default"], **real, **changes}

def attempt(way):
    try:
        outcome = way() or "test"
    except RuntimeError as error:
        outcome = str(error)
    print(json.dumps({way.__name__: outcome}))

def by_hand():
    write("by_hand", type(connections["default"])(defaults(), "default"))

def created():
    write("created", connections.create_connection("default"))

def settings_changed():
    settings.DATABASES["default"].update(real)
    write("settings_changed", connections.create_connection("default"))

def settings_changed_back():
    settings.DATABASES["default"].update(NAME=test_name)

def alias_added():
    connections.databases["added"] = defaults()
    write("alias_added", connections["added"])

def handler_of_its_own():
    from django.db.utils import ConnectionHandler
    write("handler_of_its_own", ConnectionHandler({"default": defaults()})["default"])

def by_a_router():
    from django.contrib.auth.models import Group
    from django.db import router
    from django.test import override_settings
    class Router:
        def db_for_write(self, model, **hints):
            return "added"
    router.__dict__["routers"] = [Router()]
    Group.objects.create(name="x")

def reconnected():
    connection.close()
    connection.settings_dict.update(real)
    try:
        write("reconnected")
    finally:
        connection.settings_dict["NAME"] = test_name

def in_a_child():
    script = "import django; django.setup(); from notes import write; write('in_a_child')"
    subprocess.run([sys.executable, "-c", script], check=True)

def forked():
    connection.ensure_connection()
    raw, connection.connection = connection.connection, None
    if not os.fork():
        write("forked")
        os._exit(0)
    assert os.wait()[1] == 0
    connection.connection = raw

def in_another_thread():
    import threading
    thread = threading.Thread(target=write, args=["in_another_thread"])
    thread.start()
    thread.join()

def async_view():
    import asyncio
    from asgiref.sync import sync_to_async
    asyncio.run(sync_to_async(write)("async_view"))

test_name = connections.settings["default"]["NAME"]
for way in (by_hand, created, settings_changed, settings_changed_back, alias_added,
            handler_of_its_own, by_a_router, reconnected, in_a_child, forked, in_another_thread,
            async_view):
    attempt(way)
"""
REFUSED = {
    *("by_hand", "settings_changed", "alias_added", "handler_of_its_own", "by_a_router"),
    "reconnected",
}


def settings_with_real(beside: Beside, **changes: Any) -> None:
    """Settings that leave the real ones to be found, and models for a router."""
    import json

    apps = 'INSTALLED_APPS += ["django.contrib.auth", "django.contrib.contenttypes"]'
    beside.files["settings.py"] = beside.settings(apps, **changes)
    beside.environment["REAL"] = json.dumps(beside.real)


def test_what_connects_later(beside: Beside) -> None:
    settings_with_real(beside)
    output = beside.run(ENTRY + TOOLS)
    outcomes = told(output)
    assert outcomes, output
    refused = {name for name, outcome in outcomes.items() if outcome != "test"}
    assert refused == REFUSED, output
    for name in refused:
        assert outcomes[name].startswith("refusing to use database"), outcomes[name]
        assert outcomes[name].endswith(f"{beside.real['NAME']} is not a test database")
        assert f"ERROR: {outcomes[name]}" in output
    assert set(beside.in_test) == set(outcomes) - refused - {"settings_changed_back"}
    assert beside.in_real == []
