"""Runs of pytest that are refused, and packages that seem not to be installed."""

from __future__ import annotations

import pytest

from tests.support.site import Site


def refused(site: Site, *arguments: str) -> str:
    """The one line that refuses to run."""
    site.test("def test_json(burst):\n    burst('/json')")
    result = site.pytest(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not result.outlines
    (line,) = filter(None, result.errlines)
    return line.removeprefix("ERROR: ")


def hide(site: Site, package: str) -> None:
    """Make a package look as if it were not installed, in the pytest that the site runs."""
    site.write(
        "hides.py",
        f"""
import importlib.metadata as metadata

found = metadata.version


def version(name):
    if name == {package!r}:
        raise metadata.PackageNotFoundError(name)
    return found(name)


metadata.version = version
""",
    )
