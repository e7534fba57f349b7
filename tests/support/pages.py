"""The pages of the documentation, their examples, and what is shown of a command's output."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sybil import Document, Region
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer
from sybil.parsers.rest.lexers import DirectiveLexer

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MARKDOWN = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "example_project" / "README.md")
PAGES = (*MARKDOWN, *sorted(DOCS.rglob("*.rst")))

_LEXERS: dict[str, Callable[[Document], Iterable[Region]]] = {
    ".md": RawFencedCodeBlockLexer(re.compile(r"(?P<arguments>\w*)$\n", re.MULTILINE)),
    ".rst": DirectiveLexer("code-block"),
}
_FIGURE = re.compile(r"(?<![\w.])[-+]?\d[\d,.]*\d*(?:(?:%|us|ms|s|kB|MB|GB)(?!\w)| (?:us|ms|s)\b)?")
_RULE = re.compile(r"([-=_])\1{3,}")
ELISION = "..."


@dataclass(frozen=True)
class Example:
    """A code block of a page."""

    page: Path
    line: int
    language: str
    file: str | None
    """The file that its caption names."""
    source: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def steps(self) -> list[tuple[str, str]]:
        """Return the commands of a shell session, each with the output that is shown."""
        found = re.findall(r"^\$ (.*(?:\\\n.*)*)\n((?:(?!\$ ).*\n)*)", self.source, re.MULTILINE)
        return [(command, output) for command, output in found]


def examples_in(page: Path) -> Iterator[Example]:
    """Yield the code blocks of a page."""
    document = Document(page.read_text(), str(page))
    for region in _LEXERS[page.suffix](document):
        options = region.lexemes.get("options") or {}
        yield Example(
            page,
            document.text.count("\n", 0, region.start) + 1,
            region.lexemes["arguments"] or "",
            options.get("caption"),
            str(region.lexemes["source"]).rstrip() + "\n",
        )


def examples(*languages: str) -> list[Example]:
    """Return the code blocks in these languages, of all pages."""
    found = (example for page in PAGES for example in examples_in(page))
    return [example for example in found if example.language in languages]


def without_figures(line: str) -> str:
    """Return a line of output with a mark for each figure, and without what follows from them:
    the widths of columns and rules."""
    words = _FIGURE.sub("#", line).split()
    return _RULE.sub(r"\1", " ".join("#" if word == "-" else word for word in words))


def shows(shown: str, output: str) -> bool:
    """Return whether output is what a page shows, but for its figures.

    ``...`` stands for any lines, or for any part of one. A line of output may go on: a column of
    remarks is there or not.
    """
    lines = [without_figures(line) for line in output.splitlines()]
    position, anywhere = 0, False
    for wanted in map(without_figures, shown.splitlines()):
        if wanted == ELISION:
            anywhere = True
            continue
        pattern = re.escape(wanted).replace(re.escape(ELISION), ".*")
        rest = range(position, len(lines) if anywhere else min(position + 1, len(lines)))
        found = next((number for number in rest if re.match(pattern, lines[number])), None)
        if found is None:
            return False
        position, anywhere = found + 1, False
    return anywhere or position == len(lines)
