"""Baselines that are broken, or no files at all: an error in words, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_djworkers import cli
from pytest_djworkers.baseline.against import compare_with_baseline, figures_beside, why_no_baseline
from pytest_djworkers.baseline.imported import FILE_NAME, save_imported
from pytest_djworkers.baseline.locate import files_of, names
from pytest_djworkers.baseline.store import load, save
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.parsers import parse_baseline_name
from pytest_djworkers.report.baseline_details import describe_baseline
from pytest_djworkers.report.baseline_listing import list_baselines
from pytest_djworkers.report.difference import describe_differences
from pytest_djworkers.system.files import _temporary, write_whole
from pytest_djworkers.verdict.rounds import Metric
from tests.support.results import RESULT
from tests.support.stored_baselines import MACHINE, RUNS, store

KEY = "test_json[granian] GET /json"
LIMITS = dict.fromkeys(Metric, 0.1)


def everything_done_with(root: Path) -> None:
    """Read, compare, show and save, as a run and the command do. Raises BaselineError."""
    for file in files_of(root, "default"):
        list(describe_baseline(file))
    baseline = load(root, "default", MACHINE)
    why_no_baseline(baseline, KEY, RESULT)
    figures_beside(baseline, KEY, RESULT)
    for stored in baseline.bursts.values():
        compare_with_baseline(RESULT, stored, tolerance=0.1, max_regressions=LIMITS)
    if baseline.bursts:
        list(describe_differences(baseline.file, baseline.file))
    save(root, "default", MACHINE, {})


def read_in_words(root: Path, file: Path, content: bytes) -> str:
    """Return the message on a file with this content; nothing if all of it can be used."""
    file.write_bytes(content)
    lines, problems = list_baselines(root)
    assert lines
    try:
        everything_done_with(root)
    except BaselineError as error:
        problems.append(str(error))
    return "".join(problems)


@dataclass(frozen=True)
class Kept:
    """A file of a baseline, and its content."""

    root: Path
    file: Path
    whole: bytes


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Return a machine's file."""
    root = tmp_path_factory.mktemp("stored")
    file = store(root)
    return Kept(root, file, file.read_bytes())


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Return a file of imports."""
    root = tmp_path_factory.mktemp("imported")
    store(root)
    file, _ = save_imported(root, "default", "notes.md", RUNS)
    return Kept(root, file, file.read_bytes())


GONE = object()
ODD: list[Any] = [
    *(None, True, -1, 0, 10**400, 1e308, 5e-324, "", "text", "\x1b[31m", [], {}, [[]], {"a": {}}),
    [[[[]]]],
]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of each value of a document; of a list, only the first entry's."""
    found = [at]
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value[:1])
    for key, entry in entries:
        found.extend(places(entry, (*at, key)))
    return found


def changed(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return a copy in which another value is at that place, or none."""
    copy = json.loads(json.dumps(document))
    parent = copy
    for step in place[:-1]:
        parent = parent[step]
    if value is GONE:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return copy


@pytest.fixture(scope="module")
def quick_disk() -> Iterator[None]:
    """Turn fsync off: no test cuts the power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.mark.usefixtures("quick_disk")
@pytest.mark.parametrize("which", ["stored", "imported"])
def test_a_missing_or_wrong_value_never_ends_in_a_traceback(
    which: str, request: pytest.FixtureRequest
) -> None:
    kept: Kept = request.getfixturevalue(which)
    document = json.loads(kept.whole)
    for number, place in enumerate(places(document)[1:]):
        # Every other place loses its value; what the others have instead goes round.
        text = json.dumps(changed(document, place, [*ODD, GONE][number % (len(ODD) + 1)]))
        read_in_words(kept.root, kept.file, text.encode())
    assert read_in_words(kept.root, kept.file, kept.whole) == ""


@pytest.mark.usefixtures("quick_disk")
@settings(max_examples=50)
@given(st.data())
def test_missing_or_wrong_bytes_never_end_in_a_traceback(stored: Kept, data: st.DataObject) -> None:
    whole = stored.whole
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, min(len(whole), begin + 50)))
    between = data.draw(
        st.binary(max_size=5) | st.sampled_from([b"NaN", b"Infinity", b"1e999", b'"\\ud800"'])
    )
    read_in_words(stored.root, stored.file, whole[:begin] + between + whole[end:])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[" * 100_000, "more than 50 levels deep"),
        (b'{"schema": 1, "a": ' + b"[" * 60 + b"]" * 60 + b"}", "more than 50 levels deep"),
        (b'{"schema": 1, "a": "' + b"[" * 60 + b'"}', "missing key 'machine'"),
        (b'{"schema": NaN}', "NaN is not a number"),
        (b'{"schema": -Infinity}', "-Infinity is not a number"),
        (b'{"schema": 1, "schema": 1}', "'schema' is there twice: was it merged?"),
        (b'{"schema": "\\ud800"}', "half of a character"),
        (b'{"schema": "\\udc00"}', "half of a character"),
        (b'{"schema": "\\ud83d\\ude00"}', "is not a schema number"),
        (b'{"schema": "\xff"}', "not JSON: 'utf-8' codec can't decode"),
        (b'{"schema": ' + b"9" * 400 + b"}", "upgrade pytest-djworkers"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "not JSON: Exceeds the limit"),
        (b"", "not JSON"),
    ],
)
def test_json_is_read_strictly(stored: Kept, content: bytes, said: str) -> None:
    assert said in read_in_words(stored.root, stored.file, content)


def test_a_byte_order_mark_is_skipped(stored: Kept) -> None:
    assert read_in_words(stored.root, stored.file, b"\xef\xbb\xbf" + stored.whole) == ""


@pytest.mark.parametrize("name", ["default/machine.json", f"default/{FILE_NAME}"])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "it is a pipe, not a file"),
        (Path.mkdir, "it is a folder, not a file"),
        (lambda file: file.symlink_to("/dev/zero"), "it is a device, not a file"),
        (lambda file: file.symlink_to(file), "Too many levels of symbolic links"),
        (lambda file: os.truncate(os.open(file, os.O_CREAT | os.O_RDWR), 1 << 30), "256 MiB"),
    ],
    ids=["pipe", "folder", "device", "loop", "large"],
)
def test_a_pipe_a_folder_or_a_device_is_an_error_at_once(
    make: Callable[[Path], object],
    said: str,
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine_file = store(tmp_path)
    file = tmp_path / ".djworkers" / name.replace("machine", machine_file.stem)
    file.unlink(missing_ok=True)
    make(file)
    for arguments in (["baselines"], ["show"], ["show", "default"], ["diff", "default", "default"]):
        code = cli.main(["--root", str(tmp_path), *arguments])
        errors = capsys.readouterr().err
        # Two files have a name in common; of this machine there is none.
        assert code == 1
        assert said in errors or "name one of" in errors
    with pytest.raises(BaselineError, match=said):
        load(tmp_path, "default", MACHINE)


def test_a_pipe_in_the_place_of_another_machines_file_is_ignored(tmp_path: Path) -> None:
    os.mkfifo(store(tmp_path).with_name("elsewhere.json"))
    assert load(tmp_path, "default", MACHINE).elsewhere == {}


def test_a_folder_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store(tmp_path)

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    for arguments in (["baselines"], ["show"], ["diff", "default", "other"]):
        assert cli.main(["--root", str(tmp_path), *arguments]) == 1
        assert capsys.readouterr().err == (
            f"djworkers: baselines in {tmp_path / '.djworkers'} can't be read: Permission denied\n"
        )
    with pytest.raises(BaselineError, match=r"baselines in .*default can't be read: Permission"):
        load(tmp_path, "default", MACHINE)


@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000])
def test_a_name_too_long_for_a_file_is_an_error_in_words(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(tmp_path)
    for arguments in (["show", name], ["diff", name, "default"], ["import-wrk", name]):
        assert cli.main(["--root", str(tmp_path), *arguments]) == 1
        assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(ValueError, match="up to 100 letters"):
        parse_baseline_name(name)


# What a killed writer leaves.


def test_the_next_writer_removes_the_file_that_a_killed_one_left(tmp_path: Path) -> None:
    file = store(tmp_path)
    killed = (
        "import os, signal, sys; from pathlib import Path\n"
        "from pytest_djworkers.system import files\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.write_whole(Path(sys.argv[1]), 'x')\n"
    )
    subprocess.run([sys.executable, "-c", killed, file], check=False, timeout=30)
    (left,) = [one for one in file.parent.iterdir() if one != file]
    older = file.with_name(f".{file.name}.a1b2c3d_")
    older.touch()
    others = [file.with_name(f".other.json.{'0' * 8}.tmp"), file.with_name(f".{file.name}.bak")]
    for other in others:
        other.touch()
    assert (names(tmp_path), files_of(tmp_path, "default")) == (["default"], [file])
    store(tmp_path)
    assert not left.exists()
    assert sorted(file.parent.iterdir()) == sorted([file, *others])


def test_the_temporary_file_of_another_writer_stays(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with _temporary(file) as (_, temporary):
        write_whole(file, "another's")
        assert temporary.exists()
    assert file.read_text() == "another's"
