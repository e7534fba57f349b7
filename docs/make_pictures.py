"""Make the pictures in ``docs/pictures``: ``make pictures``; takes three minutes.

They show the output and the reports of real runs of the example project, on this machine: two
servers side by side, and a branch with a regression. Reports are photographed by the Chromium that
is installed.
"""

from __future__ import annotations

import os
import pty
import shlex
import shutil
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pyte
from markdown_it import MarkdownIt
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME, TerminalTheme
from rich.text import Text

_EXAMPLE = Path(__file__).resolve().parents[1] / "example_project"
_FOLDER = Path(__file__).with_name("pictures")
_MEASURED = (
    "--djworkers=gunicorn-gthread,granian",
    "--djworkers-connections=50",
    "--djworkers-duration=5s",
    "--djworkers-generator=asyncio",
    "-k",
    "json",
)
_COMPARED = ("--djworkers=granian", "--djworkers-compare=main", "-k", "json")
_REPORT, _MARKDOWN = "report.html", "report.md"
_VIEWS = Path("myapp/views_sync.py")
_BEFORE = "list(queries.newest_books(responses.BOOKS_IN_JSON))"
_AFTER = """[
        queries.Book.objects.get(pk=book.pk)
        for book in queries.newest_books(responses.BOOKS_IN_JSON)
    ]"""
"""A regression that happens: a query for each row."""
_ROWS = 200
_COLORS = {"brown": "yellow"}
"""The names of pyte's colors that rich calls otherwise."""
_COLUMNS = {"desk": 80, "phone": 44}
"""The widths of a terminal, in characters."""
_WIDTHS = {"desk": 1280, "phone": 390}
"""The widths of a report's pictures, in pixels."""
_HEIGHT = 900
_FLAME = "figure.flame"
"""The first flame graph of a report."""
_PAGE = """\
<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.5 sans-serif; max-width: 980px; margin: 0 auto; padding: 16px; }
table { display: block; overflow: auto; border-collapse: collapse; }
th, td { border: 1px solid #8886; padding: 6px 13px; white-space: nowrap; }
</style>
"""
"""The beginning of a page that looks about as GitHub does, where wide tables scroll, too."""
_Scheme = Literal["light", "dark"]
_THEMES: dict[_Scheme, TerminalTheme] = {"light": DEFAULT_TERMINAL_THEME, "dark": SVG_EXPORT_THEME}
# Rich's own loads a font from the network.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Run the example's load tests, and make the pictures of what they print and report."""
    _FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary, "example_project")
        shutil.copytree(_EXAMPLE, folder)
        commit_and_change(folder)
        page = folder / "report-in-markdown.html"
        draw_terminals("terminal", _MEASURED, folder, ["desk"])
        photograph({"report": folder / _REPORT}, ["desk"])
        draw_terminals("regression-terminal", _COMPARED, folder, ["desk", "phone"])
        page.write_text(_PAGE + render_markdown((folder / _MARKDOWN).read_text()))
        pages = {"regression-report": folder / _REPORT, "regression-markdown": page}
        photograph(pages, ["desk", "phone"])
        photograph({"regression-flame": folder / _REPORT}, ["desk"], part=_FLAME)


def commit_and_change(folder: Path) -> None:
    """Make the example a repository whose working tree has a slower view."""
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "."),
        ("-c", "user.name=x", "-c", "user.email=x", "commit", "--quiet", "--message=example"),
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    views = folder / _VIEWS
    code = views.read_text()
    assert _BEFORE in code
    views.write_text(code.replace(_BEFORE, _AFTER))


def draw_terminals(name: str, flags: Sequence[str], folder: Path, devices: Sequence[str]) -> None:
    """Make the pictures of a run on each device; the one on a desk writes reports."""
    for device in devices:
        columns = _COLUMNS[device]
        reports = [_REPORT, _MARKDOWN] if device == "desk" else []
        shown = run_example(flags, reports, folder, columns)
        for scheme, theme in _THEMES.items():
            picture = draw_terminal(shown, theme, columns)
            (_FOLDER / f"{name}-{device}-{scheme}.svg").write_text(picture)


def run_example(flags: Sequence[str], reports: Sequence[str], folder: Path, columns: int) -> Text:
    """Return what a terminal shows of the load tests at their end; write their reports."""
    command = ["pytest", *flags]
    more = [f"--djworkers-report={file}" for file in reports]
    lines = on_terminal([sys.executable, "-m", *command, *more], folder, columns)
    # The header has the folders and the plugins of this machine.
    first = next(number for number, line in enumerate(lines) if " load tests, about" in line.plain)
    shown = [line for line in lines[first:] if not line.plain.startswith("report: ")]
    return Text("\n").join([Text(f"$ {shlex.join(command)}"), *shown])


def on_terminal(command: Sequence[str], folder: Path, columns: int) -> list[Text]:
    """Run a command on a terminal of this width, and return the lines that it shows at the end."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (_ROWS, columns))
    without = {"CI", "COLUMNS", "LINES"}
    environment = {name: value for name, value in os.environ.items() if name not in without}
    screen = pyte.Screen(columns, _ROWS)
    stream = pyte.ByteStream(screen)
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment | {"TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        # Linux says EIO when the last process has closed the terminal.
        with suppress(OSError):
            while data := os.read(ours, 1 << 16):
                stream.feed(data)
    os.close(ours)
    rows = [as_text(screen.buffer[row], columns) for row in range(_ROWS)]
    return rows[: 1 + max(number for number, row in enumerate(rows) if row.plain)]


def as_text(row: Mapping[int, Char], columns: int) -> Text:
    """Return a row of a terminal with its colors."""
    text = Text()
    for column in range(columns):
        char = row[column]
        color = None if char.fg == "default" else _COLORS.get(char.fg, char.fg)
        text.append(char.data, Style(color=color, bold=char.bold or None))
    text.rstrip()
    return text


def draw_terminal(shown: Text, theme: TerminalTheme, columns: int) -> str:
    """Return an SVG of a terminal of this width that shows this."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True)
        console.print(shown)
        return console.export_svg(
            title="pytest-djworkers", theme=theme, code_format=_SVG, unique_id="djworkers"
        )


def render_markdown(text: str) -> str:
    """Return a report in Markdown as HTML, about as GitHub shows it."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def photograph(pages: Mapping[str, Path], devices: Sequence[str], *, part: str = "") -> None:
    """Make pictures of the top of pages, light and dark, at the widths of devices; ``part`` is the
    selector of an element to show in place of that."""
    from playwright.sync_api import sync_playwright  # takes a while, and not every picture needs it

    options: dict[str, Any] = {"executable_path": shutil.which("chromium")}
    with sync_playwright() as playwright, playwright.chromium.launch(**options) as browser:
        for (name, file), device, scheme in product(pages.items(), devices, _THEMES):
            size: Any = {"width": _WIDTHS[device], "height": _HEIGHT}
            page = browser.new_page(viewport=size, color_scheme=scheme)
            page.goto(file.as_uri())
            shown = page.locator(part).first if part else page
            shown.screenshot(path=_FOLDER / f"{name}-{device}-{scheme}.png")
            page.close()


if __name__ == "__main__":
    main()
