"""The functions that differ between the revisions of a comparison, as git sees them."""

from __future__ import annotations

from pathlib import Path

from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.profiling.code_changes import NO_CHANGES, CodeChanges, code_changes
from pytest_djworkers.profiling.code_diff import file_diffs, new_file
from pytest_djworkers.system.git import git_output

_MOST_BYTES = 1 << 24
_PYTHON = ":(top,glob)**/*.py"
_FORM = (
    *("--unified=0", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)


def changed_code(revision: Revision, tree: Path) -> CodeChanges:
    """Return the changes from a revision, whose files are in ``tree``, to the working tree.

    None are returned if git can't tell them: they only help to name a cause.
    """
    try:
        difference = git_output(
            revision.top,
            *("diff", *_FORM, revision.commit, "--", "*.py"),
            failure="git diff fails",
        )
        new = new_modules(revision.top)
    except SettingsError:
        return NO_CHANGES

    def of_head(file: str) -> str:
        return _text(revision.top / file)

    return code_changes(
        [*file_diffs(difference), *(new_file(name, of_head(name)) for name in new)],
        lambda file: _text(tree / file),
        of_head,
    )


def new_modules(top: Path) -> list[str]:
    """Return the Python files of a working tree that git does not have, and does not ignore.

    Raises SettingsError if git fails.
    """
    listed = git_output(
        top,
        *("ls-files", "--others", "--exclude-standard", "-z", "--", _PYTHON),
        failure="git ls-files fails",
    )
    return sorted(filter(None, listed.split("\0")))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.stat().st_size <= _MOST_BYTES else ""
    except (OSError, ValueError):
        return ""
