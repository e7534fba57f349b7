"""For the plugin's own tests: a small Django site, and pytest in a subprocess."""

from __future__ import annotations

pytest_plugins = ["pytester"]
