"""The modules that the pytest process imports, and the time that this takes."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.site import Site

HEAVY = {
    "gevent",
    "granian",
    "gunicorn",
    "hdrh",
    "httptools",
    "msgspec",
    "numpy",
    "psutil",
    "django",
}
NEVER = {"gevent", "granian", "gunicorn", "numpy", "vl_convert"}
WITHOUT_EXECNET = ("-pno:xdist", "-pno:xdist.looponfail", "-pno:rerunfailures")
"""Without the plugins that import it in every run."""
OF_GATEWAYS = {"execnet", "pytest_djworkers.load.gateway"}
OF_COMPARISONS = {
    "pytest_djworkers.compare.procedure",
    "pytest_djworkers.compare.setup",
    "pytest_djworkers.run.hooks.budget",
}

REMEMBER = """
import json
import sys

{conftest}

def pytest_sessionfinish(session):
    with open("modules.json", "w") as file:
        json.dump(sorted(sys.modules), file)
"""

MEASURE = """
import json
import sys
import time

import pytest
import _pytest.config

before = set(sys.modules)
begun = time.perf_counter()
import pytest_djworkers.plugin
import pytest_djworkers.options
took = time.perf_counter() - begun
names = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
print(json.dumps({"took": took, "names": names}))
"""


def test_the_plugin_imports_little_and_costs_little() -> None:
    said = json.loads(
        subprocess.run(
            [sys.executable, "-c", MEASURE], capture_output=True, check=True, text=True
        ).stdout
    )
    assert not HEAVY & set(said["names"])
    assert said["took"] < 0.1  # 20 ms at most; five times that on a busy machine


def modules_of_a_run(site: Site, *arguments: str) -> set[str]:
    """Return the modules that the pytest process had imported at its end."""
    conftest = (site.folder / "conftest.py").read_text()
    site.write("conftest.py", REMEMBER.format(conftest=conftest))
    site.test("def test_json(burst):\n    burst('/json')")
    outcomes = site.burst(*arguments) if arguments else site.pytest()
    outcomes.assert_outcomes(**({"passed": 1} if arguments else {"skipped": 1}))
    return set(json.loads((site.folder / "modules.json").read_text()))


def test_a_run_without_backends_imports_no_more(site: Site) -> None:
    assert not (HEAVY - {"django"}) & modules_of_a_run(site)


def test_an_active_run_imports_no_server_nothing_that_draws_and_no_comparison(site: Site) -> None:
    files = ("--djworkers-save-baseline", "--djworkers-report=load.html")
    modules = modules_of_a_run(site, "--djworkers=gunicorn-gevent", *WITHOUT_EXECNET, *files)
    assert not (NEVER | OF_COMPARISONS | OF_GATEWAYS) & modules
    assert "hdrh" in modules  # so that the list is one of what was really imported
    assert "<!doctype html>" in (site.folder / "load.html").read_text()


def test_only_a_run_with_agents_elsewhere_imports_execnet(site: Site) -> None:
    assert modules_of_a_run(site, *WITHOUT_EXECNET, "--djworkers-agents=popen") >= OF_GATEWAYS
