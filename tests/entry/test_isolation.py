"""Settings that name what is real, and what is put in their place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.entry.isolation import FILE_CACHES, Isolation, isolated, named_in, paths_in

OWN = Isolation("/run/own", "djworkers-1:")
FILES = "django.core.files.storage.FileSystemStorage"
REDIS = "django.core.cache.backends.redis.RedisCache"


def changed(values: dict[str, Any], real: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the settings that change if these are the settings module's own."""
    return isolated(values, replace(OWN, real=tuple(named_in(values if real is None else real))))


@pytest.mark.parametrize("media", ["/srv/media", "/srv/media/", "media", "", ".", None])
def test_media_root_is_the_runs_own(media: str | None) -> None:
    assert changed({"MEDIA_ROOT": media})["MEDIA_ROOT"] == "/run/own/media"


def test_a_path_stays_a_path() -> None:
    values = {"MEDIA_ROOT": Path("/srv/media"), "SESSION_FILE_PATH": Path("/srv/sessions")}
    assert changed(values) == {
        "MEDIA_ROOT": Path("/run/own/media"),
        "SESSION_FILE_PATH": Path("/run/own/sessions"),
        "FILE_UPLOAD_TEMP_DIR": "/run/own/uploads",
    }
    assert changed({"MEDIA_ROOT": Path()})["MEDIA_ROOT"] == Path("/run/own/media")


def test_a_path_that_a_test_chose_stays() -> None:
    chosen = {
        "MEDIA_ROOT": "/tmp/test/media",
        "SESSION_FILE_PATH": "/tmp/test/sessions",
        "FILE_UPLOAD_TEMP_DIR": "/tmp/test/uploads",
        "CACHES": {"default": {"BACKEND": FILE_CACHES[0], "LOCATION": "/tmp/test/cache"}},
        "STORAGES": {"default": {"BACKEND": FILES, "OPTIONS": {"location": "/tmp/test/x"}}},
        "LOGGING": {"version": 1, "handlers": {"file": {"filename": "/tmp/test/log"}}},
    }
    assert changed(chosen, real={"MEDIA_ROOT": "/srv/media"}) == {}


def test_a_link_to_a_real_path_is_real(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "media")
    values = {"MEDIA_ROOT": tmp_path / "link"}
    assert changed(values, real={"MEDIA_ROOT": tmp_path / "media"})["MEDIA_ROOT"] == Path(
        "/run/own/media"
    )


def test_storages_on_disk_are_moved_each_to_a_place_of_its_own() -> None:
    storages = {
        "default": {"BACKEND": FILES},
        "private": {"BACKEND": FILES, "OPTIONS": {"location": "/srv/private", "base_url": "/p/"}},
        "public": {"BACKEND": FILES, "OPTIONS": {"location": "/srv/public"}},
        "below": {"BACKEND": FILES, "OPTIONS": {"location": Path("/srv/media/below")}},
        "bucket": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"location": "media"}},
        "staticfiles": {"BACKEND": FILES, "OPTIONS": {"location": "/srv/static"}},
    }
    values = {"MEDIA_ROOT": "/srv/media", "STORAGES": storages}
    moved = changed(values)["STORAGES"]
    locations = {alias: one.get("OPTIONS", {}).get("location") for alias, one in moved.items()}
    assert locations["private"].startswith("/run/own/storages/")
    assert locations["public"].startswith("/run/own/storages/")
    assert locations["private"] != locations["public"]
    assert locations["below"] == Path("/run/own/media/below")
    assert moved["private"]["OPTIONS"]["base_url"] == "/p/"
    for alias in ("default", "bucket", "staticfiles"):
        assert moved[alias] == storages[alias]
    assert storages["private"]["OPTIONS"]["location"] == "/srv/private"  # type: ignore[index]  # of our own making


def test_caches_in_one_folder_stay_in_one() -> None:
    caches = {
        alias: {"BACKEND": FILE_CACHES[0], "LOCATION": location}
        for alias, location in {"a": "/srv/cache", "b": "/srv/cache", "c": "/srv/other"}.items()
    }
    moved = changed({"CACHES": caches})["CACHES"]
    assert moved["a"] == moved["b"] != moved["c"]
    assert moved["a"]["LOCATION"].startswith("/run/own/caches/")


def test_keys_that_others_share_get_a_prefix() -> None:
    caches = {
        "default": {"BACKEND": REDIS, "LOCATION": "redis://h"},
        "old": {"BACKEND": "site.Cache", "LOCATION": "/srv/socket", "KEY_PREFIX": "site"},
        "again": {"BACKEND": REDIS, "KEY_PREFIX": "djworkers-0-a:site"},
        "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "table": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "t"},
    }
    moved = changed({"CACHES": caches})["CACHES"]
    assert moved["default"] == caches["default"] | {"KEY_PREFIX": "djworkers-1:"}
    assert moved["old"] == caches["old"] | {"KEY_PREFIX": "djworkers-1:site"}
    assert moved["again"]["KEY_PREFIX"] == "djworkers-1:site"
    assert moved["memory"] == caches["memory"]
    assert moved["table"] == caches["table"]
    assert "KEY_PREFIX" not in caches["default"]


def test_logs_are_written_elsewhere() -> None:
    handlers = {
        "file": {"class": "logging.FileHandler", "filename": "/var/log/site.log"},
        "other": {"class": "logging.FileHandler", "filename": "/srv/site.log"},
        "device": {"class": "logging.FileHandler", "filename": "/dev/stderr"},
        "console": {"class": "logging.StreamHandler"},
    }
    logging = {"version": 1, "handlers": handlers, "root": {"handlers": ["file"]}}
    moved = changed({"LOGGING": logging})["LOGGING"]
    names = [moved["handlers"][name]["filename"] for name in ("file", "other")]
    assert len(set(names)) == 2
    assert all(name.startswith("/run/own/logs/") and name.endswith("site.log") for name in names)
    assert moved["handlers"]["device"] == handlers["device"]
    assert moved["handlers"]["console"] == handlers["console"]
    assert moved["root"] == logging["root"]


def test_paths_of_other_classes_are_real_as_well() -> None:
    values = {
        "MEDIA_ROOT": "/srv/media",
        "CACHES": {"default": {"BACKEND": "site.Cache", "LOCATION": "/srv/cache"}, "odd": 3},
        "STORAGES": {"default": {"BACKEND": "site.S", "OPTIONS": {"location": "/srv/s"}}},
    }
    assert named_in(values) == {"/srv/media", "/srv/cache", "/srv/s"}
    assert paths_in(values) == {"/srv/media"}


@pytest.mark.parametrize(
    "values",
    [
        {"STORAGES": None, "CACHES": [], "LOGGING": None},
        {"STORAGES": {"default": None}, "CACHES": {"default": 3}, "LOGGING": {"handlers": None}},
        {"STORAGES": {"default": {"BACKEND": FILES, "OPTIONS": None}}, "LOGGING": {}},
        {"CACHES": {"default": {"BACKEND": FILE_CACHES[0]}}, "LOGGING": {"handlers": {"x": 1}}},
    ],
)
def test_django_reports_settings_of_a_wrong_shape(values: dict[str, Any]) -> None:
    assert changed(values).keys() == {"MEDIA_ROOT", "SESSION_FILE_PATH", "FILE_UPLOAD_TEMP_DIR"}


def test_the_folders_that_must_be_there_are_made_for_the_user_alone(tmp_path: Path) -> None:
    log = {"version": 1, "handlers": {"file": {"filename": "/var/log/site.log"}}}
    isolation = Isolation(str(tmp_path / "own"), "", ("/var/log/site.log",))
    isolation.make()
    isolation.make()
    made = isolated({"LOGGING": log}, isolation)
    for name in ("MEDIA_ROOT", "SESSION_FILE_PATH", "FILE_UPLOAD_TEMP_DIR"):
        assert Path(made[name]).is_dir()
    assert Path(made["LOGGING"]["handlers"]["file"]["filename"]).parent.is_dir()
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700
