"""The site's own database is never written to, however it is reached.

Each way writes a row of its name. ``test`` it arrives in the test database, or ``refused`` nobody
gets it; in the real one, which lies beside it, is never a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import Cluster
from tests.support.real_databases import Beside, in_postgresql, in_sqlite, told

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
def test_connections_that_the_site_makes_at_import(beside: Beside, way: str) -> None:
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
def test_connections_that_a_servers_configuration_makes(beside: Beside, way: str) -> None:
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
def test_connections_from_before_the_hook_are_closed(beside: Beside) -> None:
    """A process in which neither PYTHONPATH nor sitecustomize lets our hook be the first."""
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
    apps = 'INSTALLED_APPS += ["django.contrib.auth", "django.contrib.contenttypes"]'
    beside.files["settings.py"] = beside.settings(apps, **changes)
    beside.environment["REAL"] = json.dumps(beside.real)


def test_connections_that_are_made_later(beside: Beside) -> None:
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


ATTACH = """
def attached():
    with connection.cursor() as cursor:
        cursor.execute(f"ATTACH DATABASE '{real['NAME']}' AS other")
    write("attached")

def after_attaching():
    write("after_attaching")
"""
RAW_SQLITE = """
import sqlite3

def by_driver():
    raw = sqlite3.connect(real["NAME"])
    raw.execute("INSERT INTO notes VALUES ('by_driver')"), raw.commit()

def by_its_class():
    raw = sqlite3.Connection(f"file:{real['NAME']}?mode=rw", uri=True)
    raw.execute("INSERT INTO notes VALUES ('by_its_class')"), raw.commit()

def by_a_link():
    os.link(real["NAME"], "link")
    raw = sqlite3.connect(b"link")
    raw.execute("INSERT INTO notes VALUES ('by_a_link')"), raw.commit()

def of_its_own():
    raw = sqlite3.connect("own.sqlite3")
    raw.execute("CREATE TABLE it (x)"), raw.close()

def in_memory():
    sqlite3.connect(":memory:").close()

def in_a_child():
    script = f"import sqlite3; sqlite3.connect({real['NAME']!r})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    raise RuntimeError(done.stderr.strip().splitlines()[-1].partition(": ")[2])
"""
RAW_PSYCOPG = """
import asyncio, psycopg, psycopg2, psycopg_pool

INSERT = "INSERT INTO notes VALUES ('{}')"
address = {"host": real["HOST"], "port": real["PORT"], "user": real["USER"]}

def by_psycopg():
    psycopg.connect(dbname="site", **address).execute(INSERT.format("psycopg"))

def by_its_class():
    psycopg.Connection.connect(f"dbname=site host={real['HOST']}", autocommit=True,
                               port=real["PORT"], user=real["USER"])

def async_one():
    asyncio.run(psycopg.AsyncConnection.connect(dbname="site", **address))

def by_psycopg2():
    psycopg2.connect(dbname="site", **address).cursor().execute(INSERT.format("psycopg2"))

def by_a_pool():
    failed = []
    pool = psycopg_pool.ConnectionPool(kwargs={"dbname": "site", **address}, min_size=1,
        reconnect_timeout=0.1, reconnect_failed=lambda pool: failed.append(1), open=True)
    try:
        with pool.connection(timeout=2) as raw:
            raw.execute(INSERT.format("pool"))
    except psycopg_pool.PoolTimeout:
        raise RuntimeError("refusing to use nothing: the pool stays empty") from None
    finally:
        pool.close()

def of_another():
    psycopg.connect(dbname="postgres", **address).close()
    psycopg2.connect(dbname="test_site", **address).close()
"""


def ways(names: str) -> str:
    return f"for way in ({names}): attempt(way)\n"


@pytest.mark.parametrize(
    ("beside", "more", "names", "allowed"),
    [
        ("sqlite", ATTACH, "attached, after_attaching", {"after_attaching"}),
        (
            "sqlite",
            RAW_SQLITE,
            "by_driver, by_its_class, by_a_link, of_its_own, in_memory, in_a_child",
            {"of_its_own", "in_memory"},
        ),
        (
            "postgresql",
            RAW_PSYCOPG,
            "by_psycopg, by_its_class, async_one, by_psycopg2, by_a_pool, of_another",
            {"of_another"},
        ),
    ],
    ids=["ATTACH", "sqlite3", "psycopg"],
    indirect=["beside"],
)
def test_connections_without_django(
    beside: Beside, more: str, names: str, allowed: set[str]
) -> None:
    settings_with_real(beside)
    tools = TOOLS.partition("test_name = ")[0]
    output = beside.run(ENTRY + tools + more + ways(names))
    outcomes = told(output)
    assert list(outcomes) == names.split(", "), output
    assert {name for name, outcome in outcomes.items() if outcome == "test"} == allowed, output
    refused = [outcomes[name] for name in outcomes.keys() - allowed]
    assert all(outcome.startswith("refusing to use ") for outcome in refused), output
    assert beside.in_real == []


DYNACONF = """
import dynaconf
settings = dynaconf.DjangoDynaconf(__name__)
"""


def test_settings_that_a_library_puts_in_place_of_djangos(beside: Beside) -> None:
    """dynaconf gives copies, and Django's modules read some of this and some of that."""
    if beside.real["ENGINE"].endswith("sqlite3"):
        entry = f"ENGINE = {beside.real['ENGINE']!r}\nNAME = {beside.real['NAME']!r}\n"
        beside.files["settings.toml"] = f"[default.databases.default]\n{entry}"
    beside.files |= {
        "settings.py": beside.settings("DEBUG = True", CONN_MAX_AGE=None) + DYNACONF,
        "shop/apps.py": READY,
    }
    # What of Django is imported after the settings reads dynaconf's.
    tell = "from django.conf import settings; print('DEBUG is', settings.DEBUG)"
    said = beside.run(f"import django; django.setup()\n{WRITE}{ENTRY}{WRITE}{tell}")
    assert "DEBUG is False" in said
    assert beside.in_test == ["ready", "it", "it"], said
    assert beside.in_real == []


@pytest.mark.matrix
@sqlite_alone
def test_a_settings_package(beside: Beside) -> None:
    beside.files = {
        "settings/__init__.py": "from .base import *\nfrom .local import *\n"
        "DATABASES['default']['CONN_MAX_AGE'] = None\n",
        "settings/base.py": beside.settings(NAME="nowhere/at.all"),
        "settings/local.py": f"from .base import DATABASES\n"
        f"DATABASES['default'].update({beside.real!r})\n",
        "shop/apps.py": READY,
    }
    (beside.folder / "settings").mkdir()
    beside.files.setdefault("settings.py", "raise SystemExit('the package is meant')")
    said = beside.run(ENTRY + WRITE)
    assert beside.in_test == ["ready", "it"], said
    assert beside.in_real == []


# A test database that is not what it seems.


@postgresql_alone
def test_options_that_lead_elsewhere_are_seen_by_what_the_database_says(beside: Beside) -> None:
    beside.files["settings.py"] = beside.settings(OPTIONS={"dbname": "site"})
    said = beside.run(ENTRY + WRITE)
    assert "refusing to use PostgreSQL's database site (psycopg" in said
    beside.target = replace(beside.target, real="")
    beside.files["settings.py"] = beside.settings(OPTIONS={"dbname": "other"})
    beside.ask("postgres", "CREATE DATABASE other")
    said = beside.run(ENTRY + WRITE)
    assert "PostgreSQL's database other at " in said
    assert "is not a test database" in said
    # The same name, elsewhere:
    del beside.files["settings.py"]
    beside.target = replace(beside.target, cluster="1.5")
    assert "PostgreSQL's database test_site at 127.0.0.1/32, port" in beside.run(ENTRY + WRITE)
    assert (beside.in_real, beside.in_test) == ([], [])


@postgresql_alone
def test_a_pool_is_the_test_databases(beside: Beside) -> None:
    beside.files = {
        "settings.py": beside.settings(OPTIONS={"pool": {"min_size": 1, "max_size": 2}}),
        "shop/apps.py": READY,
    }
    fork = (
        "import os\nfrom django.db import connection\nconnection.close(); connection.close_pool()\n"
        "pid = os.fork()\nwrite('child' if not pid else 'parent')\n"
        "connection.close(); connection.close_pool()\n"
        "os._exit(0) if not pid else os.waitpid(pid, 0)\n"
    )
    said = beside.run(f"import django; django.setup()\n{ENTRY}from notes import write\n{fork}")
    assert sorted(beside.in_test) == ["child", "parent", "ready"], said
    assert beside.in_real == []


@sqlite_alone
def test_an_init_command_that_attaches_is_refused(beside: Beside) -> None:
    command = f"ATTACH DATABASE '{beside.real['NAME']}' AS other"
    beside.files["settings.py"] = beside.settings(OPTIONS={"init_command": command})
    said = beside.run(f"{ENTRY}print('it is up')")
    assert f"refusing to use database 'default': {beside.real['NAME']} is not a test" in said
    assert "it is up" not in said
    assert (beside.in_real, beside.in_test) == ([], [])


@sqlite_alone
def test_an_alias_that_is_left_out_is_refused_in_words(beside: Beside) -> None:
    other = {**beside.real, "NAME": str(beside.folder / "legacy.sqlite3")}
    beside.files["settings.py"] = beside.settings(f'DATABASES["legacy"] = {other!r}')
    use = "from django.db import connections\nwrite('it', connections['legacy'])"
    said = beside.run(f"{ENTRY}{WRITE}{use}", {"left_out": ("legacy",)})
    words = "refusing to use database 'legacy': it is left out of load tests"
    assert f"RuntimeError: {words} (--djworkers-ignore-database=legacy)" in said.replace(
        "pytest_djworkers.entry.allowed_databases.RefusedDatabaseError", "RuntimeError"
    )
    assert beside.in_test == ["it"]
    assert not Path(other["NAME"]).exists()


@sqlite_alone
def test_the_engine_and_the_options_of_the_tests_are_used(beside: Beside) -> None:
    tell = "from django.db import connections; print(connections.settings['default'])"
    beside.target = replace(
        beside.target,
        engine="django.db.backends.sqlite3",
        options={"is": "dict", "value": [["timeout", 9]]},
    )
    beside.files["settings.py"] = beside.settings(
        ENGINE="django.db.backends.postgresql", OPTIONS={"pool": True}
    )
    said = beside.run(f"{ENTRY}{WRITE}{tell}")
    assert "'OPTIONS': {'timeout': 9}" in said
    assert beside.in_test == ["it"]
    beside.target = replace(beside.target, options=None)
    assert "in the tests its ENGINE is django.db.backends.sqlite3, and" in beside.run(ENTRY)
