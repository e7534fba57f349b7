"""The standard library's modules, where the site has an app of the same name."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_djworkers.system.standard_library import standard_module


@pytest.fixture(autouse=True)
def anew() -> None:
    """As if nobody had asked yet."""
    standard_module.cache_clear()


def test_the_sites_module_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resource.py").write_text("an_app = True")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "resource", raising=False)
    assert standard_module("resource").RLIMIT_NOFILE
    assert "resource" not in sys.modules
    assert importlib.import_module("resource").an_app
    standard_module.cache_clear()
    assert standard_module("resource").RLIMIT_NOFILE


def test_an_imported_standard_module_is_returned_itself() -> None:
    import resource
    import time

    assert standard_module("resource") is resource
    assert standard_module("time").sleep is time.sleep


def test_a_name_that_the_standard_library_lacks_is_an_error() -> None:
    with pytest.raises(ImportError, match="no 'pytest' in the standard library"):
        standard_module("pytest")


def test_psutil_finds_what_it_needs(tmp_path: Path) -> None:
    """In a process of its own, where the site's app has been imported before."""
    (tmp_path / "resource.py").write_text("an_app = True")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import resource\n"
        "from pytest_djworkers.system.standard_library import load_psutil\n"
        "assert load_psutil().Process().memory_info().rss\n"
        "assert sys.modules['resource'] is resource and resource.an_app\n"
        "assert 'pwd' not in sys.modules or sys.modules['pwd'].getpwall"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
