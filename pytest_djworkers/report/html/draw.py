"""Draws the plots of a file: ``python -m pytest_djworkers.report.html.draw SPECS.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pytest_djworkers.printable import in_one_line

_MOST_CHARACTERS = 300


def main() -> None:
    """Print the SVGs of a file's Vega-Lite specifications, as a JSON list."""
    import vl_convert

    specs = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        svgs = [vl_convert.vegalite_to_svg(spec) for spec in specs]
    except ValueError as error:
        # Its many lines end with where in Vega it happened, and begin with why.
        sys.exit(in_one_line(str(error))[:_MOST_CHARACTERS])
    json.dump(svgs, sys.stdout)


if __name__ == "__main__":
    main()
