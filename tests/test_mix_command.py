"""``djworkers mix``: from a server's log to a burst."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from pytest_djworkers.cli import main
from pytest_djworkers.request.mix_file import read_mix
from tests.support.access_logs import COMBINED

LINES = [
    *[COMBINED.format("GET / HTTP/1.1", 200)] * 6,
    *[COMBINED.format(f"GET /book/{number} HTTP/1.1", 200) for number in (1, 2, 1, 2)],
    COMBINED.format("POST /cart HTTP/1.1", 302),
    COMBINED.format("GET /static/site.css HTTP/1.1", 200),
]
SAID = [
    "mix.json: 2 parts from 10 requests of access.log",
    "  6 GET /",
    "  4 GET /book/{}",
    "left out of its lines: 1 with another method than GET and HEAD (a log has no bodies), 1 under"
    " excluded paths (/static/, /media/)",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a log."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "access.log").write_text("\n".join(LINES))
    return tmp_path


def test_a_log_becomes_a_mix_that_a_burst_can_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mix", "access.log", "-o", "mix.json"]) == 0
    assert capsys.readouterr().out.splitlines() == SAID
    (front, six), (book, four) = read_mix(folder / "mix.json")
    assert (front.path, six, four) == ("/", 6, 4)
    assert (book.paths, book.order, book.name) == (("/book/1", "/book/2"), "random", "GET /book/{}")


def test_a_compressed_log_and_standard_input_are_read(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "access.log.gz").write_bytes(gzip.compress("\n".join(LINES).encode()))
    arguments = ["--parts=1", "--exclude=/book", "-o", "mix.json"]
    assert main(["mix", "access.log.gz", *arguments]) == 0
    compressed = capsys.readouterr().out
    assert "1 part from 6 requests of access.log.gz" in compressed
    assert "4 under excluded paths (/book), 1 of rare paths" in compressed
    given = io.TextIOWrapper(io.BytesIO("\n".join(LINES).encode()))
    monkeypatch.setattr("sys.stdin", given)
    assert main(["mix", "-", *arguments]) == 0
    assert capsys.readouterr().out == compressed.replace("access.log.gz", "-")


@pytest.mark.parametrize("log", ["access.log", "-"])
def test_what_is_not_utf_8_in_a_log_is_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: str
) -> None:
    content = COMBINED.format("GET /caf\xe9 HTTP/1.1", 200).encode("latin-1")
    (folder / "access.log").write_bytes(content)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), errors="strict"))
    assert main(["mix", log, "-o", "mix.json"]) == 0
    ((request, _),) = read_mix(folder / "mix.json")
    assert request.path == "/caf%EF%BF%BD"


@pytest.mark.parametrize(
    ("log", "content", "said"),
    [
        ("nowhere.log", None, "nowhere.log can't be read: No such file or directory"),
        (".", None, ". can't be read: Is a directory"),
        ("other.log", b"not\na log", "no request that can be replayed: 2 not readable as requests"),
        ("empty.log", b"", "empty.log has no request that can be replayed (nothing was written)"),
        ("plain.gz", b"plain", "plain.gz can't be read: Not a gzipped file (b'pl')"),
        (
            "cut.gz",
            gzip.compress(b"GET" * 99, mtime=0)[:20],
            "cut.gz can't be read: Compressed file ended",
        ),
        (
            "broken.gz",
            gzip.compress(b"GET", mtime=0)[:10] + b"x" * 20,
            "broken.gz can't be read: Error -3",
        ),
    ],
)
def test_a_log_without_requests_writes_nothing(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    log: str,
    content: bytes | None,
    said: str,
) -> None:
    if content is not None:
        (folder / log).write_bytes(content)
    assert main(["mix", log, "-o", "mix.json"]) == 1
    assert said in capsys.readouterr().err
    assert not (folder / "mix.json").exists()


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--parts=0", "'0' is not a whole number of 1 or more"),
        ("--parts=101", "101 is more than 100 parts"),
        ("--exclude=static", "'static' must start with /"),
        ("--output=nowhere/mix.json", "is not a file in a folder that exists"),
    ],
)
def test_a_wrong_argument_is_refused_in_words(
    folder: Path, capsys: pytest.CaptureFixture[str], argument: str, said: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["mix", "access.log", "-o", "mix.json", argument])
    assert said in capsys.readouterr().err
