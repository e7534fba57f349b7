"""The figures of a plot, read back from where the browser has drawn them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any

from playwright.sync_api import Locator

_READ = """figure => {
    const place = element => (element.getAttribute("transform") || "")
        .match(/-?[\\d.]+(?:e-?\\d+)?/g)?.slice(0, 2).map(Number) || [0, 0];
    const all = (root, selector) => [...root.querySelectorAll(selector)];
    const axes = all(figure, "g.role-axis").map(axis => ({
        labels: all(axis, ".role-axis-label text").map(one => [...place(one), one.textContent]),
    })).filter(axis => axis.labels.length > 1);
    const marks = kind => all(figure, `g.role-mark.mark-${kind} > *`).map(one => ({
        place: place(one), path: one.getAttribute("d"),
        x2: Number(one.getAttribute("x2")), y2: Number(one.getAttribute("y2")),
        color: one.getAttribute("stroke") || one.getAttribute("fill"),
        fill: one.getAttribute("fill"), text: one.textContent,
    }));
    return {axes, line: marks("line"), symbol: marks("symbol"), rect: marks("rect"),
            rule: marks("rule"), text: marks("text")};
}"""


@dataclass(frozen=True)
class Scale:
    """From pixels to figures, as the labels of an axis say."""

    pixels: tuple[float, float]
    figures: tuple[float, float]
    logarithmic: bool = False

    def figure(self, pixel: float) -> float:
        """The figure at a pixel."""
        start, end = self.pixels
        share = (pixel - start) / (end - start)
        if self.logarithmic:
            low, high = map(log, self.figures)
            return exp(low + share * (high - low))
        low, high = self.figures
        return low + share * (high - low)

    @property
    def one_pixel(self) -> float:
        """The figures that a pixel stands for; a ratio, less one, if they are logarithmic."""
        if self.logarithmic:
            return self.figure(1) / self.figure(0) - 1
        return self.figure(1) - self.figure(0)


class Drawing:
    """A plot as drawn."""

    def __init__(self, figure: Locator) -> None:
        self._drawn: dict[str, Any] = figure.evaluate(_READ)

    def scale(
        self, axis: str, parse: Callable[[str], float], *, logarithmic: bool = False
    ) -> Scale:
        """The scale of an axis, ``x`` or ``y``, whose labels are read with ``parse``."""
        index = "xy".index(axis)
        for labels in (one["labels"] for one in self._drawn["axes"]):
            # The labels of an axis differ in one coordinate alone.
            if len({label[1 - index] for label in labels}) == 1:
                first, last = labels[0], labels[-1]
                # Text is written below the middle of its line.
                shift = 0.0 if axis == "x" else _BELOW_MIDDLE
                return Scale(
                    (first[index] - shift, last[index] - shift),
                    (parse(first[2]), parse(last[2])),
                    logarithmic,
                )
        raise AssertionError(f"no axis {axis}")

    def lines(self) -> dict[str, list[tuple[float, float]]]:
        """The points of each line in pixels, by colour."""
        return {one["color"]: _points(one["path"]) for one in self._drawn["line"]}

    def symbols(self) -> list[tuple[float, float]]:
        """The centres of all symbols in pixels."""
        return [tuple(one["place"]) for one in self._drawn["symbol"]]

    def bars(self) -> list[tuple[float, float]]:
        """The left and the right end of each bar in pixels."""
        found = []
        for one in self._drawn["rect"]:
            (x, _), *_ = _points(one["path"])
            width = re.search(r"h(-?[\d.]+)", one["path"])
            assert width is not None
            found.append((x, x + float(width[1])))
        return found

    def rules(self) -> list[tuple[float, float, float, float]]:
        """The ends of each rule in pixels: x, y, x, y."""
        return [
            (x, y, x + one["x2"], y + one["y2"])
            for one in self._drawn["rule"]
            for x, y in [one["place"]]
        ]

    def texts(self) -> list[str]:
        """What is written in the plot itself."""
        return [one["text"] for one in self._drawn["text"]]


_BELOW_MIDDLE = 3.0


def _points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", path)]


def number(label: str) -> float:
    """The figure of a label such as ``1,000``."""
    return float(label.replace(",", "").replace("\N{MINUS SIGN}", "-"))


def percent(label: str) -> float:
    """The fraction of a label such as ``+10%``."""
    return number(label.rstrip("%")) / 100


def beyond(label: str) -> float:
    """The 1/(1-q) of a label such as ``99%``."""
    return 1 / (1 - percent(label))


def close(found: Sequence[float], expected: Sequence[float], scale: Scale) -> bool:
    """True if all figures are as near to those expected as a pixel and a half tells."""
    return len(found) == len(expected) and all(
        abs(one / other - 1 if scale.logarithmic else one - other) <= 1.5 * abs(scale.one_pixel)
        for one, other in zip(found, expected, strict=True)
    )
