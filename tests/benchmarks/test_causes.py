"""The benchmark of commits whose cause is known: its commits, its turns, and what it takes for an
answer."""

from __future__ import annotations

from collections import Counter

import pytest

from caused_site import CausedSite
from causes_told import SAME, UNFINISHED, Answer, Told, Turn, missing, same_table, table_of
from known_causes import KNOWN_CAUSES, KnownCause
from tables import HELD, MISSED
from tests.support.repository import git

NAMES = [one.name for one in KNOWN_CAUSES]
SERVERS = ["granian", "uvicorn"]
NOT_EXPLAINED = (
    "not explained: no function, query or wait differs by more than chance and by a tenth"
)
FIRST_LINES = {
    "a hash loop": "+840us in check_code (caused/codes.py:12), called from"
    " ticket.<locals>.<dictcomp>, which was edited",
    "an N+1": "queries 1 → 6: 5 times SELECT … FROM myapp_author WHERE id = %s from"
    " myapp/responses.py:30",
    "a lost index": "SELECT … FROM caused_order WHERE code = %s takes 0.1 → 20ms: now a sequential"
    " scan of caused_order (200,000 rows)",
    "a slower regular expression": "+1.2ms in stripped (caused/notes.py:14), called from remarks",
    "a template loop": "+2ms in render (django/shortcuts.py), called from shelf"
    " (caused/views.py:53)",
    "a serializer": "+2ms in BookSerializer.label (caused/serializers.py:29), which was edited",
    "an added middleware": "+1ms in Watermark.sign (caused/middleware.py:27)",
    "JSON of twice the size": "+2ms in JsonResponse.__init__ (django/http/response.py), called from"
    " export (caused/views.py:69)",
    "a lock": "+9ms of waiting for a lock in mark (caused/reservations.py:21), called from reserve",
    "a smaller pool": "+20ms of waiting for a connection of the pool in ConnectionPool.getconn"
    " (psycopg_pool/pool.py), called from waiting_query (caused/views.py:80)",
    "an outgoing request": "+10ms of waiting for an outgoing request in asked (caused/stock.py:18)",
    "a dependency's slower version": "+1ms in label_of (labels/__init__.py), called from label"
    " (caused/views.py:95)",
}


def told(name: str, line: str, server: str = "granian", number: int = 1) -> Told:
    causes = (line,) if line else ()
    return Told(name, server, number, "", "", "", 1.0, "regressed", -0.3, causes, "")


def turns_of(told_before: list[Told], same: int = 0) -> list[Turn]:
    return list(missing(told_before, NAMES, SERVERS, same))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> CausedSite:
    return CausedSite(tmp_path_factory.mktemp("causes") / "site")


@pytest.mark.parametrize("cause", KNOWN_CAUSES, ids=NAMES)
def test_a_commit_has_its_edits_and_nothing_else(site: CausedSite, cause: KnownCause) -> None:
    site.check_out(cause.edits)

    changed = git(site.folder, "diff", "--name-only", site.base, "HEAD").splitlines()
    assert sorted(changed) == sorted({edit.file for edit in cause.edits})


@pytest.mark.parametrize("name", NAMES)
def test_the_words_name_their_own_cause_and_no_other(name: str) -> None:
    for other, line in FIRST_LINES.items():
        expected = Answer.NAMED if other == name else Answer.WRONG
        assert told(name, f"because: {line}").answer is expected, other


def test_a_library_by_which_the_cause_waits_may_be_named_with_it() -> None:
    through = (
        "because: +9ms of waiting for a lock in LockType.acquire (gevent/thread.py), called from "
    )

    assert told("a lock", f"{through}mark (caused/reservations.py:21)").answer is Answer.NAMED
    assert told("a lock", f"{through}reserve (caused/reservations.py:15)").answer is Answer.WRONG


@pytest.mark.parametrize("line", ["", NOT_EXPLAINED])
def test_a_line_that_names_nothing_is_not_wrong(line: str) -> None:
    assert told("a lock", line).answer is Answer.UNNAMED
    assert told(SAME, line).answer is Answer.UNNAMED


def test_of_the_same_code_every_named_cause_is_wrong() -> None:
    named = told(SAME, f"because: {FIRST_LINES['a lock']}")

    assert same_table([named]).missed
    assert same_table([told(SAME, "")] * 19).rows[-1][-1] == UNFINISHED
    assert same_table([told(SAME, "")] * 20).rows[-1][-1] == HELD


def test_a_run_goes_on_where_the_last_one_stopped() -> None:
    before = [told("a lock", "", "uvicorn"), told(SAME, "", number=2)]

    turns = turns_of(before, same=3)

    assert len(turns) == len(NAMES) * len(SERVERS) - 1 + 2
    assert ("a lock", "uvicorn") not in {(turn.name, turn.server) for turn in turns}
    assert [turn.number for turn in turns if turn.is_same] == [1, 3]


def test_the_same_code_is_compared_under_all_servers_and_with_many_views() -> None:
    turns = [turn for turn in turns_of([], same=20) if turn.is_same]

    assert set(Counter(turn.server for turn in turns).values()) == {10}
    assert {turn.cause for turn in turns} == {one for one in KNOWN_CAUSES if not one.is_package}


def bars_of(lines: dict[str, str], servers: int = 3) -> list[tuple[str, ...]]:
    found = [told(name, line and f"because: {line}") for name, line in lines.items()]
    _, bars = table_of(found * servers)
    return bars.rows


@pytest.mark.parametrize(("unnamed", "expected"), [(2, HELD), (3, MISSED)])
def test_one_in_six_may_be_unnamed(unnamed: int, expected: str) -> None:
    rows = bars_of({**FIRST_LINES, **dict.fromkeys(NAMES[:unnamed], "")})

    assert ("named", str(36 - 3 * unnamed), "at least 30", expected) in rows


def test_none_may_be_wrong() -> None:
    lines = {**FIRST_LINES, "a lock": FIRST_LINES["a smaller pool"]}

    assert ("wrong", "3", "at most 0", MISSED) in bars_of(lines)
    # However many are not compared yet.
    assert ("wrong", "1", "at most 0", MISSED) in bars_of(lines, servers=1)


def test_no_bar_is_held_before_all_were_compared() -> None:
    rows = bars_of(FIRST_LINES, servers=2)

    assert [row[-1] for row in rows if row[2]] == [UNFINISHED, UNFINISHED]
