"""The signs of the tables, each of which is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_djworkers.legend import Remark, Sign

EXAMPLES = {
    Sign.FELL_BEHIND: "fell behind 500/s",
    Sign.OPENED: "opened 1,200 connections",
    Sign.BACKLOG: "backlog of 100",
}


@pytest.mark.parametrize("sign", Sign)
def test_each_sign_has_its_meaning_and_what_to_do_in_a_line(sign: Sign) -> None:
    assert sign.meaning
    assert sign.to_do
    assert not sign.meaning.endswith(".")
    assert not sign.to_do.endswith(".")
    assert sign.line.startswith(f"{sign.shown}: {sign.meaning}. ")
    assert sign.line.isprintable()
    # Three lines of 80 columns.
    assert len(sign.line) < 3 * 80


@pytest.mark.parametrize("sign", Sign)
def test_each_sign_is_in_the_documentation(sign: Sign) -> None:
    text = (Path(__file__).parent.parent / "docs" / "reference" / "remarks.rst").read_text()
    assert re.search(rf"^``{re.escape(sign.shown)}``", text, re.MULTILINE)


def test_no_two_signs_look_alike() -> None:
    # Enum makes an alias of a member whose texts are those of another.
    assert len(set(Sign.__members__)) == len({sign.shown for sign in Sign})


def test_a_remark_reads_as_its_sign_unless_it_has_figures() -> None:
    assert Remark(Sign.STARVED) == "starved"
    for sign, text in EXAMPLES.items():
        remark = Remark(sign, text)
        assert (remark, remark.sign) == (text, sign)
        assert ", ".join([remark]) == text
