"""The workflow files of the documentation: their steps are executed, with an API of this machine.

Only what needs the network is stood in for: pip, apt-get, GitHub's command and both APIs.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.load.profile import Profile
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document_file import as_json, read_document
from pytest_djworkers.report.markdown.page import MARKER
from tests.support.api_server import GH, Api, serving
from tests.support.comparisons import compared
from tests.support.documents import document
from tests.support.repository import commit, git
from tests.support.results import RESULT, record
from tests.support.revisions import FLAGS, SLOWS
from tests.support.site import Site
from tests.support.workflows import Runner, expanded, workflow

pytestmark = pytest.mark.skipif(  # the workflows use jq and curl
    not (shutil.which("jq") and shutil.which("curl")), reason="the workflows use jq and curl"
)
MEASURE, COMMENT = workflow("github/measure.yml"), workflow("github/comment.yml")
GITLAB = workflow("gitlab/.gitlab-ci.yml")
# As the runners call them: GitHub's where a workflow asks for bash, GitLab's always.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
GITHUB_DEFAULT = ("bash", "-e")

LOSS, OK = record(against_base=compared(0.7)), record(against_base=compared(1.0))
OURS = {"user": {"login": "github-actions[bot]"}}
SHA = "0123456789abcdef0123456789abcdef01234567"
# A branch may have any name, and a script must not be made of it.
BRANCH = "a'b;$(touch hacked)`touch hacked`&x=1"
EVENT = {
    "id": 5,
    "event": "pull_request",
    "conclusion": "failure",
    "head_sha": SHA,
    "head_branch": BRANCH,
    "head_repository": {"owner": {"login": "stranger"}},
}
CONTEXT = {"github": {"token": "a token", "event": {"workflow_run": EVENT}}}


def pull(number: int, sha: str = SHA, label: str = f"stranger:{BRANCH}") -> dict[str, Any]:
    return {"number": number, "head": {"sha": sha, "label": label}}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    folder = tmp_path / "work"
    folder.mkdir()
    return Runner.in_folder(folder, tmp_path / "tools")


@pytest.fixture
def github() -> Iterator[Api]:
    """GitHub with a pull request of a fork, which is not the newest one."""
    with serving(Api(OURS, pulls=[pull(3, sha="f" * 40), pull(2)])) as api:
        api.add("a comment of a person", user={"login": "person"})
        api.add(f"{MARKER}\nquoted by a person", user={"login": "person"})
        yield api


@pytest.fixture
def gitlab() -> Iterator[Api]:
    with serving(Api({"author": {"id": 7}})) as api:
        api.add(f"{MARKER}\nquoted by a person", author={"id": 8})
        api.add("another", author={"id": 7})
        yield api


def write_report(folder: Path, *records: BurstRecord) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "load.json").write_text(as_json(document(*records)))


def comment_on_github(
    runner: Runner, api: Api, *records: BurstRecord
) -> subprocess.CompletedProcess[str]:
    """Execute the steps of the job that comments; return the last one's output."""
    write_report(runner.folder / "artifact", *records)
    runner.add_tool("gh", GH)
    done = None
    for step in COMMENT["jobs"]["comment"]["steps"]:
        if "run" not in step:
            continue
        _, file = step["if"].split("'")[:2]
        assert (runner.folder / file).exists()
        environment = {
            name: expanded(value, CONTEXT) for name, value in step.get("env", {}).items()
        }
        common = {"GITHUB_REPOSITORY": "owner/site", "API": api.url}
        done = runner.run(step["run"], BASH, {**common, **environment})
    assert done is not None
    return done


def note_on_gitlab(
    runner: Runner, api: Api, *records: BurstRecord
) -> subprocess.CompletedProcess[str]:
    """Execute the script of the job that writes the note."""
    write_report(runner.folder, *records)
    script = "\n".join(GITLAB["load tests note"]["script"])
    environment = {
        "LOAD_TESTS_TOKEN": "a token",
        "CI_API_V4_URL": api.url,
        "CI_PROJECT_ID": "4",
        "CI_MERGE_REQUEST_IID": "2",
    }
    return runner.run(script, BASH, environment)


def test_a_first_regression_makes_a_comment(runner: Runner, github: Api) -> None:
    done = comment_on_github(runner, github, LOSS)
    assert done.returncode == 0, done.stderr
    assert github.done == [("POST", "/repos/owner/site/issues/2/comments")]
    body = github.comments[-1]["body"]
    assert body.startswith(f"{MARKER}\n")
    assert "## Load tests: 1 regressed\n" in body
    assert github.tokens == {"a token"}
    assert runner.calls == ["python -m pip install pytest-djworkers"]
    assert not list(runner.folder.rglob("hacked"))


def test_the_comment_is_kept_up_to_date(runner: Runner, github: Api) -> None:
    ours = github.add(f"{MARKER}\n## Load tests: 3 regressed")
    done = comment_on_github(runner, github, LOSS)
    assert done.returncode == 0, done.stderr
    assert github.done == [("PATCH", f"/repos/owner/site/issues/comments/{ours['id']}")]
    assert "## Load tests: 1 regressed\n" in ours["body"]


def test_there_is_no_comment_if_nothing_changed(runner: Runner, github: Api) -> None:
    assert comment_on_github(runner, github, OK).returncode == 0
    assert github.done == []


def test_a_comment_on_what_is_mended_is_cleared(runner: Runner, github: Api) -> None:
    ours = github.add(f"{MARKER}\n## Load tests: 3 regressed")
    assert comment_on_github(runner, github, OK).returncode == 0
    assert [method for method, _ in github.done] == ["PATCH"]
    assert "\n## Load tests: mended, 1 ok\n" in ours["body"]
    assert "regressed" not in ours["body"]


def test_a_pull_request_with_a_newer_commit_or_of_somebody_else_gets_no_comment(
    runner: Runner, github: Api
) -> None:
    github.pulls = [pull(3, sha="f" * 40), pull(4, label=f"owner:{BRANCH}")]
    done = comment_on_github(runner, github, LOSS)
    assert (done.returncode, github.done) == (0, [])
    assert done.stdout == f"No open pull request has {SHA} as its newest commit.\n"


def test_a_report_of_a_fork_can_add_nothing_but_text(runner: Runner, github: Api) -> None:
    evil = Profile("</details>\n<!-- pytest-djworkers -->@everybody", RESULT.profile.request)
    comment_on_github(runner, github, replace(LOSS, result=replace(RESULT, profile=evil)))
    body = github.comments[-1]["body"]
    assert body.count("<!-- pytest-djworkers -->") == 1
    assert "@everybody" not in body


def test_an_api_that_fails_fails_the_step(runner: Runner, github: Api) -> None:
    write_report(runner.folder / "artifact", LOSS)
    github.url = "http://127.0.0.1:1"
    assert comment_on_github(runner, github, LOSS).returncode != 0


@pytest.mark.parametrize(
    ("one", "before", "done", "title"),
    [
        (LOSS, False, [("POST", "notes")], "## Load tests: 1 regressed\n"),
        (LOSS, True, [("PUT", "notes/3")], "## Load tests: 1 regressed\n"),
        (OK, False, [], "another"),
        (OK, True, [("PUT", "notes/3")], "## Load tests: mended, 1 ok\n"),
    ],
    ids=["first", "again", "nothing", "mended"],
)
def test_a_merge_request_has_one_note(
    runner: Runner,
    gitlab: Api,
    one: BurstRecord,
    before: bool,
    done: list[tuple[str, str]],
    title: str,
) -> None:
    if before:
        gitlab.add(f"{MARKER}\n## Load tests: 3 regressed")
    noted = note_on_gitlab(runner, gitlab, one)
    assert noted.returncode == 0, noted.stderr
    assert gitlab.done == [
        (method, f"/projects/4/merge_requests/2/{path}") for method, path in done
    ]
    assert title in gitlab.comments[-1]["body"]
    assert gitlab.tokens == {"a token"}


def with_origin(revisions: Site) -> None:
    """Commit a slower site, and make a remote of the repository: short comparisons, real ones."""
    urls = revisions.folder / "urls.py"
    urls.write_text(urls.read_text().replace(SLOWS.format(4), SLOWS.format(12)))
    revisions.write("requirements.txt", "")
    commit(revisions.folder, "slower")
    git(revisions.folder, "remote", "add", "origin", ".")
    git(revisions.folder, "fetch", "-q", "origin")


def short() -> Mapping[str, str]:
    """Return the environment in which comparisons of the revisions are short."""
    flags = [one for one in FLAGS if not one.startswith(("--djworkers=", "--djworkers-compare="))]
    return {"PYTEST_ADDOPTS": " ".join(("-p no:cacheprovider", *flags))}


def test_the_job_on_github_measures_against_the_target_branch(
    revisions: Site, tmp_path: Path
) -> None:
    with_origin(revisions)
    runner = Runner.in_folder(revisions.folder, tmp_path / "tools")
    summary = tmp_path / "summary"
    environment = {
        **short(),
        "GITHUB_BASE_REF": "main",
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_WORKSPACE": str(revisions.folder),
    }
    install, measure = (step for step in MEASURE["jobs"]["measure"]["steps"] if "run" in step)
    assert runner.run(install["run"], GITHUB_DEFAULT, environment).returncode == 0
    assert runner.calls == [
        "python -m pip install -r requirements.txt pytest-djworkers[granian,profile]"
    ]
    done = runner.run(measure["run"], GITHUB_DEFAULT, environment)
    assert done.returncode == 1, done.stdout
    assert "\n::error file=test_site.py,line=4,title=test_slows[granian]%3A failed::" in done.stdout
    assert "## Load tests: 1 regressed" in summary.read_text()
    *_, upload = MEASURE["jobs"]["measure"]["steps"]
    for file in upload["with"]["path"].split():
        assert (revisions.folder / file).exists()
    (test,) = read_document(revisions.folder / "load.json").tests
    assert test.outcome == "failed"


@pytest.mark.matrix
def test_the_job_on_gitlab_measures_against_the_target_branch(
    revisions: Site, tmp_path: Path
) -> None:
    with_origin(revisions)
    runner = Runner.in_folder(revisions.folder, tmp_path / "tools")
    job = GITLAB["load tests"]
    environment = {**short(), "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "BASE": "origin/main"}
    done = runner.run("\n".join(job["script"]), BASH, environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert runner.run("\n".join(job["after_script"]), BASH, environment).returncode == 0
    files = [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]
    assert sorted(files) == ["junit.xml", "load.json", "metrics.txt"]
    assert "regressed" in (revisions.folder / "junit.xml").read_text()
    assert (revisions.folder / "metrics.txt").read_text().endswith("# EOF\n")


def test_no_script_is_made_of_what_others_wrote() -> None:
    for file in (MEASURE, COMMENT):
        for job in file["jobs"].values():
            for step in job["steps"]:
                assert "${{" not in step.get("run", "")


def test_the_jobs_may_do_no_more_than_they_must() -> None:
    assert MEASURE["permissions"] == {"contents": "read"}
    assert COMMENT["permissions"] == {}
    assert COMMENT["jobs"]["comment"]["permissions"] == {
        "actions": "read",
        "pull-requests": "write",
    }
    used = [
        step["uses"].partition("@")[0]
        for file in (MEASURE, COMMENT)
        for job in file["jobs"].values()
        for step in job["steps"]
        if "uses" in step
    ]
    assert set(used) == {
        *("actions/checkout", "actions/setup-python"),
        *("actions/upload-artifact", "actions/download-artifact"),
    }
    assert "actions/checkout" not in [
        step.get("uses", "").partition("@")[0] for step in COMMENT["jobs"]["comment"]["steps"]
    ], "no code of a pull request is where a token may write"


def test_the_workflow_that_comments_waits_for_the_one_that_measures() -> None:
    # YAML 1.1 takes the key "on" for True.
    assert COMMENT[True]["workflow_run"]["workflows"] == [MEASURE["name"]]
    names = [
        step["with"]["name"]
        for file in (MEASURE, COMMENT)
        for job in file["jobs"].values()
        for step in job["steps"]
        if "artifact" in step.get("uses", "")
    ]
    assert names == ["load-tests", "load-tests"]
    checkout, *_ = MEASURE["jobs"]["measure"]["steps"]
    assert checkout["with"]["fetch-depth"] == 0
