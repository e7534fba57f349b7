"""Sphinx configuration."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx

from pytest_djworkers.backends.protocol import Backend, LaunchPlan, workers_of
from pytest_djworkers.backends.registry import BACKENDS, how_to_install
from pytest_djworkers.backends.spec import settings_of

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


def setup(app: Sphinx) -> None:
    """Make a page for each server, from the facts that ``--djworkers-list`` prints."""
    app.connect("builder-inited", write_server_pages)


def write_server_pages(app: Sphinx) -> None:
    """Write ``servers/<name>.rst``."""
    folder = Path(app.srcdir) / "servers"
    folder.mkdir(exist_ok=True)
    for name, backend in BACKENDS.items():
        text = "\n".join(server_page(backend)) + "\n"
        file = folder / f"{name}.rst"
        # Sphinx reads a page again only if its file is newer.
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


def server_page(backend: Backend) -> Iterator[str]:
    """Yield the lines of a server's page."""
    about = backend.about
    yield from (about.name, "=" * len(about.name), "")
    plan = LaunchPlan("127.0.0.1", 8000, workers_of(backend, 2), 2000)
    yield from ("Serves " + about.interface + ". Install it with:", "")
    yield from (".. code-block:: console", "", f"   $ {how_to_install(backend)}", "")
    yield from ("In a burst", "----------", "")
    yield from (f"- {literal_flags(text)}" for text in about.notes)
    yield from ("", f"Raised for a burst: {literal_flags(about.raised_limits)}.", "")
    if about.max_workers == 1:
        yield from ("It is a single process, whatever ``--djworkers-workers`` says.", "")
    yield from ("Settings", "--------", "")
    for setting, its in settings_of(backend).items():
        yield from (f"``{about.name}:{setting}=``", f"   {its.help}.", "")
    yield from ("Command", "-------", "", "For 2000 connections and, where it can, 2 workers:", "")
    yield from (".. code-block:: text", "", f"   {shlex.join(backend.command('python', plan))}")


def literal_flags(text: str) -> str:
    """Return the text with its flags marked as code."""
    return re.sub(r"--[a-z][a-z0-9-]*", r"``\g<0>``", text)
