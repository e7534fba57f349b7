"""Git's differences; real ones are in test_code_changes.py."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.profiling.code_diff import FileDiff, Hunk, file_diffs

LINES = st.lists(st.sampled_from("abcde"), max_size=12)

RENAMED = """\
diff --git a/old name.py b/new name.py
similarity index 90%
rename from old name.py
rename to new name.py
--- a/old name.py\t
+++ b/new name.py\t
@@ -2 +2,2 @@ def view():
-    one
+    diff --git a/no b/no
+    @@ -1 +1 @@
@@ -9,3 +9,0 @@
-a
-b
-c
diff --git a/moved.py b/moved to.py
similarity index 100%
rename from moved.py
rename to moved to.py
diff --git a/added.py b/added.py
new file mode 100644
--- /dev/null
+++ b/added.py
@@ -0,0 +1 @@
+one
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-one
diff --git a/binary.py b/binary.py
index 1..2 100644
Binary files a/binary.py and b/binary.py differ
"""


def diff_of(base: list[str], head: list[str]) -> FileDiff:
    """The difference in git's form, by another program: difflib."""
    hunks = [
        # Git says the line before if there are none.
        Hunk(low + (low < high), high - low, begin + (begin < end), end - begin)
        for tag, low, high, begin, end in difflib.SequenceMatcher(
            None, base, head, autojunk=False
        ).get_opcodes()
        if tag != "equal"
    ]
    return FileDiff("a.py", "a.py", tuple(hunks))


def test_files_have_both_of_their_names() -> None:
    assert list(file_diffs(RENAMED)) == [
        FileDiff("old name.py", "new name.py", (Hunk(2, 1, 2, 2), Hunk(9, 3, 9, 0))),
        FileDiff("moved.py", "moved to.py", ()),
        FileDiff(None, "added.py", (Hunk(0, 0, 1, 1),)),
        FileDiff("gone.py", None, (Hunk(1, 1, 0, 0),)),
        FileDiff(None, None, ()),
    ]


def test_no_difference_has_no_files() -> None:
    assert list(file_diffs("")) == []


@given(LINES, LINES)
def test_lines_that_are_the_same_are_found_in_head(base: list[str], head: list[str]) -> None:
    diff = diff_of(base, head)
    changed = {line for one in diff.hunks for line in _lines(one.base_line, one.base_lines)}
    found = {line: diff.in_head(line) for line in range(1, len(base) + 1)}
    assert {line for line, now in found.items() if now is None} == changed
    same = {line: now for line, now in found.items() if now is not None}
    assert all(base[line - 1] == head[now - 1] for line, now in same.items())
    new = {line for one in diff.hunks for line in _lines(one.head_line, one.head_lines)}
    assert {*same.values(), *new} == set(range(1, len(head) + 1))
    assert new <= diff.changed_lines


def test_lines_taken_away_mark_the_line_before_them() -> None:
    assert diff_of(["a", "b", "c"], ["a", "c"]).changed_lines == {1}


def _lines(first: int, number: int) -> range:
    return range(first, first + number)
