"""The example project in a git repository of its own, with commits that differ as asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from repository import Repository

Change = Mapping[str, float | str | bool]
"""The change of a commit, in the words of the site's views."""


class Revisions:
    """A repository of the example project with more views, which makes commits of them."""

    def __init__(self, folder: Path, views: Path) -> None:
        """Make the folder, or make it anew. ``views`` is the folder of the additional views."""
        self._repository = Repository(folder, views)
        self.folder = folder
        self._change_file = folder / views.name / "change.json"
        self._first = self._commit({}, "The example project with more views")

    def check_out(self, head: Change, base: Change | None = None) -> str:
        """Make a commit, and check it out; return the commit to compare it with.

        Without a change, a commit is compared with itself.
        """
        self._repository.check_out(self._first)
        made = self._commit(base) if base else self._first
        if head != (base or {}):
            self._commit(head)
        return made

    def leftovers(self) -> list[str]:
        """Return the worktrees, branches and files that a comparison left here."""
        return self._repository.leftovers()

    def _commit(self, change: Change, message: str = "") -> str:
        text = json.dumps(change)
        self._change_file.write_text(text)
        return self._repository.commit(message or f"Views with {text}")
