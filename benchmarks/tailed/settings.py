"""The example's settings with a cache of files."""

from example.settings import *  # noqa: F403  # this is how settings are extended
from example.settings import BASE_DIR

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": BASE_DIR / "cached",
    }
}
