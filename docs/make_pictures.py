"""Make the pictures in ``docs/pictures``: ``make pictures``; takes a minute.

They show the output and the report of a real run of the example project, on this machine. The
report is photographed by the Chromium that is installed.
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
_BACKENDS = "gunicorn-gthread,granian"
_LOAD = (
    "--djworkers-connections=50",
    "--djworkers-duration=5s",
    "--djworkers-generator=asyncio",
)
_TESTS = ("-k", "json")
_COLUMNS, _ROWS = 80, 200
_COLORS = {"brown": "yellow"}
"""The names of pyte's colors that rich calls otherwise."""
_WIDTHS = {"desk": 1280, "phone": 390}
"""The widths of a report's pictures, in pixels."""
_HEIGHT = 900
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
    # Here and not in a temporary folder, whose name would be in the picture.
    report, markdown = _EXAMPLE / "report.html", _EXAMPLE / "report.md"
    page = _EXAMPLE / "report-in-markdown.html"
    try:
        shown = run_example([report, markdown])
        for scheme, theme in _THEMES.items():
            (_FOLDER / f"terminal-{scheme}.svg").write_text(draw_terminal(shown, theme))
        page.write_text(_PAGE + render_markdown(markdown.read_text()))
        photograph({"report": report, "markdown": page})
    finally:
        for file in (report, markdown, page):
            file.unlink(missing_ok=True)


def run_example(reports: Sequence[Path]) -> Text:
    """Return what a terminal shows of the load tests at their end; write their reports."""
    command = ["pytest", f"--djworkers={_BACKENDS}", *_LOAD, *_TESTS]
    flags = ["-p", "no:cacheprovider", *(f"--djworkers-report={file.name}" for file in reports)]
    lines = on_terminal([sys.executable, "-m", *command, *flags], _EXAMPLE)
    # The header has the folders and the plugins of this machine.
    collected = next(number for number, line in enumerate(lines) if "collected" in line.plain)
    shown = [line for line in lines[collected + 1 :] if not line.plain.startswith("report: ")]
    return Text("\n").join([Text(f"$ {shlex.join(command)}"), *shown])


def on_terminal(command: Sequence[str], folder: Path) -> list[Text]:
    """Run a command on a terminal, and return the lines that it shows at the end."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (_ROWS, _COLUMNS))
    without = {"CI", "COLUMNS", "LINES"}
    environment = {name: value for name, value in os.environ.items() if name not in without}
    screen = pyte.Screen(_COLUMNS, _ROWS)
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
    rows = [as_text(screen.buffer[row]) for row in range(_ROWS)]
    return rows[: 1 + max(number for number, row in enumerate(rows) if row.plain)]


def as_text(row: Mapping[int, Char]) -> Text:
    """Return a row of a terminal with its colors."""
    text = Text()
    for column in range(_COLUMNS):
        char = row[column]
        color = None if char.fg == "default" else _COLORS.get(char.fg, char.fg)
        text.append(char.data, Style(color=color, bold=char.bold or None))
    text.rstrip()
    return text


def draw_terminal(shown: Text, theme: TerminalTheme) -> str:
    """Return an SVG of a terminal that shows this."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=_COLUMNS, file=nowhere, force_terminal=True)
        console.print(shown)
        return console.export_svg(
            title="pytest-djworkers", theme=theme, code_format=_SVG, unique_id="djworkers"
        )


def render_markdown(text: str) -> str:
    """Return a report in Markdown as HTML, about as GitHub shows it."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def photograph(pages: Mapping[str, Path]) -> None:
    """Make pictures of the top of pages, light and dark, at the widths of a desk and a phone."""
    from playwright.sync_api import sync_playwright  # takes a while, and not every picture needs it

    options: dict[str, Any] = {"executable_path": shutil.which("chromium")}
    with sync_playwright() as playwright, playwright.chromium.launch(**options) as browser:
        for (name, file), (device, width), scheme in product(
            pages.items(), _WIDTHS.items(), _THEMES
        ):
            page = browser.new_page(
                viewport={"width": width, "height": _HEIGHT}, color_scheme=scheme
            )
            page.goto(file.as_uri())
            page.screenshot(path=_FOLDER / f"{name}-{device}-{scheme}.png")
            page.close()


if __name__ == "__main__":
    main()
