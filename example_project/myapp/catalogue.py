"""The bookshop's catalogue: made-up books, always the same ones, so that sizes don't change."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product

FIRST_NAMES = ("Ada", "Bruno", "Clara", "Dmitri", "Elena")
LAST_NAMES = ("Ashdown", "Bellweather", "Corrigan", "Dunmore")
ADJECTIVES = (
    *("Amber", "Borrowed", "Crooked", "Distant", "Endless", "Forgotten", "Gilded", "Hollow"),
    *("Inner", "Jagged", "Kindled", "Lonely", "Midnight", "Northern", "Open", "Patient"),
)
NOUNS = (
    *("Archive", "Bridge", "Causeway", "Door", "Estuary", "Foundry", "Garden", "Harbour"),
    *("Island", "Journey", "Kingdom", "Lantern", "Meridian", "Nightfall", "Orchard", "Passage"),
    *("Quarry", "River", "Silence", "Theatre", "Undertow", "Valley", "Winter", "Yard"),
)
FIRST_PUBLISHED_ON = date(1990, 1, 1)


@dataclass(frozen=True)
class BookRow:
    """One book, as plain data."""

    isbn: str
    title: str
    author: str
    published_on: date
    price: Decimal
    in_stock: bool


AUTHORS = tuple(f"{first} {last}" for first, last in product(FIRST_NAMES, LAST_NAMES))


def _book(number: int, title: str) -> BookRow:
    # Multiplying by primes spreads the values as far as real ones are spread.
    return BookRow(
        isbn=f"978{number * 48_271 % 9_999_991:010d}",
        title=title,
        author=AUTHORS[number * 7 % len(AUTHORS)],
        published_on=FIRST_PUBLISHED_ON + timedelta(days=number * 5_003 % 12_007),
        price=Decimal(499 + number * 1_009 % 4_001) / 100,
        in_stock=number % 5 != 0,
    )


BOOKS = tuple(
    _book(number, f"The {adjective} {noun}")
    for number, (adjective, noun) in enumerate(product(ADJECTIVES, NOUNS), start=1)
)
