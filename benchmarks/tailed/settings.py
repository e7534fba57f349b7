"""The example's settings with a cache of files, at one path for all revisions."""

import tempfile
from pathlib import Path

from example.settings import *  # noqa: F403  # this is how settings are extended

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        # A path in the tree would be another one in base's worktree.
        "LOCATION": Path(tempfile.gettempdir()) / "tailed-cache",
    }
}
