"""Base's files that git ignores: copied, made by a command, or missing, in a real run."""

from __future__ import annotations

import sys
from fnmatch import fnmatch

import pytest

from tests.support.matrix import with_more_in_matrix
from tests.support.repository import commit, git
from tests.support.revisions import FLAGS
from tests.support.site import Site

STATIC = """
INSTALLED_APPS += ["django.contrib.staticfiles"]
STATIC_URL = "static/"
STATIC_ROOT = __file__.rpartition("/")[0] + "/collected"
STATICFILES_DIRS = [__file__.rpartition("/")[0] + "/assets"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
"""
VIEW = """
from django.templatetags.static import static
urlpatterns.append(path("page", lambda request: JsonResponse({"css": static("site.css")})))
"""
COLLECT = "python -m django collectstatic --noinput"


@pytest.fixture
def static_site(revisions: Site) -> Site:
    """A site whose collected static files are in the working tree, and ignored by git."""
    with (revisions.folder / "settings.py").open("a") as settings:
        settings.write(STATIC)
    with (revisions.folder / "urls.py").open("a") as urls:
        urls.write(VIEW)
    revisions.write("assets/site.css", "body {}")
    with (revisions.folder / ".gitignore").open("a") as ignored:
        ignored.write("collected\n")
    revisions.test("def test_page(burst):\n    burst('/page', contains='site.')\n")
    git(revisions.folder, "checkout", "-q", "main")
    commit(revisions.folder, "static files")
    git(revisions.folder, "checkout", "-q", "-B", "feature")
    collect = [sys.executable, "-m", "django", "collectstatic", "--noinput", "--settings=settings"]
    revisions.pytester.run(*collect, "--pythonpath=.")
    assert (revisions.folder / "collected" / "staticfiles.json").exists()
    return revisions


def test_a_base_without_its_collected_files_fails_and_names_what_helps(static_site: Site) -> None:
    result = static_site.pytest(*FLAGS, timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "base: *500*",
            "If it needs files that git ignores, * djworkers_compare_prepare, *"
            " djworkers_compare_copy.",
        ]
    )


@pytest.mark.matrix
@pytest.mark.parametrize(
    "option", [f"--djworkers-compare-prepare={COLLECT}", "--djworkers-compare-copy=collected"]
)
def test_base_has_the_files_that_are_made_or_copied(static_site: Site, option: str) -> None:
    result = static_site.pytest(*FLAGS, option, timeout_s=120)
    result.stdout.no_fnmatch_line("*500*")
    assert result.ret in {0, 1}
    assert "test_page" in result.stdout.str()
    assert "base: " not in result.stdout.str()


UNUSABLE = [
    (
        "--djworkers-compare-prepare=sh -c 'echo no node; exit 3'",
        "djworkers_compare_prepare: *exit status 3*no node*",
    ),
    ("--djworkers-compare-requirements=poetry.lock", "*poetry.lock can't be installed: *"),
    ("--djworkers-compare-python=/bin/echo", "*/bin/echo is not a Python interpreter*"),
]
MORE_UNUSABLE = [
    ("--djworkers-compare-prepare=no-such-command", "djworkers_compare_prepare: *"),
    ("--djworkers-compare-copy=urls.py", "*'urls.py': git has these files*"),
    ("--djworkers-compare-copy=dist", "*'dist': the working tree has no such file*"),
    ("--djworkers-compare-requirements=no.txt", "*main (*) has no such file in git: *"),
]


@pytest.mark.parametrize(("option", "said"), with_more_in_matrix(UNUSABLE, MORE_UNUSABLE))
def test_what_base_can_not_be_given_ends_the_run(revisions: Site, option: str, said: str) -> None:
    result = revisions.pytest(*FLAGS, option, timeout_s=120)
    assert result.ret == 4
    assert "ERROR: " in result.stderr.str()
    text = " ".join(result.stderr.str().split())
    assert fnmatch(text, f"*{said}".replace("[", "[[]")), text
