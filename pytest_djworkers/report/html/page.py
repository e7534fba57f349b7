"""The report in HTML: one file that needs no network and no script.

Jinja2 escapes whatever users wrote; the plots are SVG, in which Vega escapes it.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pytest_djworkers.printable import printable
from pytest_djworkers.report.columns import REMARKS
from pytest_djworkers.report.comparison_rows import title as title_of_comparison
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.explanations import explanations
from pytest_djworkers.report.grouping import grouped
from pytest_djworkers.report.html.drawing import drawn
from pytest_djworkers.report.html.endpoints import endpoints
from pytest_djworkers.report.html.facts import facts_of
from pytest_djworkers.report.html.headline import points
from pytest_djworkers.report.html.overview import changes_of, summary_of
from pytest_djworkers.report.html.plots.plot import Plot
from pytest_djworkers.report.summary import noise_note, table_of
from pytest_djworkers.units import counted


def render(document: Document) -> str:
    """Return the report's text. Raises ReportError if its plots can't be drawn."""
    sections, changes = endpoints(document), changes_of(document)
    plots = [*filter(None, [changes]), *(plot for one in sections for plot in one.plots)]
    names = Counter(one.name for one in sections)
    compared = next((one.against_base for one in document.records if one.against_base), None)
    text: str = (
        _environment()
        .get_template("page.html")
        .render(
            run=document.run,
            summary=summary_of(document),
            points=points(document),
            noise=noise_note(document.records),
            arms="" if compared is None else title_of_comparison(compared),
            changes=changes,
            endpoints=sections,
            servers=list(dict.fromkeys(cell.server for one in sections for cell in one.cells)),
            repeated={name for name, count in names.items() if count > 1},
            facts=facts_of(document),
            signs=_signs(document),
            command=shlex.join(document.run.command),
            svg=_svgs(plots),
        )
    )
    return text


def _signs(document: Document) -> list[str]:
    """Return the meanings of the signs in the tables; remarks are explained at the top."""
    records = document.records
    rows = [row for members in grouped(records).values() for row in table_of(records).rows(members)]
    return explanations(rows, [one for one in rows[0].cells if one != REMARKS] if rows else [], ())


def _svgs(plots: Sequence[Plot]) -> dict[int, Any]:
    """Return the SVG of each plot, by its ``id``, as markup."""
    from markupsafe import Markup

    svgs = drawn([plot.spec for plot in plots])
    return {id(plot): Markup(svg) for plot, svg in zip(plots, svgs, strict=True)}  # noqa: S704  # Vega escapes it


def _environment() -> Any:
    # Imported here: reports are an extra.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pytest_djworkers.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Text from outside may have characters that change the direction of text or that XML
        # can't hold.
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters |= {"breakable": _breakable, "counted": counted, "id": id}
    return environment


def _breakable(path: str) -> Any:
    """Return a path as markup in which a narrow column may begin a new line behind each part."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(map(escape, re.findall(r"[^/_]*[/_]|[^/_]+", printable(path))))
