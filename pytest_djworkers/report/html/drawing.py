"""Draws plots, in a process of its own.

Vega-Lite draws them, through vl-convert-python, which needs neither numpy nor a browser. Its plots
are plain SVG: they take the page's colours, can be printed and need no script, and eighteen bursts
with them have 0.3 MB. The libraries that draw in the browser would put their own code into each
report: 0.9 MB of Vega, 1.3 MB of bokeh (which needs numpy, and whose canvas no screen reader sees),
or 4.8 MB of plotly. pygal is small and draws SVG, too, but lays no band, line and points over each
other, and has one scale for both axes. The price is 84 MB on disk, and two seconds of CPU time with
140 MB of memory for eighteen bursts: hence an extra, and a process of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_djworkers.errors import ReportError
from pytest_djworkers.report.html.plots.plot import Spec
from pytest_djworkers.system.environment import child_environment
from pytest_djworkers.system.run_command import run_command

_WITHIN_S = 600.0
"""Eighteen bursts take two seconds; a busy machine may take many times as long."""


def drawn(specs: Sequence[Spec]) -> list[str]:
    """Return the SVG of each specification. Raises ReportError if they can't be drawn."""
    if not specs:
        return []
    with TemporaryDirectory(prefix="djworkers-") as folder:
        file = Path(folder, "specs.json")
        file.write_text(_as_json(specs), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "pytest_djworkers.report.html.draw", str(file)]
        try:
            done = run_command(command, within_s=_WITHIN_S, env=child_environment())
        except (OSError, TimeoutError) as error:
            raise ReportError(f"the plots can't be drawn: {error}") from None
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise ReportError(f"the plots can't be drawn: exit status {done.returncode}: {last}")
    svgs: list[str] = json.loads(done.stdout)
    return svgs


def _as_json(specs: Sequence[Spec]) -> str:
    try:
        return json.dumps(list(specs), allow_nan=False)
    except ValueError:
        # A file that anybody edited can have one.
        raise ReportError("the plots can't be drawn: a figure is infinite or no number") from None
