"""Files and cache keys of each arm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_djworkers.compare.arm_files import copy_arm_files
from pytest_djworkers.compare.sides import _missing_settings
from pytest_djworkers.entry.isolation import OF_A_RUN, Isolation
from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.server.launch import LaunchSpec
from tests.support.repository import commit
from tests.support.revisions import ANY_SPEED, FLAGS
from tests.support.site import SETTINGS, Site

if TYPE_CHECKING:
    import redis


def test_each_launch_of_an_arm_starts_with_the_files_of_the_test(tmp_path: Path) -> None:
    source = Isolation(str(tmp_path / "files"), "djworkers-ab-1:", ("/real",))
    source.make()
    (tmp_path / "files" / "media" / "seeded.txt").write_text("seeded")
    made = [copy_arm_files(source, "base", tmp_path / "base", 0)]
    media = tmp_path / "base" / "files" / "media"
    assert (media / "seeded.txt").read_text() == "seeded"
    (media / "uploaded.txt").touch()
    made += [copy_arm_files(source, arm, tmp_path / arm, 1) for arm in ("base", "head")]
    assert [file.name for file in media.iterdir()] == ["seeded.txt"]
    assert len({one.prefix for one in made}) == 3
    assert all(OF_A_RUN.fullmatch(one.prefix) for one in made)
    # So that all of a test's keys can be deleted at once.
    assert all(one.prefix.startswith("djworkers-ab-1") for one in made)
    assert made[0].real == ("/real",)


@pytest.mark.parametrize("missing", ["shop.settings_load", "other"])
def test_a_base_without_the_settings_module_gets_advice(missing: str) -> None:
    error = ServerStartError(f"ModuleNotFoundError: No module named {missing!r}")
    spec = LaunchSpec(
        settings_module="shop.settings_load",
        folder=Path(),
        port=1,
        workers=1,
        startup_timeout_s=1,
    )
    said = _missing_settings(spec, str(error))
    assert said.startswith("it has no module 'shop.settings_load'") is (missing != "other")


BASE = """
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.urls import path

def cached(request):
    cache.set("key", "value", timeout=None)
    default_storage.save("file.txt", ContentFile(b"content"))
    return HttpResponse("None")

urlpatterns = [path("cached", cached)]
"""


@pytest.mark.matrix
def test_head_does_not_see_what_base_stored(revisions: Site, real_redis: redis.Redis) -> None:
    where = real_redis.connection_pool.connection_kwargs
    location = f"redis://{where['host']}:{where['port']}/0"
    backend = "django.core.cache.backends.redis.RedisCache"
    caches = {"default": {"BACKEND": backend, "LOCATION": location}}
    revisions.write("settings.py", f"{SETTINGS}CACHES = {caches}\nMEDIA_ROOT = 'media'\n")
    revisions.write("urls.py", BASE)
    revisions.write("media/real.txt", "real")
    commit(revisions.folder, "base stores it")
    head = BASE.replace('    cache.set("key", "value", timeout=None)\n', "")
    head = head.replace('"None"', 'str(cache.get("key"))')
    revisions.write("urls.py", head)
    revisions.test("def test_cached(burst):\n    burst('/cached', contains='None')\n")
    real_redis.set(":1:key", "real")
    result = revisions.pytest(*FLAGS, ANY_SPEED, "--djworkers-compare=HEAD", timeout_s=120)
    result.assert_outcomes(passed=1)
    assert real_redis.keys() == [b":1:key"]
    assert [file.name for file in (revisions.folder / "media").iterdir()] == ["real.txt"]
