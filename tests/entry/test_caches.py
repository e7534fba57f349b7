"""Caches that the site opens: others' entries stay, and each key of a shared one has a prefix."""

from __future__ import annotations

import pytest

from tests.support.isolated import PREFIX, Isolated

OWN_CACHES = """
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache

class Files(FileBasedCache):
    pass

class Memory(LocMemCache):
    pass
"""
CACHES = """
CACHES = {
    "default": {"BACKEND": "own_caches.Files", "LOCATION": "cache"},
    "memory": {"BACKEND": "own_caches.Memory"},
    "memcached": {"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
                  "LOCATION": "127.0.0.1:1"},
}
"""


def test_a_file_cache_with_a_class_of_its_own_is_moved(isolated: Isolated) -> None:
    isolated.settings += CACHES
    isolated.write("own_caches.py", OWN_CACHES)
    isolated.write("cache/real.txt")
    script = """
from django.core.cache import cache, caches
cache.set("key", "value")
caches["memory"].set("key", "value")
found = [cache.get("key"), [str(file) for file in Path("cache").iterdir()]]
cache.clear()
caches["memory"].clear()
tell([*found, cache.get("key"), caches["memory"].get("key"), Path("cache").exists()])
"""
    assert isolated.told(script) == ["value", ["cache/real.txt"], None, None, True]


@pytest.mark.parametrize("clear", ["clear()", "aclear()"])
def test_a_cache_that_can_t_list_its_keys_is_not_cleared(isolated: Isolated, clear: str) -> None:
    isolated.settings += CACHES
    script = f"""
import asyncio
from django.core.cache import caches
try:
    done = caches["memcached"].{clear}
    if asyncio.iscoroutine(done):
        asyncio.run(done)
except RuntimeError as error:
    tell([str(error), caches["memcached"].make_key("key")])
"""
    said, key = isolated.told(script)
    assert said == (
        "refusing to clear cache 'memcached' (PyMemcacheCache): others share it, and its keys"
        " can't be listed to delete this server's alone. Give the served site a cache of its own,"
        " in settings for load tests (--djworkers-settings)"
    )
    assert key == f"{PREFIX}:1:key"


def test_a_key_function_that_ignores_the_prefix_gets_it_all_the_same(isolated: Isolated) -> None:
    isolated.settings += (
        CACHES
        + """
CACHES["memcached"]["KEY_FUNCTION"] = lambda key, prefix, version: f"mine.{key}"
"""
    )
    script = "from django.core.cache import caches; tell(caches['memcached'].make_key('key'))"
    assert isolated.told(script) == f"{PREFIX}mine.key"


def test_django_reports_a_wrong_cache(isolated: Isolated) -> None:
    isolated.settings += 'CACHES = {"default": {"BACKEND": "no.such.Cache"}}'
    done = isolated.run("from django.core.cache import cache; cache.get('key')")
    assert "InvalidCacheBackendError: Could not find backend 'no.such.Cache'" in done.stderr
