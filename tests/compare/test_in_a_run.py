"""Comparisons in a pytest run, as users see them: with real commits and servers."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from pytest import RunResult  # noqa: PT013  # a module of that name is needed, too

from tests.support.matrix import with_more_in_matrix
from tests.support.repository import commit, git, left
from tests.support.revisions import FLAGS, SLOWS, nothing_is_left
from tests.support.site import Site

DIES = """
requests = iter(range(10**9))

def dies(request):
    if next(requests) == 10:
        os.abort()
    return sleep(request, 4)

urlpatterns[-1] = path("slows", dies)
"""
NEW = 'urlpatterns.append(path("new", lambda request: JsonResponse({"new": True})))\n'

THRICE = """
def thrice(request):
    for _ in range(3):
        response = sleep(request, 4)
    return response

urlpatterns[-1] = path("slows", thrice)
"""
LIMIT_ON_CALLS = """
import pytest

@pytest.mark.max_regression("1%", metric="calls")
@pytest.mark.min_rps(1_000_000)
def test_slows(burst):
    assert burst("/slows").ok > 100
"""


def change(site: Site, old: str, new: str) -> None:
    """Change the site's URLs, in the working tree only."""
    urls = site.folder / "urls.py"
    text = urls.read_text()
    assert old in text
    urls.write_text(text.replace(old, new))


def verdict_line(result: RunResult) -> str:
    """Return the row of the table."""
    return next(line for line in result.outlines if line.startswith("  granian "))


def test_a_slower_view_is_a_regression(revisions: Site) -> None:
    before = left(revisions.folder)
    with (revisions.folder / "urls.py").open("a") as urls:
        urls.write(THRICE)
    revisions.test(LIMIT_ON_CALLS)
    result = revisions.pytest(*FLAGS, timeout_s=120)
    result.assert_outcomes(failed=1)
    assert result.ret == 1
    commit_id = git(revisions.folder, "rev-parse", "main")[:10]
    result.stdout.fnmatch_lines(
        [
            "djworkers: compares the working tree (with changes that are not committed) with main"
            f" ({commit_id}), which is the commit checked out",
            "djworkers: rounds with seed 1, tolerance 10%; absolute limits are not checked, except"
            " shares of errors and numbers of queries",
            "GET /slows: regressed: requests/s *",
            "GET /slows: regressed: Python calls per request * counted in 5 requests of each arm,"
            " beyond the tolerance of 1%; most changed: sleep (urls.py:*) +2, *",
            f"* djworkers: main ({commit_id}) → the working tree, seed 1 *",
            "GET /slows  (test_slows)",
            "  granian  regressed *",
            "FAILED *",
        ]
    )
    # Comparisons ignore min_rps: no server reaches a million.
    assert "min_rps" not in result.stdout.str()
    found = re.search(r"  granian  regressed +([\d,]+) → ([\d,]+) +-(\d+)", verdict_line(result))
    assert found
    base, head, loss = (int(text.replace(",", "")) for text in found.groups())
    assert base > head * 1.5
    assert loss > 30
    nothing_is_left(revisions, before)


def test_an_endpoint_that_base_does_not_have_is_measured_alone(revisions: Site) -> None:
    before = left(revisions.folder)
    with (revisions.folder / "urls.py").open("a") as urls:
        urls.write(NEW)
    revisions.test("def test_new(burst):\n    assert burst('/new').ok\n")
    result = revisions.pytest(*FLAGS, timeout_s=120)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["not compared: test_site.py::test_new?granian? GET /new: new endpoint: base responds 404"]
    )
    assert re.match(r"  granian  not compared +- → [\d,]+", verdict_line(result))
    nothing_is_left(revisions, before)


def test_streams_are_measured_alone(revisions: Site) -> None:
    revisions.test("def test_it(burst):\n    assert burst('/json', stream='100ms').ok\n")
    result = revisions.pytest(*FLAGS)
    result.assert_outcomes(passed=1)
    said = "its windows are shorter than streams (stream=)"
    result.stdout.fnmatch_lines([f"not compared: test_site.py::test_it?granian? GET /json: {said}"])


@pytest.mark.matrix
def test_a_test_that_is_not_compared_fails_under_strict(revisions: Site) -> None:
    # An endpoint that base does not have.
    with (revisions.folder / "urls.py").open("a") as urls:
        urls.write(NEW)
    revisions.test('def test_new(burst):\n    burst("/new")\n')
    result = revisions.pytest(*FLAGS, "--djworkers-strict", timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["GET /new: not compared: new endpoint*"])


def test_a_base_that_does_not_start_fails_the_test_and_leaves_nothing_behind(
    revisions: Site,
) -> None:
    settings = revisions.folder / "settings.py"
    good = settings.read_text()
    settings.write_text("raise ZeroDivisionError('base is broken')\n")
    git(revisions.folder, "checkout", "-q", "main")
    git(revisions.folder, "commit", "-q", "-a", "-m", "broken")
    settings.write_text(good)
    before = left(revisions.folder)
    result = revisions.pytest(*FLAGS, timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["main (*): its site can't be set up: exit status 1", "*ZeroDivisionError: base is broken*"]
    )
    nothing_is_left(revisions, before)


LATE = """
def late(request):
    from importlib import util
    spec = util.spec_from_file_location("late", {file!r})
    spec.loader.exec_module(util.module_from_spec(spec))
    return JsonResponse({{}})

urlpatterns.append(path("late", late))
"""


@pytest.mark.matrix
def test_a_view_of_base_that_imports_from_head_ends_the_comparison(revisions: Site) -> None:
    file = revisions.write("late.py", "")
    with (revisions.folder / "urls.py").open("a") as urls:
        urls.write(LATE.format(file=str(file)))
    revisions.test("def test_late(burst):\n    burst('/late')\n")
    git(revisions.folder, "checkout", "-q", "main")
    commit(revisions.folder, "late")
    result = revisions.pytest(*FLAGS, timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"base: refusing to serve: module 'late' is {file}, in the other side's tree, *"]
    )


@pytest.mark.matrix
def test_a_base_with_templates_in_the_working_tree_is_refused(revisions: Site) -> None:
    with (revisions.folder / "settings.py").open("a") as settings:
        engine = "django.template.backends.django.DjangoTemplates"
        folder = str(revisions.folder / "templates")
        settings.write(f"TEMPLATES = [{{'BACKEND': '{engine}', 'DIRS': [{folder!r}]}}]\n")
    git(revisions.folder, "checkout", "-q", "main")
    commit(revisions.folder, "an absolute path")
    result = revisions.pytest(*FLAGS, timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*RuntimeError: refusing to serve: a path in the setting TEMPLATES is *templates, in *"]
    )


@pytest.mark.matrix
def test_base_imports_an_editable_package_from_its_own_tree(
    revisions: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A monorepo: setuptools' finder leads to packages/core, past every path.
    setuptools = pytest.importorskip(  # its finder is tested
        "setuptools.command.editable_wheel", reason="its finder is tested"
    )
    template = setuptools._finder_template
    core = revisions.write("packages/core/src/core/__init__.py", "SLOW_MS = 4\n")
    with (revisions.folder / "urls.py").open("a") as urls:
        view = "lambda request: sleep(request, core.SLOW_MS)"
        urls.write(f"import core\nurlpatterns.append(path('core', {view}))\n")
    revisions.test("def test_core(burst):\n    burst('/core')\n")
    installed = tmp_path_factory.mktemp("installed")
    name = "__editable___core_1_finder"
    finder = template(name, {"core": str(core.parent)}, {})
    (installed / f"{name}.py").write_text(finder)
    (installed / "sitecustomize.py").write_text(f"import {name}; {name}.install()\n")
    git(revisions.folder, "checkout", "-q", "main")
    commit(revisions.folder, "core")
    git(revisions.folder, "checkout", "-q", "-B", "feature")
    core.write_text("SLOW_MS = 12\n")
    ini = f"[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = . {installed}\n"
    revisions.write("pytest.ini", ini)
    result = revisions.pytest(*FLAGS, timeout_s=200)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["GET /core: regressed: *"])


SENSELESS = [
    (["--djworkers-compare=mian"], "'mian' is not a revision of the repository in *"),
    (["--djworkers-compare=main", "--djworkers-save-baseline"], "*can't be combined with*baseline"),
    (
        ["--djworkers-compare=main", "--djworkers-compare-python=nowhere"],
        "--djworkers-compare-python=nowhere: 'nowhere' can't be run: it must be the path of a*",
    ),
    (
        ["--djworkers-calibrate", "--djworkers-compare-budget=10m"],
        "--djworkers-calibrate can't be combined with --djworkers-compare-budget: a calib*",
    ),
]
MORE_SENSELESS = [
    (["--djworkers-compare=main", "--djworkers-calibrate"], "*can't be combined with*calibrate"),
    (["--djworkers-compare=main", "--djworkers-generator=wrk"], "*can't be combined with*wrk*"),
    (["--djworkers-compare=main", "--djworkers-rate=5"], "*can't be combined with*rate"),
    (["--djworkers-compare=main", "--djworkers-think=1s"], "*can't be combined with*think"),
    (["--djworkers-compare-backends"], "*name two or more*"),
    (["--djworkers-seed=1"], "--djworkers-seed has no effect without --djworkers-compare=REF"),
    (["--djworkers-compare-python=python3"], "--djworkers-compare-python has no effect without*"),
    (["--djworkers-compare=main", "--djworkers-seed=x"], "--djworkers-seed=x: *"),
    (
        ["--djworkers-compare-budget=10m"],
        "--djworkers-compare-budget has no effect without --djworkers-compare=REF",
    ),
]


@pytest.mark.parametrize(("flags", "said"), with_more_in_matrix(SENSELESS, MORE_SENSELESS))
def test_flags_that_make_no_sense_end_the_run_before_any_server_starts(
    flags: list[str], said: str, revisions: Site
) -> None:
    result = revisions.pytest("--djworkers=granian", *flags)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_a_comparison_needs_a_backend(revisions: Site) -> None:
    result = revisions.pytest("--djworkers-compare=main")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: --djworkers-compare: there is nothing to measure: choose backends*"]
    )


def test_a_comparison_needs_a_repository(site: Site) -> None:
    result = site.pytest("--djworkers=granian", "--djworkers-compare=main")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: * is not in a git repository*"])


@pytest.mark.matrix
def test_a_test_that_skips_the_base_backend_is_skipped(revisions: Site) -> None:
    revisions.test(
        "@pytest.mark.djworkers(skip=['gunicorn-sync'], reason='too few')\n"
        "def test_json(burst):\n    burst('/json')\n"
    )
    result = revisions.pytest(
        "--djworkers=gunicorn-sync,granian", "--djworkers-compare-backends", "-rs"
    )
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * not for gunicorn-sync: too few"])


@pytest.mark.matrix
def test_backends_are_compared_with_the_first(revisions: Site) -> None:
    revisions.test("def test_json(burst):\n    burst('/json')\n")
    flags = [flag for flag in FLAGS if "compare=" not in flag and "djworkers=" not in flag]
    result = revisions.pytest(
        "--djworkers=gunicorn-sync,granian", "--djworkers-compare-backends", *flags, timeout_s=200
    )
    result.stdout.fnmatch_lines(
        [
            "djworkers: compares granian with gunicorn-sync",
            "*: each backend against gunicorn-sync, seed 1*",
            "*rank *backend *requests/s *verdict *change*",
        ]
    )
    # The servers have names, and a slower one fails no test.
    result.assert_outcomes(passed=1)
    assert not re.search(r"\b(base|head|regressed|improved)\b", result.stdout.str())


@pytest.mark.matrix
def test_a_calibration_prints_how_much_the_same_code_differs(revisions: Site) -> None:
    flags = [flag for flag in FLAGS if "compare=" not in flag]
    result = revisions.pytest("--djworkers-calibrate", *flags, timeout_s=200)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*visible in 120s*visible in 300s*tolerance to set", "  granian *%"]
    )


def flags_but(*names: str) -> list[str]:
    """Return the usual flags without those named."""
    return [flag for flag in FLAGS if not any(f"djworkers-{name}=" in flag for name in names)]


@pytest.mark.matrix
def test_workers_that_are_recycled_end_the_comparison_early(revisions: Site) -> None:
    revisions.write("gunicorn.conf.py", "max_requests = 20\n")
    git(revisions.folder, "checkout", "-q", "main")
    commit(revisions.folder, "max_requests")
    revisions.test("def test_slows(burst):\n    burst('/slows')\n")
    flags = flags_but("workers")[1:]
    result = revisions.pytest(
        "--djworkers=gunicorn-sync:config=gunicorn.conf.py:workers=2", *flags, timeout_s=200
    )
    result.stdout.fnmatch_lines(
        [
            "not compared: *workers ended while they were measured: * of * rounds left out:"
            " *a worker of * ended (*); *head: max_requests = 20 recycles them: compare without it*"
        ]
    )
    assert "unreliable" not in result.stdout.str()


@pytest.mark.matrix
def test_a_crash_of_heads_workers_is_reported_as_heads(revisions: Site) -> None:
    change(revisions, SLOWS.format(4), SLOWS.format(4) + DIES)
    result = revisions.pytest(
        "--djworkers=gunicorn-sync:workers=2", *flags_but("workers")[1:], timeout_s=200
    )
    result.stdout.fnmatch_lines(
        [
            "regressed: *workers of head ended in 2 of 2 blocks, and none of base did;"
            " head: its log says: *ABRT*"
        ]
    )
    result.assert_outcomes(failed=1)
    assert "base ended" not in result.stdout.str()


@pytest.mark.matrix
def test_compare_python_serves_base(revisions: Site, tmp_path: Path) -> None:
    # A script that notes that it was started, and runs the same interpreter.
    interpreter = tmp_path / "python"
    interpreter.write_text(
        f'#!/bin/sh\ntouch "$(dirname "$0")/started"\nexec {sys.executable} "$@"\n'
    )
    interpreter.chmod(0o755)
    result = revisions.pytest(*FLAGS, f"--djworkers-compare-python={interpreter}", timeout_s=120)
    assert (tmp_path / "started").exists()
    assert result.ret in {0, 1}


@pytest.mark.matrix
def test_compare_environments_serve_the_same_tree_as_base_and_head(
    revisions: Site, tmp_path: Path
) -> None:
    # A view that is slower in head's environment.
    change(revisions, SLOWS.format(4), SLOWS.format('int(os.environ["VIEW_MS"])'))
    for name, view_ms in (("old", 4), ("new", 12)):
        interpreter = tmp_path / name
        interpreter.write_text(f'#!/bin/sh\nVIEW_MS={view_ms} exec {sys.executable} "$@"\n')
        interpreter.chmod(0o755)
    flags = [flag for flag in FLAGS if not flag.startswith("--djworkers-compare=")]
    environments = f"--djworkers-compare-environments={tmp_path / 'old'},{tmp_path / 'new'}"
    result = revisions.pytest(*flags, environments, timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["GET /slows: regressed: requests/s *"])
