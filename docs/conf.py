"""Sphinx configuration."""

from __future__ import annotations

from importlib.metadata import version as installed_version

from docutils import nodes
from sphinx.application import Sphinx

project = "pytest-djworkers"
author = "The pytest-djworkers maintainers"
project_copyright = "2026, The pytest-djworkers maintainers"
release = version = installed_version("pytest-djworkers")
extensions: list[str] = ["sphinx.ext.autodoc"]
autodoc_typehints = "signature"
html_theme = "furo"
html_title = f"pytest-djworkers {release}"
exclude_patterns = ["_build", "appendix/*-table.rst"]  # tables are included in pages
nitpicky = False


def setup(app: Sphinx) -> None:
    """Let links to ``.rst`` files lead to pages."""
    app.connect("doctree-read", link_to_pages)


def link_to_pages(_: Sphinx, page: nodes.document) -> None:
    """Turn links to files of the repository, which its readers follow, into links to pages."""
    for link in page.findall(nodes.reference):
        target = link.get("refuri", "")
        if target.endswith(".rst") and "://" not in target:
            link["refuri"] = target.removesuffix(".rst") + ".html"
