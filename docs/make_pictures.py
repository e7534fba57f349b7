"""Make the pictures in ``docs/pictures``: ``make pictures``; takes a minute.

They show the output and the report of a real run of the example project, on this machine. The
report is photographed by the Chromium that is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME, TerminalTheme
from rich.text import Text

_ROOT = Path(__file__).resolve().parents[1]
_FOLDER = Path(__file__).with_name("pictures")
_BACKENDS = "gunicorn-gthread,granian"
_LOAD = ("--djworkers-connections=100", "--djworkers-duration=5s")
_TESTS = ("-k", "test_json or test_template_query")
_COLUMNS = 80
_WIDTHS = {"desk": 1280, "phone": 390}
"""The widths of a report's pictures, in pixels."""
_HEIGHT = 900
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
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        output = run_example(report)
        for scheme, theme in _THEMES.items():
            file = _FOLDER / f"terminal-{scheme}.svg"
            file.write_text(draw_terminal(output, theme))
        photograph(report)


def run_example(report: Path) -> str:
    """Return what the load tests print in colour, and write their report."""
    command = ("pytest", f"--djworkers={_BACKENDS}", *_LOAD, *_TESTS)
    done = subprocess.run(
        [sys.executable, "-m", *command, "--color=yes", f"--djworkers-report={report}"],
        cwd=_ROOT / "example_project",
        env=os.environ | {"COLUMNS": str(_COLUMNS)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    # The header has the folders and the plugins of this machine.
    shown = done.stdout.partition("\ncollected ")[2].partition("\n")[2]
    lines = [line for line in shown.splitlines() if str(report) not in line]
    return "\n".join([f"$ pytest --djworkers={_BACKENDS}", *lines])


def draw_terminal(output: str, theme: TerminalTheme) -> str:
    """Return an SVG of a terminal with this output."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=_COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(output), soft_wrap=False)
        return console.export_svg(
            title="pytest-djworkers", theme=theme, code_format=_SVG, unique_id="djworkers"
        )


def photograph(report: Path) -> None:
    """Make pictures of the top of a report, light and dark, at the widths of a desk and a phone."""
    from playwright.sync_api import sync_playwright  # takes a while, and not every picture needs it

    options: dict[str, Any] = {"executable_path": shutil.which("chromium")}
    with sync_playwright() as playwright, playwright.chromium.launch(**options) as browser:
        for name, width in _WIDTHS.items():
            for scheme in _THEMES:
                page = browser.new_page(
                    viewport={"width": width, "height": _HEIGHT}, color_scheme=scheme
                )
                page.goto(report.as_uri())
                page.screenshot(path=_FOLDER / f"report-{name}-{scheme}.png")
                page.close()


if __name__ == "__main__":
    main()
