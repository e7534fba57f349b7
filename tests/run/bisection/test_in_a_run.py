"""Bisections in a pytest run: what is compared, what is said, and how the next run goes on."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.bisected import BISECT, bisected, compared_commits, expect, history
from tests.support.matrix import with_more_in_matrix
from tests.support.repository import commit, git, left
from tests.support.revisions import SLOWS, nothing_is_left
from tests.support.site import Site

EIGHT = {
    "one": "regressed",
    "two": "regressed",
    "three": "regressed",
    "four": "regressed",
    "five": "regressed",
    "six": "ok",
    "seven": "ok",
    "eight": "ok",
}
FOUND = (
    "GET /slows: first slower commit: ?????????? six, A, ????-??-??: -19.7% (-22.7% to -16.6%)",
    "first slower commit: ?????????? six, A, ????-??-??: GET /slows -19.7% (-22.7% to -16.6%)",
)


@pytest.mark.matrix
def test_ctrl_c_in_the_middle_and_then_the_same_command_goes_on(revisions: Site) -> None:
    history(revisions, {**EIGHT, "six": "Ctrl-C"})
    before = left(revisions.folder)
    prepared = revisions.folder / "prepared"
    prepare = f"--djworkers-compare-prepare=touch {prepared}"
    stopped = bisected(revisions, prepare, "--djworkers-report=load.json")
    assert stopped.ret == pytest.ExitCode.INTERRUPTED
    assert compared_commits(revisions) == ["one", "five", "seven", "six"]
    stopped.stdout.fnmatch_lines(
        [
            "djworkers: 7 commits between good (??????????) and HEAD: about 4 comparisons, *",
            "djworkers: ?????????? one: good: regressed, -19.7% (-22.7% to -16.6%)",
            "djworkers: ?????????? five: good: regressed, *",
            "djworkers: ?????????? seven: bad: ok, *",
            "bisection not finished: first slower commit is one of 2: the same command goes on",
        ]
    )
    found = json.loads((revisions.folder / "load.json").read_text())["bursts"][0]["record"]
    assert not found["bisection"]["is_over"]
    assert [one["subject"] for one in found["bisection"]["suspects"]] == ["seven", "six"]
    nothing_is_left(revisions, before)

    expect(revisions, EIGHT)
    prepared.unlink()
    reports = "--djworkers-report=load.json", "--djworkers-report=load.md"
    finished = bisected(revisions, prepare, *reports)
    assert not prepared.exists(), "the good revision is not checked out for nothing"
    finished.assert_outcomes(failed=1)
    assert finished.ret == pytest.ExitCode.TESTS_FAILED
    assert compared_commits(revisions) == ["six", "why five"]
    finished.stdout.fnmatch_lines(
        [
            "djworkers: 3 verdicts are from the run of ????-??-?? ??:?? UTC (--cache-clear *)",
            "djworkers: ?????????? seven: bad: ok, *: from an earlier run",
            "djworkers: ?????????? six: bad: ok, *%)",
            *FOUND,
        ]
    )
    document = json.loads((revisions.folder / "load.json").read_text())
    bisection = document["bursts"][0]["record"]["bisection"]
    assert [one["subject"] for one in bisection["suspects"]] == ["six"]
    assert [one["is_earlier"] for one in bisection["steps"]] == [True, True, True, False]
    markdown = (revisions.folder / "load.md").read_text()
    assert re.search(r"first slower commit: \w{10} six, A, ", markdown)
    assert re.search(r"\| \w{10} seven +\| bad +\| ok +\|", markdown)


@pytest.mark.matrix
def test_a_run_after_the_search_is_over_compares_nothing_unless_the_cache_is_cleared(
    revisions: Site,
) -> None:
    history(revisions, EIGHT)
    compared = ["one", "five", "seven", "six", "why five"]
    for flags, expected in (([], compared), ([], compared), (["--cache-clear"], compared * 2)):
        bisected(revisions, *flags).stdout.fnmatch_lines(FOUND)
        assert compared_commits(revisions) == expected


@pytest.mark.matrix
def test_a_commit_that_can_t_be_compared_is_skipped(revisions: Site) -> None:
    history(revisions, {**EIGHT, "five": "broken", "six": "new endpoint", "four": "improved"})
    result = bisected(revisions)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*five: skipped: not compared: base: no start; ZeroDivisionError: here",
            "*first slower commit: one of 4, since 3 of them were skipped: -19.7%*",
            "  ?????????? seven, A, *",
            "  ?????????? six, A, *",
            "  ?????????? five, A, *",
            "  ?????????? four, A, *",
        ]
    )
    result.stdout.fnmatch_lines(["*four: skipped: improved: requests/s +29*"])
    result.stdout.fnmatch_lines(["*six: skipped: not compared: new endpoint"])


def test_changes_that_are_not_committed_are_the_last_candidate(revisions: Site) -> None:
    history(revisions, dict.fromkeys(EIGHT, "regressed"))
    with (revisions.folder / "urls.py").open("a") as urls:
        urls.write("# slower\n")
    result = bisected(revisions)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*7 commits between good (*) and HEAD and uncommitted changes: about 4 comparisons, *",
            "first slower commit: uncommitted changes: GET /slows -19.7%*",
        ]
    )
    assert compared_commits(revisions)[-2:] == ["eight", "why eight"]


def test_a_working_tree_that_is_no_slower_passes(revisions: Site) -> None:
    history(revisions, dict.fromkeys(EIGHT, "ok"))
    result = bisected(revisions)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["nothing to find: the working tree is not slower than good (*): ok, ?0.*% (*)"]
    )
    assert compared_commits(revisions) == ["one"]


TELL_NOTHING = [
    ("inconclusive", "*can't be told * slower than * one: inconclusive: requests/s *; name an*"),
    ("edited", "*: files of the working tree were changed meanwhile, so the last*"),
]
MORE_TELL_NOTHING = [
    ("new endpoint", "*can't be told if the working tree is slower than * one: new endpoint;*")
]


@pytest.mark.parametrize(("word", "said"), with_more_in_matrix(TELL_NOTHING, MORE_TELL_NOTHING))
def test_a_good_revision_that_tells_nothing_fails_the_test(
    word: str, said: str, revisions: Site
) -> None:
    history(revisions, {**EIGHT, "one": word})
    result = bisected(revisions)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([said])
    assert compared_commits(revisions) == ["one"]


def test_a_working_tree_that_can_t_be_served_ends_the_search(revisions: Site) -> None:
    history(revisions, {**EIGHT, "five": "head fails"})
    result = bisected(revisions)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["head: no start"])
    assert compared_commits(revisions) == ["one", "five"]


def test_a_second_burst_in_the_test_fails_it(revisions: Site) -> None:
    revisions.test("def test_two(burst):\n    burst('/json')\n    burst('/users')\n")
    history(revisions, EIGHT)
    result = bisected(revisions)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["GET /users: --djworkers-bisect * has fired GET /json before: *"])


REFUSED = [
    (["-k", "none"], "--djworkers-bisect needs one load test, and none is selected: choose *"),
    (["--djworkers-compare=main"], "--djworkers-compare can't be combined with *-bisect"),
    (["-n1"], "--djworkers-bisect can't be combined with pytest-xdist: * use -n0"),
    (
        ["--djworkers=granian,gunicorn-sync"],
        "--djworkers-bisect needs one load test under one backend, and 2 are * (*): choose *",
    ),
]
MORE_REFUSED = [
    (["--djworkers-calibrate"], "--djworkers-bisect can't be combined with *-calibrate"),
    (["--djworkers-compare-backends"], "--djworkers-bisect can't be combined with *-backends"),
    (["--djworkers-compare-environments=a,b"], "--djworkers-bisect can't *-environments"),
    (["--djworkers-save-baseline"], "--djworkers-bisect can't be combined with *-baseline"),
    (["--djworkers-compare-budget=5m"], "--djworkers-bisect can't *-budget: end it with Ctrl-C*"),
]


@pytest.mark.parametrize(("flags", "said"), with_more_in_matrix(REFUSED, MORE_REFUSED))
def test_what_a_bisection_can_t_be_ends_the_run_before_any_server_starts(
    flags: list[str], said: str, revisions: Site
) -> None:
    commit(revisions.folder, "another")
    result = revisions.pytest(*BISECT, "--djworkers-bisect=main", *flags)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


@pytest.mark.matrix
def test_real_servers_and_commits(revisions: Site) -> None:
    urls = revisions.folder / "urls.py"
    fast = urls.read_text()
    for number in range(1, 9):
        text = fast.replace(SLOWS.format(4), SLOWS.format(24)) if number >= 6 else fast
        broken = "raise ZeroDivisionError('here')\n" if number == 3 else ""
        urls.write_text(f"{broken}{text}\n# {number}\n")
        commit(revisions.folder, f"change {number}")
    git(revisions.folder, "checkout", "-q", "--detach")
    before, refs = left(revisions.folder), git(revisions.folder, "for-each-ref")
    # On a busy machine, short blocks of the same code differ by more than 10 %.
    flags = (*BISECT, "--djworkers-bisect=main", "--djworkers-tolerance=60%")
    result = revisions.pytest(*flags, timeout_s=200)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["first slower commit: ?????????? change 6, A, *: GET /slows -*"])
    nothing_is_left(revisions, before)
    assert git(revisions.folder, "for-each-ref") == refs
