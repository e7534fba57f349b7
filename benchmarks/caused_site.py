"""The example project with a view for each known cause, and the commits that make them slow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from known_causes import Edit
from repository import Repository

VIEWS = Path(__file__).parent / "caused"
_SETTINGS = Edit("example/settings.py", '    "members",\n', '    "members",\n    "caused",\n')
_PACKAGES = Edit("requirements.txt", "", "labels==1.0\n")


class CausedSite:
    """The site in a repository of its own."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, or make it anew."""
        self._repository = Repository(folder, VIEWS)
        self.folder = folder
        self.base = self._commit((_SETTINGS, _PACKAGES), "The example project with more views")

    def check_out(self, edits: Sequence[Edit]) -> None:
        """Make a commit with these edits of base, and check it out; without any, base itself."""
        self._repository.check_out(self.base)
        if edits:
            self._commit(edits, f"Edits of {', '.join(edit.file for edit in edits)}")

    def leftovers(self) -> list[str]:
        """Return what a comparison left here."""
        return self._repository.leftovers()

    def _commit(self, edits: Sequence[Edit], message: str) -> str:
        for edit in edits:
            file = self.folder / edit.file
            text = file.read_text() if edit.old else ""
            assert not edit.old or text.count(edit.old) == 1, f"{edit.old!r} in {edit.file}"
            file.write_text(text.replace(edit.old, edit.new) if edit.old else edit.new)
        return self._repository.commit(message)
