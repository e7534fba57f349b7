"""The twelve commits of ``causes.py``: what each edits, and the words that name its cause."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """A piece of a file that a commit replaces."""

    file: str
    """The path from the top of the repository."""
    old: str
    """Empty if the file is new."""
    new: str


@dataclass(frozen=True)
class KnownCause:
    """A commit that makes one view slower."""

    name: str
    view: str
    edits: tuple[Edit, ...]
    words: str
    """A regular expression: a first line in which it is found names the cause."""
    needs_postgresql: bool = False
    is_package: bool = False
    """True if the commit asks for another version of a package."""
    options: tuple[str, ...] = ()
    """Further options of pytest."""
    test_file: str = "test_caused.py"
    """The file with the test of the view."""


_WITHOUT_INDEX = '''"""Orders are no longer found by their code."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("caused", "0001_initial")]

    operations = [
        migrations.AlterField("Order", "code", models.CharField(max_length=20)),
    ]
'''
_LEAVES = """\
    {% for leaf in leaves %}<p>{{ leaf|lower }} of {{ book.title }}</p>{% endfor %}
  </article>
"""
_WITH_LABEL = '''\
        }

    def label(self) -> str:
        """Return the title without what a label can't have."""
        kept = [one for one in self.book.title * 25 if one.isalnum() or one == " "]
        return "".join(kept)[:20]
'''
_MORE_FIELDS = '''\
"price": number / 4, **more(number)}


def more(number: int) -> dict[str, object]:
    """Return further fields of a row."""
    return {"count": number, "title": f"item {number}", "total": number / 8}
'''
_LAST_MIDDLEWARE = '    "django.middleware.clickjacking.XFrameOptionsMiddleware",\n'

KNOWN_CAUSES = (
    KnownCause(
        "a hash loop",
        "ticket",
        (Edit("caused/codes.py", "range(10)", "range(300)"),),
        r"\bcheck_code \(caused/codes\.py",
    ),
    KnownCause(
        "an N+1",
        "listing",
        (Edit("caused/views.py", '.select_related("author").order_by', ".order_by"),),
        r"queries 1 → 6: 5 times SELECT .*\bmyapp_author\b",
    ),
    KnownCause(
        "a lost index",
        "order",
        (
            Edit("caused/models.py", "max_length=20, db_index=True", "max_length=20"),
            Edit("caused/migrations/0002_without_index.py", "", _WITHOUT_INDEX),
        ),
        r"sequential scan of caused_order\b|\bFROM caused_order\b",
        needs_postgresql=True,
        test_file="test_orders.py",
    ),
    KnownCause(
        "a slower regular expression",
        "remarks",
        (Edit("caused/notes.py", '"[ ]{1,9}\\Z"', '"[ ]+\\Z"'),),
        r"\bstripped \(caused/notes\.py",
    ),
    KnownCause(
        "a template loop",
        "shelf",
        (Edit("caused/templates/caused/shelf.html", "  </article>\n", _LEAVES),),
        r"\brender \(django/shortcuts\.py\), called from shelf \(caused/views\.py",
    ),
    KnownCause(
        "a serializer",
        "catalogue",
        (
            Edit(
                "caused/serializers.py",
                "str(book.price),\n",
                'str(book.price),\n            "label": self.label(),\n',
            ),
            Edit("caused/serializers.py", "        }\n", _WITH_LABEL),
        ),
        r"\bBookSerializer\.\w+(\.<locals>\.<\w+>)? \(caused/serializers\.py",
    ),
    KnownCause(
        "an added middleware",
        "plain",
        (
            Edit(
                "example/settings.py",
                _LAST_MIDDLEWARE,
                f'{_LAST_MIDDLEWARE}    "caused.middleware.Watermark",\n',
            ),
        ),
        r"\bWatermark\.\w+ \(caused/middleware\.py",
    ),
    KnownCause(
        "JSON of twice the size",
        "export",
        (Edit("caused/sheets.py", '"price": number / 4}\n', _MORE_FIELDS),),
        r"\bJsonResponse\.__init__ \(django/http/response\.py\), called from export\b"
        r"|\b(row|more) \(caused/sheets\.py",
    ),
    KnownCause(
        "a lock",
        "basket",
        (
            Edit(
                "caused/reservations.py",
                "    time.sleep(MARKING_TAKES_S)\n",
                "    with LOCK:\n        time.sleep(MARKING_TAKES_S)\n",
            ),
        ),
        r"waiting for a lock in (\S+ \(\S+\), called from )?mark \(caused/reservations\.py",
    ),
    KnownCause(
        "a smaller pool",
        "waiting_query",
        (
            Edit(
                "example/settings_postgres.py",
                '{"min_size": 2, "max_size": POOL_SIZE,',
                '{"min_size": 1, "max_size": 1,',
            ),
        ),
        r"waiting for a connection of the pool\b",
        needs_postgresql=True,
        # Or else both arms have the OPTIONS of the tests, which are head's.
        options=("--djworkers-settings=example.settings_postgres",),
    ),
    KnownCause(
        "an outgoing request",
        "book_in_stock",
        (Edit("caused/stock.py", "    return LAST_KNOWN\n", "    return asked()\n"),),
        r"\basked \(caused/stock\.py",
    ),
    KnownCause(
        "a dependency's slower version",
        "label",
        (Edit("requirements.txt", "labels==1.0", "labels==1.1"),),
        r"\blabel_of \(labels/__init__\.py\), called from label\b",
        is_package=True,
    ),
)
