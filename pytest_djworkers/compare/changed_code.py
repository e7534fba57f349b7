"""The functions that differ between the revisions of a comparison, as git sees them."""

from __future__ import annotations

from pathlib import Path

from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.profiling.code_changes import NO_CHANGES, CodeChanges, code_changes
from pytest_djworkers.profiling.code_diff import file_diffs
from pytest_djworkers.system.git import run_git

_MOST_BYTES = 1 << 24
_FORM = (
    *("--unified=0", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)
_PLAIN_PATHS = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.quotePath",
    "GIT_CONFIG_VALUE_0": "false",
}


def changed_code(revision: Revision, tree: Path) -> CodeChanges:
    """Return the changes from a revision, whose files are in ``tree``, to the working tree.

    None are returned if git can't tell them: they only help to name a cause.
    """
    try:
        done = run_git(
            revision.top,
            *("diff", *_FORM, revision.commit, "--", "*.py"),
            environment=_PLAIN_PATHS,
        )
    except SettingsError:
        return NO_CHANGES
    if done.returncode:
        return NO_CHANGES
    return code_changes(
        file_diffs(done.stdout),
        lambda file: _text(tree / file),
        lambda file: _text(revision.top / file),
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.stat().st_size <= _MOST_BYTES else ""
    except (OSError, ValueError):
        return ""
