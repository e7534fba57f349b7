"""Runs of pytest that bisect, with comparisons that are made up: they launch nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.repository import commit, git
from tests.support.revisions import FLAGS
from tests.support.site import Site

MADE_UP = """
import sys

sys.path.insert(0, {root!r})

from pytest_djworkers.run import two_arms
from tests.support.bisected import made_up_compare, made_up_explain

two_arms.TwoArms.compare = made_up_compare
two_arms.TwoArms.explain = made_up_explain
"""
ROOT = Path(__file__).parents[2]
NOT_IN_GIT = (
    "made_up.py",
    "verdicts.json",
    "compared",
    ".pytest_cache",
    "stdout",
    "stderr",
    "prepared",
)
BISECT = tuple(flag for flag in FLAGS if not flag.startswith("--djworkers-compare="))
"""The flags of a run that bisects, but for the good revision."""


def made_up_compare(arms: object, planned: object, *, explains: bool) -> object:
    """Stand in for ``TwoArms.compare``: the file ``verdicts.json`` has the verdict on each commit.

    Other words are how the comparison ends: ``broken``, ``head fails``, ``Ctrl-C``, ``new
    endpoint``, or ``edited`` for a file that is changed meanwhile.
    """
    from pytest_djworkers.compare.arms import HeadError
    from pytest_djworkers.compare.procedure import ComparisonOutcome
    from pytest_djworkers.compare.result import ArmComparison
    from pytest_djworkers.errors import ServerError
    from pytest_djworkers.system.log import TAIL_HEADING
    from pytest_djworkers.verdict.judgement import Verdict
    from tests.support.comparisons import compared
    from tests.support.results import RESULT

    assert not explains, "only the last comparison is worth the time"
    revision = arms._comparison_setup.revision  # type: ignore[attr-defined]  # a TwoArms
    verdict = _noted(revision.commit)
    if verdict == "Ctrl-C":
        raise KeyboardInterrupt
    if verdict == "head fails":
        raise HeadError("head: no start")
    if verdict == "broken":
        log = f"{TAIL_HEADING}:\n    raise it\n    ZeroDivisionError: here"
        raise ServerError(f"base: no start\n{log}\nadvice")
    labels = (revision.label, "the working tree")
    if verdict == "new endpoint":
        return ComparisonOutcome(ArmComparison(labels, 1, 1.0, not_compared="new endpoint"), None)
    if verdict == "edited":
        Path("urls.py").write_text(Path("urls.py").read_text() + "# edited\n")
    ratio = {"ok": 1.0, "improved": 1.3}.get(verdict, 0.8)
    comparison = compared(ratio, blocks=6, labels=labels)
    if verdict == "inconclusive":
        found = (replace(one, verdict=Verdict(verdict)) for one in comparison.judgements)
        comparison = replace(comparison, judgements=tuple(found))
    return ComparisonOutcome(comparison, replace(RESULT, profile=planned.profile))  # type: ignore[attr-defined]  # a PlannedBurst


def made_up_explain(arms: object, planned: object, outcome: object) -> object:
    """Stand in for ``TwoArms.explain``."""
    from pytest_djworkers.profiling.explanation import Explanation

    _noted(arms._comparison_setup.revision.commit, "why ")  # type: ignore[attr-defined]  # a TwoArms
    explained = replace(outcome.comparison, explanation=Explanation(4, (100, 100)))  # type: ignore[attr-defined]  # a ComparisonOutcome
    return replace(outcome, comparison=explained)  # type: ignore[type-var]  # likewise


def _noted(commit: str, word: str = "") -> str:
    """Note what is done with a commit, and return how its comparison ends."""
    subject, verdict = json.loads(Path("verdicts.json").read_text())[commit]
    with Path("compared").open("a") as file:
        file.write(f"{word}{subject}\n")
    return str(verdict)


def history(site: Site, verdicts: Mapping[str, str]) -> None:
    """Commit one change for each of these, and say how its comparison ends; the first is ``good``.

    The last commit is what is checked out.
    """
    site.write("made_up.py", MADE_UP.format(root=str(ROOT)))
    ignored = (site.folder / ".gitignore").read_text()
    site.write(".gitignore", ignored + "\n".join(NOT_IN_GIT) + "\n")
    ids = {commit(site.folder, subject): subject for subject in verdicts}
    git(site.folder, "tag", "good", next(iter(ids)))
    expect(site, verdicts)


def expect(site: Site, verdicts: Mapping[str, str]) -> None:
    """Say how the comparison of each commit ends, by its subject."""
    listed = git(site.folder, "log", "--format=%H %s").splitlines()
    found = [line.split(" ", 1) for line in listed]
    ends = {one: (subject, verdicts[subject]) for one, subject in found if subject in verdicts}
    site.write("verdicts.json", json.dumps(ends))
    site.write("compared", "")


def bisected(site: Site, *arguments: str, good: str = "good") -> pytest.RunResult:
    """Run pytest with such comparisons, and with pytest's cache."""
    # The explanation is made up, too.
    flags = [flag for flag in BISECT if flag != "--djworkers-no-profile"]
    plugins = ("-p", "made_up", "-p", "cacheprovider")
    return site.pytest(*plugins, *flags, f"--djworkers-bisect={good}", *arguments)


def compared_commits(site: Site) -> list[str]:
    """Return the subjects of the commits that were compared since ``expect``, in their order.

    ``why`` is before the subject of the one whose comparison was explained.
    """
    return (site.folder / "compared").read_text().splitlines()
