"""The commits of a bisection: with any history and any broken commits, the search ends right."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, log2
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.compare.bisection.candidates import Answer, Candidates
from tests.support.repository import commit, git

Parents = Mapping[str, list[str]]


@st.composite
def histories(draw: st.DrawFn) -> Parents:
    """Return commits, children before parents, all of which the first one comes from.

    Some have parents that are no candidates, such as the good commit.
    """
    number = draw(st.integers(1, 14))
    names = [f"c{place}" for place in range(number)]
    # Every commit but the first is the parent of a newer one.
    children = [
        [],
        *(
            draw(st.lists(st.sampled_from(range(one)), min_size=1, max_size=3))
            for one in range(1, number)
        ),
    ]
    parents: dict[str, list[str]] = {name: [] for name in names}
    for place, of in enumerate(children):
        for child in dict.fromkeys(of):
            parents[names[child]].append(names[place])
    for name in names:
        if not parents[name] or draw(st.booleans()):
            parents[name].append("good")
    return parents


def ancestors(one: str, parents: Parents) -> set[str]:
    """Return a commit and all of its ancestors, good ones aside."""
    found, todo = set(), [one]
    while todo:
        name = todo.pop()
        if name in parents and name not in found:
            found.add(name)
            todo += parents[name]
    return found


def search(parents: Parents, first: str, broken: set[str]) -> tuple[list[str], dict[str, Answer]]:
    """Bisect a history in which the slowdown is in ``first`` and all that comes from it."""
    candidates, answers = Candidates(parents), dict[str, Answer]()
    while (one := candidates.next(answers)) is not None:
        assert one not in answers
        assert one != next(iter(parents)), "the last commit is known to be bad"
        is_bad = first in ancestors(one, parents)
        answers[one] = Answer.SKIPPED if one in broken else Answer.BAD if is_bad else Answer.GOOD
    return candidates.suspects(answers), answers


def oracle(parents: Parents, answers: Mapping[str, Answer]) -> set[str]:
    """Return the commits that can be the first bad one: with each, all answers are explained."""
    return {
        first
        for first in ancestors(next(iter(parents)), parents)
        if all(
            (first in ancestors(one, parents)) == (answer is Answer.BAD)
            for one, answer in answers.items()
            if answer is not Answer.SKIPPED
        )
    }


@given(st.data())
def test_the_suspects_are_those_that_explain_all_answers(data: st.DataObject) -> None:
    parents = data.draw(histories())
    first = data.draw(st.sampled_from(list(parents)))
    broken = data.draw(st.sets(st.sampled_from(list(parents))))
    suspects, answers = search(parents, first, broken)
    assert first in suspects
    assert set(suspects) == oracle(parents, answers)
    # Nothing is left that another comparison could tell.
    assert set(suspects) <= {suspects[0], *broken}
    if not broken:
        assert suspects == [first]


@given(st.integers(1, 300), st.data())
def test_a_history_in_a_line_takes_the_comparisons_that_were_expected(
    number: int, data: st.DataObject
) -> None:
    names = [f"c{place}" for place in range(number)]
    parents = {one: [older] for one, older in zip(names, [*names[1:], "good"], strict=True)}
    first = data.draw(st.sampled_from(names))
    suspects, answers = search(parents, first, set())
    assert suspects == [first]
    expected = Candidates(parents).comparisons_left({})
    assert expected == ceil(log2(number))
    assert expected - 1 <= len(answers) <= expected


def test_a_broken_stretch_is_left_soon() -> None:
    names = [f"c{place:02}" for place in range(100)]
    parents = {one: [older] for one, older in zip(names, [*names[1:], "good"], strict=True)}
    _, answers = search(parents, "c90", set(names[40:60]))
    skipped = [one for one, answer in answers.items() if answer is Answer.SKIPPED]
    assert len(skipped) <= 3


def test_the_choice_is_git_s_own(repository: Path) -> None:
    # Two commits on a branch, merged into a main that has four of its own.
    git(repository, "checkout", "-q", "main")
    for number in range(3):
        commit(repository, f"on main {number}")
    git(repository, "merge", "-q", "-s", "ours", "feature")
    commits = git(repository, "rev-list", "--topo-order", "--parents", "HEAD").splitlines()
    parents = {one: others for one, *others in map(str.split, commits)}
    chosen = Candidates(parents).next({})
    assert chosen is not None
    ranked = git(repository, "rev-list", "--bisect-all", "HEAD").splitlines()
    best = [line for line in ranked if line.endswith(ranked[0].split("(")[-1])]
    assert chosen in [line.split()[0] for line in best]
