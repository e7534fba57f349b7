"""The baseline's file: whole or not at all, nothing lost, and good to commit."""

from __future__ import annotations

import difflib
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.baseline.conditions import conditions_of, first_difference
from pytest_djworkers.baseline.document import SCHEMA, StoredBurst
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.store import SESSIONS_KEPT, Baseline, burst_key, load, save
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.system.files import write_whole
from tests.support.repository import git
from tests.support.results import RESULT, WRK
from tests.support.stored_baselines import a_burst, burst_of, save_one

MACHINE = Machine("A CPU", 2, None)


def load_it(root: Path, machine: Machine = MACHINE) -> Baseline:
    return load(root, "default", machine)


def notes(baseline: Baseline, key: str = "test GET /") -> list[str]:
    return [session.saved for session in baseline.bursts[key].sessions]


def test_a_baseline_without_a_file_is_empty_and_nothing_is_made(tmp_path: Path) -> None:
    assert load_it(tmp_path).bursts == {}
    assert not list(tmp_path.iterdir())


def test_a_saved_burst_is_loaded(tmp_path: Path) -> None:
    file = save_one(tmp_path)
    baseline = load_it(tmp_path)
    assert baseline.file == file == tmp_path / ".djworkers" / "default" / f"{MACHINE.key}.json"
    assert baseline.bursts == {"test GET /": a_burst()}


def test_another_query_is_another_condition_and_its_values_are_not_stored(tmp_path: Path) -> None:
    def asking(query: str) -> BurstResult:
        return replace(RESULT, profile=replace(RESULT.profile, request=SentRequest(f"/x?{query}")))

    one, other = conditions_of(asking("token=Sesame&q=1")), conditions_of(asking("token=Other&q=1"))
    assert one["request"] == other["request"] == "GET /x?token=...&q=..."
    assert first_difference(one, conditions_of(asking("token=Sesame&q=1"))) is None
    found = first_difference(one, other)
    assert found == f"query was {one['query']} and is {other['query']}"
    file = save(tmp_path, "default", MACHINE, {"k": burst_of(asking("token=Sesame&q=1"))}).file
    assert "Sesame" not in file.read_text()


def test_values_that_an_older_version_stored_are_read_as_they_are_now(tmp_path: Path) -> None:
    def stored_once(path: str) -> dict[str, Any]:
        return {**conditions_of(RESULT), "request": f"GET {path}"}

    once = {
        "test GET /x?q=1": "/x?q=1&token=Sesame",
        "test GET /x?q=2": "/x?q=2",
        "test[a b] its own name": "/x?q=3",
        "test GET /y": "/y",
    }
    file = save_one(tmp_path)
    document = json.loads(file.read_text())
    (entry,) = document["bursts"].values()
    document["bursts"] = {
        key: {**entry, "conditions": stored_once(path)} for key, path in once.items()
    }
    file.write_text(json.dumps(document))
    found = load_it(tmp_path).bursts
    first, second, third, fourth = found
    assert (first, third, fourth) == ("test GET /x?q=...", "test[a b] its own name", "test GET /y")
    assert second == f"test GET /x?q=... #{found[second].conditions['query']}"
    for key, path in zip(found, once.values(), strict=True):
        profile = replace(RESULT.profile, request=SentRequest(path))
        now = conditions_of(replace(RESULT, profile=profile))
        assert first_difference(found[key].conditions, now) is None
    save_one(tmp_path)
    assert "Sesame" not in file.read_text()
    assert load_it(tmp_path).bursts.keys() == {*found, "test GET /"}


def test_a_burst_of_wrk_with_its_gaps_is_loaded_too(tmp_path: Path) -> None:
    burst = burst_of(replace(WRK, latency=None, series=None))
    save(tmp_path, "default", MACHINE, {"k": burst})
    assert load_it(tmp_path).bursts == {"k": burst}
    assert burst.sessions[0].windows[0].unanswered is None


def test_each_machine_and_each_name_has_its_own_file(tmp_path: Path) -> None:
    save_one(tmp_path)
    assert load_it(tmp_path, replace(MACHINE, logical_cpus=4)).bursts == {}
    assert load(tmp_path, "other", MACHINE).bursts == {}


def test_bursts_that_are_not_saved_anew_are_kept_and_named(tmp_path: Path) -> None:
    save_one(tmp_path, "b")
    save_one(tmp_path, "a")
    saved = save(tmp_path, "default", MACHINE, {"c": a_burst()})
    assert saved.kept == ("a", "b")
    assert set(load_it(tmp_path).bursts) == {"a", "b", "c"}


def test_the_last_sessions_are_kept_in_order(tmp_path: Path) -> None:
    for number in range(SESSIONS_KEPT + 2):
        save_one(tmp_path, note=str(number))
    assert notes(load_it(tmp_path)) == [str(number) for number in range(2, SESSIONS_KEPT + 2)]


def test_the_history_begins_again_under_other_conditions(tmp_path: Path) -> None:
    save_one(tmp_path, note="before")

    def with_seven_workers(note: str) -> dict[str, StoredBurst]:
        burst = a_burst(note)
        return {"test GET /": replace(burst, conditions={**burst.conditions, "workers": 7})}

    assert save(tmp_path, "default", MACHINE, with_seven_workers("after")).begun_anew == (
        "test GET /: workers was 2 and is 7",
    )
    assert save(tmp_path, "default", MACHINE, with_seven_workers("once more")).begun_anew == ()
    assert notes(load_it(tmp_path)) == ["after", "once more"]


def test_the_file_is_good_to_commit(tmp_path: Path) -> None:
    save_one(tmp_path, "b")
    file = save_one(tmp_path, "a")
    first = file.read_text()
    assert list(json.loads(first)["bursts"]) == ["a", "b"]
    assert first.endswith("}\n")
    assert file.stat().st_mode & 0o444 == 0o444


def changed_lines(before: str, after: str) -> list[str]:
    """As a diff counts them: ``+`` or ``-``, and the line."""
    found = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in found if line[0] in "+-"]


def test_one_more_session_is_lines_added_in_its_own_block(tmp_path: Path) -> None:
    for key in ("a", "b", "c"):
        file = save_one(tmp_path, key, "first")
    before = file.read_text()
    save_one(tmp_path, "b", "second")
    after = file.read_text()
    changes = changed_lines(before, after)
    assert {line[0] for line in changes} == {"+"}
    assert len(changes) == 9
    assert sum("windows" in line or "latency" in line for line in changes) == 2
    assert after.index('"second"') < after.index('"c": {')


def test_a_session_that_is_dropped_is_lines_taken_out(tmp_path: Path) -> None:
    for number in range(SESSIONS_KEPT):
        file = save_one(tmp_path, note=f"number {number}")
    before = file.read_text()
    save_one(tmp_path, note="one more")
    changes = changed_lines(before, file.read_text())
    assert len([line for line in changes if line[0] == "+"]) == 9
    assert len([line for line in changes if line[0] == "-"]) == 9


def test_two_machines_never_conflict_in_git(tmp_path: Path) -> None:
    other = replace(MACHINE, logical_cpus=4)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=empty")
    for branch, machine in (("one", MACHINE), ("other", other)):
        git(tmp_path, "checkout", "--quiet", "-b", branch, "main")
        save(tmp_path, "default", machine, {"test GET /": a_burst(branch)})
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--quiet", f"--message={branch}")
    git(tmp_path, "merge", "--quiet", "--no-edit", "one")
    assert notes(load_it(tmp_path)) == ["one"]
    assert notes(load_it(tmp_path, other)) == ["other"]


def test_the_bursts_stored_on_other_machines_are_known(tmp_path: Path) -> None:
    other = replace(MACHINE, cpu="Another CPU", cpu_quota=1.5)
    save(tmp_path, "default", other, {"there GET /": a_burst()})
    save_one(tmp_path, "here GET /")
    baseline = load_it(tmp_path)
    assert baseline.elsewhere == {other: {"there GET /"}}
    assert not baseline.is_empty
    assert load(tmp_path, "other", MACHINE).is_empty


def test_a_broken_file_of_another_machine_is_ignored(tmp_path: Path) -> None:
    file = save_one(tmp_path)
    file.with_name("another.json").write_text("{")
    assert load_it(tmp_path).elsewhere == {}


def test_another_machines_file_under_this_ones_name_is_an_error(tmp_path: Path) -> None:
    other = replace(MACHINE, logical_cpus=4)
    file = save(tmp_path, "default", other, {"k": a_burst()}).file
    file.rename(file.with_name(f"{MACHINE.key}.json"))
    with pytest.raises(BaselineError, match=rf"logical CPUs was 4 and is 2.*{other.key}\.json"):
        load_it(tmp_path)
    with pytest.raises(BaselineError, match="is of another machine"):
        save_one(tmp_path)


def test_nothing_else_is_left_beside_it(tmp_path: Path) -> None:
    file = save_one(tmp_path)
    assert list(file.parent.iterdir()) == [file]


def test_runs_that_save_at_once_all_get_their_figures_in(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.support.stored_baselines import save_one\n"
        "sys.stdin.read()\n"
        "for i in range(5): save_one(Path(sys.argv[1]), f'{sys.argv[2]} {i}')\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, tmp_path, str(number)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
        )
        for number in range(4)
    ]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda writer: writer.communicate(timeout=60), writers))
    assert [writer.returncode for writer in writers] == [0] * 4
    assert len(load_it(tmp_path).bursts) == 20


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a full disk: writing beyond that many bytes fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = save_one(tmp_path, "kept")
    before = file.read_bytes()
    with files_of_at_most(100), pytest.raises(BaselineError, match="nothing was changed"):
        save_one(tmp_path, "lost")
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".djworkers").write_text("a file where the folder should be")
    with pytest.raises(BaselineError, match=r"\.djworkers/default can't be written"):
        save_one(tmp_path)


def test_writing_whole_replaces_and_keeps_the_umask(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a long text from before")
    write_whole(file, "ü")
    assert file.read_text(encoding="utf-8") == "ü"


def test_a_reader_during_a_save_reads_the_whole_old_file(tmp_path: Path) -> None:
    with save_one(tmp_path, note="old").open() as reader:
        start = reader.read(100)
        save_one(tmp_path, note="new")
        old = json.loads(start + reader.read())
    assert len(old["bursts"]["test GET /"]["sessions"]) == 1
    assert notes(load_it(tmp_path)) == ["old", "new"]


Damage = Callable[[dict[str, Any]], Any]
KEY = "test GET /"
IN_BURST = f"burst {KEY!r}: "
IN_WINDOW = "in sessions[0].windows[0]"


def _burst(data: dict[str, Any]) -> Any:
    return data["bursts"][KEY]


def _window(data: dict[str, Any]) -> Any:
    return _burst(data)["sessions"][0]["windows"][0]


DAMAGES: list[tuple[Damage, str]] = [
    (lambda data: data.update(schema="one"), "'one' is not a schema number"),
    (lambda data: data.update(schema=0), "0 is not a schema number"),
    (lambda data: data.update(schema=True), "True is not a schema number"),
    (lambda data: data.pop("bursts"), "missing key 'bursts'"),
    (lambda data: data.update(bursts=[]), '"bursts" must be a JSON object'),
    (lambda data: data["bursts"].update(x="y"), "burst 'x': it must be a JSON object"),
    (lambda data: data.pop("machine"), "missing key 'machine'"),
    (lambda data: data.update(machine="x"), '"machine" must be a JSON object'),
    (lambda data: data["machine"].update(cpu=["x"]), '"cpu" in machine must be text'),
    (
        lambda data: data["machine"].update(cpu_quota="1"),
        '"cpu_quota" in machine must be a number or null',
    ),
    (
        lambda data: data["machine"].update(allowed_cpus="1"),
        '"allowed_cpus" in machine must be a whole number or null',
    ),
    (lambda data: _burst(data).pop("conditions"), f"{IN_BURST}missing key 'conditions'"),
    (lambda data: _burst(data).update(sessions=[]), f'{IN_BURST}"sessions" must not be empty'),
    (
        lambda data: _burst(data).update(sessions=["x"]),
        f"{IN_BURST}sessions[0] must be a JSON object",
    ),
    (
        lambda data: _burst(data)["sessions"][0].update(windows=[]),
        f'{IN_BURST}"windows" in sessions[0] must not be empty',
    ),
    (
        lambda data: _burst(data)["sessions"][0].update(versions="1"),
        f'{IN_BURST}"versions" in sessions[0] must be a JSON object',
    ),
    (
        lambda data: _window(data).update(window_s=0),
        f'{IN_BURST}"window_s" {IN_WINDOW} must be above 0',
    ),
    (lambda data: _window(data).update(window_s=float("inf")), "Infinity is not a number"),
    (
        lambda data: _window(data).update(window_s="10"),
        f'{IN_BURST}"window_s" {IN_WINDOW} must be a number',
    ),
    (
        lambda data: _window(data).update(window_s=1e15),
        f'{IN_BURST}"window_s" {IN_WINDOW} is too large',
    ),
    (
        lambda data: _window(data).update(ok="990"),
        f'{IN_BURST}"ok" {IN_WINDOW} must be a whole number',
    ),
    (
        lambda data: _window(data).update(ok=True),
        f'{IN_BURST}"ok" {IN_WINDOW} must be a whole number',
    ),
    (
        lambda data: _window(data).update(ok=-1),
        f'{IN_BURST}"ok" {IN_WINDOW} must be 0 or more',
    ),
    (lambda data: _window(data).pop("error"), f"{IN_BURST}missing key 'error' {IN_WINDOW}"),
    (
        lambda data: _window(data).update(late=None),
        f'{IN_BURST}"late" {IN_WINDOW} must be a whole number',
    ),
    (
        lambda data: _window(data).update(unanswered=0.5),
        f'{IN_BURST}"unanswered" {IN_WINDOW} must be a whole number or null',
    ),
    (
        lambda data: _window(data).update(usage="1"),
        f'{IN_BURST}"usage" {IN_WINDOW} must be a JSON object or null',
    ),
    (
        lambda data: _window(data).update(usage={}),
        f"{IN_BURST}missing key 'cpu_s' {IN_WINDOW}.usage",
    ),
    (
        lambda data: _window(data).update(usage={"cpu_s": "1"}),
        f'{IN_BURST}"cpu_s" {IN_WINDOW}.usage must be a number',
    ),
    (
        lambda data: _window(data).update(latency=[1, 2]),
        f'{IN_BURST}"latency" {IN_WINDOW} must be text or null',
    ),
    (
        lambda data: _window(data).update(latency="HISTF"),
        f'{IN_BURST}"latency" {IN_WINDOW}: not a histogram: ',
    ),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGES, ids=[said for _, said in DAMAGES])
def test_a_damaged_file_is_broken_in_words_and_stays_as_it_is(
    tmp_path: Path, damage: Damage, said: str
) -> None:
    file = save_one(tmp_path)
    data = json.loads(file.read_text())
    damage(data)
    file.write_text(json.dumps(data))
    before = file.read_text()
    for touch in (load_it, save_one):
        with pytest.raises(BaselineError, match=r" delete it$") as caught:
            touch(tmp_path)
        text = str(caught.value).replace("not JSON: ", "")
        assert text.startswith(f"baseline {file} is broken ({said}")
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is broken (not JSON: Expecting value"),
        (b"{", "is broken (not JSON: Expecting property name"),
        (b"\xff\xfe", "is broken (not JSON: "),
        (b"[" * 100_000, "is broken (not JSON: "),
        (b"{\n<<<<<<< HEAD\n", "has the marks of a merge conflict: take one side of it"),
        (b"[]", "is not a baseline: it is JSON without a schema number; move it away"),
        (b"null", "is not a baseline"),
        (b'"text"', "is not a baseline"),
        (b'{"name": "site", "dependencies": {}}', "is not a baseline"),
    ],
)
def test_a_file_that_is_not_a_baseline_says_so(tmp_path: Path, content: bytes, said: str) -> None:
    file = save_one(tmp_path)
    file.write_bytes(content)
    for touch in (load_it, save_one):
        with pytest.raises(BaselineError) as caught:
            touch(tmp_path)
        assert str(caught.value).startswith(f"baseline {file} {said}")
    assert file.read_bytes() == content


def test_a_newer_schema_says_what_to_do(tmp_path: Path) -> None:
    save_one(tmp_path).write_text(json.dumps({"schema": SCHEMA + 1, "other": "things"}))
    with pytest.raises(BaselineError, match=f"has schema {SCHEMA + 1}.*upgrade"):
        load_it(tmp_path)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    file = save_one(tmp_path)
    file.unlink()
    file.mkdir()
    with pytest.raises(BaselineError, match="can't be read"):
        load_it(tmp_path)


def test_the_key_of_a_burst_holds_test_and_name() -> None:
    assert burst_key("t.py::test[granian]", "GET /") == "t.py::test[granian] GET /"
