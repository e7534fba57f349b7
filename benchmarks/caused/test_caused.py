"""The tests that ``causes.py`` runs, one for each view but for that of orders."""

from __future__ import annotations

from pytest_djworkers import Burst


def test_ticket(burst: Burst) -> None:
    burst("/caused/ticket")


def test_listing(burst: Burst) -> None:
    burst("/caused/listing")


def test_remarks(burst: Burst) -> None:
    burst("/caused/remarks")


def test_shelf(burst: Burst) -> None:
    burst("/caused/shelf")


def test_catalogue(burst: Burst) -> None:
    burst("/caused/catalogue")


def test_plain(burst: Burst) -> None:
    burst("/caused/plain")


def test_export(burst: Burst) -> None:
    burst("/caused/export")


def test_basket(burst: Burst) -> None:
    burst("/caused/basket")


def test_waiting_query(burst: Burst) -> None:
    burst("/caused/waiting_query")


def test_book_in_stock(burst: Burst) -> None:
    burst("/caused/book_in_stock")


def test_label(burst: Burst) -> None:
    burst("/caused/label")
