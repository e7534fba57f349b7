"""Sphinx configuration."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "pytest-djworkers"
author = "The pytest-djworkers maintainers"
project_copyright = "2026, The pytest-djworkers maintainers"
release = version = installed_version("pytest-djworkers")
extensions: list[str] = ["sphinx.ext.autodoc"]
autodoc_typehints = "signature"
html_theme = "furo"
html_title = f"pytest-djworkers {release}"
exclude_patterns = ["_build"]
nitpicky = False
