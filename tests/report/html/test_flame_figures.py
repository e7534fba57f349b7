"""The flame graphs of the HTML report, before they are drawn."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.profiling.explanation import FlameGraph
from pytest_djworkers.report.html.flame_figures import (
    FlameFigure,
    Shape,
    figures_of,
    figures_of_arm,
)
from tests.support.explanations import EXPLAINED, SPENT, flame_graph


def shape(figure: FlameFigure, beginning: str) -> Shape:
    """The frame whose text begins with this."""
    (found,) = [one for one in figure.shapes if one.text.startswith(beginning)]
    return found


def test_red_is_more_blue_is_less_and_a_sign_says_the_same() -> None:
    cpu, waiting = figures_of(EXPLAINED, "granian")
    assert cpu.title == "CPU time per request, by function, granian: 4 → 6 ms"
    assert "Largest changes: burn (site/b.py) +4ms; LIBRARY0 (library/L.py) 0s" in cpu.alternative
    burn, removed = shape(cpu, "burn"), shape(cpu, "DUMPS")
    assert (burn.looks, burn.sign, burn.text) == ("more-3 site", "+", "burn (+4ms)")
    assert burn.title == "burn (site/b.py)\n1 → 5 ms per request (+4ms)"
    assert (removed.looks, removed.sign, removed.text) == ("less-3 library", "-", "DUMPS (-2ms)")
    assert burn.width == 62.422
    assert removed.width > 20
    assert waiting.name == "flame-waiting"
    assert shape(waiting, "wait").looks == "more-3 site"
    assert waiting.height == 60


def test_a_change_that_chance_can_make_has_no_colour() -> None:
    same = replace(
        EXPLAINED,
        visible_s=2e-4,
        cpu_flame=flame_graph((["a"], 0.004, 0.0041), (["b"], 0.004, 0.0043)),
        waiting_flame=flame_graph((["c"], 0.0, 0.0004)),
    )
    # There is too little waiting for a graph.
    (figure,) = figures_of(same, "granian")
    assert [(one.sign, one.text, one.looks) for one in figure.shapes] == [
        ("+", "b (+300us)", "more-2 site"),
        ("", "a", "same site"),
    ]
    assert "grey changed by less than 200us" in figure.note


def test_a_frame_that_is_too_narrow_for_letters_has_its_sign() -> None:
    graph = flame_graph((["a"], 0.0, 0.94), (["b"], 0.05, 0.0), (["c"], 0.01, 0.0))
    (figure,) = figures_of(replace(EXPLAINED, cpu_flame=graph, waiting_flame=FlameGraph()), "x")
    assert [(one.text[:1], one.sign, one.room_for_sign, one.room) for one in figure.shapes] == [
        ("a", "+", "phone", "phone"),
        ("b", "-", "phone", "desk"),
        ("c", "-", "", ""),
    ]


def test_a_chain_has_its_first_and_its_last_function() -> None:
    graph = flame_graph((["a", "RENDER", "NODE", "VALUE"], 1.0, 1.0))
    (figure,) = figures_of(replace(EXPLAINED, cpu_flame=graph, waiting_flame=FlameGraph()), "x")
    chain = shape(figure, "RENDER")
    assert chain.text == "RENDER … VALUE"
    assert chain.title.splitlines()[:2] == ["RENDER (library/R.py)", "NODE (library/N.py)"]
    assert (chain.room, chain.row) == ("phone", 1)


def test_the_server_has_no_file() -> None:
    graph = flame_graph((["ACCEPT"], 1.0, 1.0))
    (figure,) = figures_of(replace(EXPLAINED, cpu_flame=graph, waiting_flame=FlameGraph()), "x")
    assert figure.shapes[0].title.splitlines()[0] == "the server, outside of the site"


def test_one_server_alone_is_drawn_without_changes() -> None:
    cpu, waiting = figures_of_arm(SPENT, "granian")
    assert cpu.title == "CPU time per request, by function, granian: 4ms"
    assert cpu.alternative == f"{cpu.title}. Most in: burn (site/b.py) 3ms."
    assert [(one.text, one.looks) for one in cpu.shapes] == [
        ("page (4ms)", "same site"),
        ("burn (3ms)", "same site"),
    ]
    assert cpu.shapes[1].title == "burn (site/b.py)\n3ms per request"
    assert "head" not in cpu.note
    assert waiting.alternative.endswith("Most in: wait (site/w.py) 1ms.")
