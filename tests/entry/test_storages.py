"""File storages that code makes: nothing real is written to, and all of it can be read."""

from __future__ import annotations

from pytest_djworkers.entry.changed_settings import ChangedSettings
from tests.support.isolated import Isolated

MADE = """
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage, storages

class Overwriting(FileSystemStorage):
    def get_available_name(self, name, max_length=None):
        if self.exists(name):
            self.delete(name)
        return name

    def _save(self, name, content):
        return super()._save(name, content)

def read(storage, name):
    with storage.open(name) as file:
        return file.read().decode()

def text(content):
    return ContentFile(content.encode())

"""
SEEN = (
    MADE
    + """
storage = FileSystemStorage("private", base_url="/p/")
seen = [read(storage, "there.txt"), storage.listdir("")]
name = storage.save("there.txt", text("new"))
seen += [name != "there.txt", read(storage, name), storage.url(name) == f"/p/{name}"]
seen += [storage.size(name), storage.path(name) == str(Path("own").resolve() / "beside" /
         Path(storage.path(name)).parent.name / name)]
seen += [sorted(storage.listdir("")[1]) == sorted(["there.txt", name]), storage.listdir("")[0]]
storage.delete("there.txt")
storage.delete(name)
seen += [storage.exists(name), storage.exists("there.txt")]
with storage.open("there.txt", "a") as file:
    file.write(" and more")
seen += [read(storage, "there.txt"), read(FileSystemStorage("private"), "there.txt")]
with storage.open("sub/new.txt", "w") as file:
    file.write("new")
seen += [read(storage, "sub/new.txt"), storage.listdir("sub")]
tell(seen)
"""
)


def test_what_a_storage_writes_is_the_runs_and_what_it_reads_is_there(isolated: Isolated) -> None:
    isolated.write("private/there.txt")
    isolated.write("private/sub/deep.txt")
    before = isolated.real()
    assert isolated.told(SEEN) == [
        *("real", [["sub"], ["there.txt"]]),
        *(True, "new", True),
        *(3, True),
        *(True, ["sub"]),
        *(False, True),
        *("real and more", "real and more"),
        *("new", [[], ["deep.txt", "new.txt"]]),
    ]
    assert isolated.real() == before


def test_a_storage_that_overwrites_overwrites_a_copy(isolated: Isolated) -> None:
    isolated.write("private/there.txt")
    script = (
        MADE
        + """
storage = Overwriting("private")
names = [storage.save("there.txt", text("new")), storage.save("there.txt", text("newer"))]
tell([names, read(storage, "there.txt")])
"""
    )
    assert isolated.told(script) == [["there.txt", "there.txt"], "newer"]
    assert isolated.real() == {"private/there.txt": "real"}


def test_static_files_are_read_where_they_are_and_written_elsewhere(isolated: Isolated) -> None:
    isolated.write("static/site.txt")
    isolated.settings += """
INSTALLED_APPS = ["django.contrib.staticfiles"]
STATICFILES_DIRS = ["assets"]
"""
    isolated.write("assets/asset.txt")
    script = (
        MADE
        + """
from django.contrib.staticfiles import finders
static = storages["staticfiles"]
seen = [read(static, "site.txt"), static.url("site.txt"), finders.find("asset.txt")]
seen += [static.save("CACHE/made.txt", text("made")), read(static, "CACHE/made.txt")]
tell(seen)
"""
    )
    asset = str(isolated.folder / "assets" / "asset.txt")
    wanted = ["real", "/static/site.txt", asset, "CACHE/made.txt", "made"]
    assert isolated.told(script) == wanted
    assert isolated.real() == {"static/site.txt": "real", "assets/asset.txt": "real"}


def test_files_of_the_real_media_root_are_not_there(isolated: Isolated) -> None:
    isolated.write("media/there.txt")
    script = (
        MADE
        + """
from django.conf import settings
name = default_storage.save("there.txt", text("new"))
tell([name, default_storage.path(name), settings.MEDIA_ROOT])
"""
    )
    own = str(isolated.own / "media")
    assert isolated.told(script) == ["there.txt", f"{own}/there.txt", own]
    assert isolated.real() == {"media/there.txt": "real"}


def test_where_a_test_put_media_root_the_site_writes(isolated: Isolated) -> None:
    chosen = isolated.folder / "own" / ".." / "chosen"
    isolated.changed_settings = ChangedSettings("settings", changed={"MEDIA_ROOT": chosen})
    isolated.write("chosen/there.txt", "of the test")
    script = (
        MADE
        + """
seen = read(default_storage, "there.txt")
tell([seen, default_storage.save("new.txt", text("new"))])
"""
    )
    assert isolated.told(script) == ["of the test", "new.txt"]
    assert isolated.real() == {"chosen/there.txt": "of the test", "chosen/new.txt": "new"}


def test_settings_for_the_served_site_say_where_it_writes(isolated: Isolated) -> None:
    isolated.served = "settings_load"
    load = "from settings import *\nSESSION_FILE_PATH = 'load'\n"
    isolated.write("settings_load.py", load + "PRIVATE = 'private'")
    script = (
        MADE
        + """
from django.conf import settings
tell([settings.MEDIA_ROOT, settings.SESSION_FILE_PATH])
"""
    )
    assert isolated.told(script) == [str(isolated.own / "media"), "load"]
    isolated.write("settings_load.py", load + "MEDIA_ROOT = 'loaded'")
    assert isolated.told(script) == ["loaded", "load"]


def test_settings_for_the_served_site_have_the_databases_of_the_tests(isolated: Isolated) -> None:
    isolated.served = "settings_load"
    isolated.write("settings_load.py", "from settings import *\nDATABASES = {'mine': {}}")
    assert isolated.run("").stderr.splitlines()[-1] == (
        "RuntimeError: refusing to serve: the settings settings_load (--djworkers-settings) have"
        " database 'mine', which the tests' settings do not, so that it has no test database. Let"
        " both have the same aliases"
    )
