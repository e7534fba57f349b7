"""The looks of servers: the same in all plots, and different in more than colour."""

from __future__ import annotations

from pytest_djworkers.report.html.plots.looks import Looks

LOOKS = Looks(("granian", "waitress", "uvicorn"))


def test_a_server_looks_the_same_where_others_are_missing() -> None:
    for channel in (LOOKS.color, LOOKS.shape, LOOKS.dash):
        whole, alone = channel(LOOKS.names)["scale"], channel(["waitress"])["scale"]
        assert alone["domain"] == ["waitress"]
        assert alone["range"] == [whole["range"][1]]
    assert LOOKS.color(["uvicorn"])["scale"]["range"] == [LOOKS.color_of("uvicorn")]


def test_servers_differ_in_each_of_their_looks() -> None:
    many = Looks(tuple(map(str, range(6))))
    for channel in (many.color, many.shape, many.dash):
        assert len(set(map(str, channel(many.names)["scale"]["range"]))) == 6


def test_more_servers_than_colours_still_differ_in_symbol() -> None:
    many = Looks(tuple(map(str, range(7))))
    assert many.color_of("0") == many.color_of("6")
    assert len(set(many.shape(many.names)["scale"]["range"])) == 7


def test_the_only_server_of_a_run_needs_no_legend() -> None:
    assert "legend" not in LOOKS.color(["granian"])
    assert "legend" in LOOKS.color(["granian"], legend=False)
    assert Looks(("granian",)).color(["granian"])["legend"] is None
