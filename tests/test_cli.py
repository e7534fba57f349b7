"""The command ``djworkers``, as users run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.session import RunFacts
from pytest_djworkers.baseline.store import save
from pytest_djworkers.cli import main
from pytest_djworkers.load.facts import Usage
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.report.document_file import as_json
from pytest_djworkers.report.markdown.page import render
from tests.support.documents import document as report
from tests.support.results import RESULT, record
from tests.support.site import Site
from tests.support.steady import steady
from tests.support.stored_baselines import burst_of
from tests.support.wrk_document import SERVERS, document
from tests.support.wrk_output import NOTHING_ANSWERED, PRINTED

MACHINE = Machine("A CPU", 2, None)
OTHER = Machine("Another CPU", 4, 1.5)
FASTER = replace(RESULT, ok=1_490, late=0)
USED = Usage(3.725, 1, 2, 2, 0, 0)
COMMIT = "0123456789abcdef0123456789abcdef01234567"

Run = Callable[..., list[str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a configuration of pytest."""
    (tmp_path / "pytest.ini").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(root: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command, which must succeed, and returns its lines."""

    def run_it(*arguments: str) -> list[str]:
        code = main(arguments)
        said = capsys.readouterr()
        assert (code, said.err) == (0, "")
        return said.out.splitlines()

    return run_it


@pytest.fixture
def refused(root: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs the command, which must fail, and returns its line of error."""

    def run_it(*arguments: str) -> str:
        assert main(arguments) == 1
        said = capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        assert line.startswith("djworkers: ")
        return line.removeprefix("djworkers: ")

    return run_it


def store(
    root: Path,
    *results: BurstResult,
    name: str = "default",
    machine: Machine = MACHINE,
    test: str = "test_json[granian]",
    **common: Any,
) -> Path:
    """Store a session for each result."""
    facts = replace(RunFacts("2026-01-02T03:04:05+00:00", f"{COMMIT}+"), **common)
    for result in results:
        sessions = {f"{test} GET /json": burst_of(result, facts)}
        file = save(root, name, machine, sessions).file
    return file


# baselines


def test_baselines_are_listed(root: Path, run: Run) -> None:
    assert run("baselines") == [f"no baselines in {root / '.djworkers'}"]
    store(root, RESULT, RESULT, FASTER)
    store(root, RESULT, test="test_other[granian]", saved="2025-12-31T03:04:05+00:00")
    store(root, RESULT, name="main", machine=OTHER, commit=None)
    (root / "notes.md").write_text(document())
    run("import-wrk", "notes.md")
    wide = len(OTHER.key)
    assert run("baselines") == [
        f"name     {'machine':{wide}}  bursts  sessions        last saved  commit",
        f"default  {MACHINE.key:{wide}}       2       1-3  2026-01-02 03:04  0123456789+",
        f"default  {'imported: notes.md':{wide}}      18         -                 -  -",
        f"main     {OTHER.key:{wide}}       1         1  2026-01-02 03:04  -",
    ]


def test_readable_baselines_are_listed_and_broken_ones_are_errors(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = store(root, RESULT)
    broken = file.with_name("broken.json")
    broken.write_text("{")
    newer = file.with_name("newer.json")
    newer.write_text('{"schema": 9}')
    foreign = file.with_name("package.json")
    foreign.write_text('{"name": "site"}')
    assert main(["baselines"]) == 1
    said = capsys.readouterr()
    assert MACHINE.key in said.out
    assert [line.split()[:3] for line in said.out.splitlines()[2:]] == [
        ["default", name, "-"] for name in ("broken", "newer", "package")
    ]
    for line, words in zip(
        said.err.splitlines(),
        (
            f"{broken} is broken (not JSON:",
            f"{newer} has schema 9, and this version reads up to 1: upgrade",
            f"{foreign} is not a baseline:",
        ),
        strict=True,
    ):
        assert line.startswith(f"djworkers: baseline {words}")


# show


def test_a_baseline_is_shown_with_its_history(root: Path, run: Run) -> None:
    assert RESULT.server is not None
    newer = replace(FASTER, usage=USED, server=replace(RESULT.server, version="2.9"))
    file = store(root, RESULT, newer)
    lines = run("show")
    assert lines == run("show", "default") == run("show", str(file))
    assert lines[:-1] == [
        f".djworkers/default/{MACHINE.key}.json",
        "A CPU, 2 logical CPUs, no CPU quota",
        "",
        "test_json[granian] GET /json",
        "  backend granian, backlog 1024, connections 8, duration_s 10.0, generator asyncio,"
        " request GET /json, timeout_s 2.0, warmup_s 1.0, workers 2",
        "  saved             commit       requests/s    mean  p50    p99  CPU/req."
        "  timeouts  errors  windows  changed",
        "  2026-01-02 03:04  0123456789+         100  24.5ms  1ms  300ms         -"
        "        10       0        1",
        "  2026-01-02 03:04  0123456789+         149  24.5ms  1ms  300ms     2.5ms"
        "         0       0        1  granian was 2.8 and is 2.9",
    ]
    assert "granian 2.9, pytest-djworkers" in lines[-1]


def test_all_machines_of_a_name_are_shown(root: Path, run: Run) -> None:
    store(root, RESULT)
    store(root, RESULT, machine=OTHER)
    lines = run("show", "default")
    assert "A CPU, 2 logical CPUs, no CPU quota" in lines
    assert "Another CPU, 4 logical CPUs, a CPU quota of 1.5 CPUs" in lines


def test_an_import_is_shown_as_printed(root: Path, run: Run) -> None:
    (root / "notes.md").write_text(f"# One\n{PRINTED}\n# Two\n{NOTHING_ANSWERED}")
    run("import-wrk", "notes.md", "--baseline=wrk")
    assert run("show", "wrk") == [
        ".djworkers/wrk/imported.json",
        "imported from wrk's output, and shown as wrk printed it, with wrk's correction of",
        "latencies; it is part of no verdict",
        "",
        "notes.md: One",
        "  http://127.0.0.1:8000/json?page=..., 10s, 20 threads, 2,000 connections",
        "  requests/s    31896.61: 320012 in 10.03s",
        "  received      94.00MB, 9.37MB per second",
        "  latency       mean 57.13ms, deviation 113.12ms, longest 2.00s, 92.84% within one"
        " deviation",
        "                p50 30.12ms, p75 61.05ms, p90 101.92ms, p99 901.40ms",
        "  per thread    mean 1.61k, deviation 1.05k, longest 9.98k, 66.15% within one deviation"
        " requests/s",
        "  errors        connect 1, read 2, write 3, timeout 2301; bad statuses 7",
        "",
        "notes.md: Two",
        "  http://127.0.0.1:46717/x, 1s, 1 thread, 2 connections",
        "  requests/s    0.00: 0 in 1.01s",
        "  received      0.00B, 0.00B per second",
        "  latency       no samples (-nan%)",
        "  per thread    no samples (-nan%) requests/s",
        "  errors        none; bad statuses 0",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is broken (not JSON: "),
        (b"{}", "is not a baseline: it is JSON without a schema number"),
        (b'{"schema": 2}', "has schema 2, and this version reads up to 1: upgrade"),
        (b"\x00\xff", "is broken (not JSON: "),
    ],
)
@pytest.mark.parametrize("command", [("show",), ("diff", "main")])
def test_a_file_that_is_not_a_baseline_is_an_error(
    root: Path, refused: Callable[..., str], content: bytes, said: str, command: tuple[str, ...]
) -> None:
    store(root, RESULT, name="main")
    (root / "file.json").write_bytes(content)
    assert refused(*command, "file.json").startswith(f"baseline file.json {said}")


def test_a_broken_histogram_in_an_old_session_is_an_error(
    root: Path, refused: Callable[..., str]
) -> None:
    file = store(root, RESULT, FASTER)
    data = json.loads(file.read_text())
    data["bursts"]["test_json[granian] GET /json"]["sessions"][0]["windows"][0]["latency"] = "HISTF"
    file.write_text(json.dumps(data))
    assert "is broken (not a histogram" in refused_after_output(file)


def refused_after_output(file: Path) -> str:
    """Return the error of a command that meets it in the middle of its work."""
    said = command("show", str(file), folder=file.parent)
    assert said.returncode == 1
    return said.stderr


# diff


def test_a_difference_is_changes_without_a_verdict(root: Path, run: Run) -> None:
    before = store(root, replace(RESULT, usage=USED), name="main")
    store(root, RESULT, name="main", test="test_gone[granian]")
    store(root, replace(FASTER, usage=USED), machine=OTHER)
    store(root, FASTER, machine=OTHER, test="test_new[granian]")
    assert run("diff", str(before), "default") == [
        f"A  .djworkers/main/{MACHINE.key}.json",
        f"B  .djworkers/default/{OTHER.key}.json",
        "two machines: CPU was A CPU and is Another CPU, logical CPUs was 2 and is 4, CPU quota was"
        " unlimited and is 1.5",
        "",
        "test_json[granian] GET /json",
        "          requests/s    mean    p50    p99  CPU/req.  timeouts  errors",
        "  A              100  24.5ms    1ms  300ms    3.73ms        10       0  2026-01-02",
        "  B              149  24.5ms    1ms  300ms     2.5ms         0       0  2026-01-02",
        "  change      +49.0%   +0.0%  +0.0%  +0.0%    -32.9%       -10      +0",
        "",
        "only in A: test_gone[granian] GET /json",
        "",
        "only in B: test_new[granian] GET /json",
    ]


def test_a_difference_in_the_load_is_named(root: Path, run: Run) -> None:
    store(root, RESULT, name="main")
    shape = replace(RESULT.profile.shape, connections=9, rate=5.0)
    store(root, replace(RESULT, profile=replace(RESULT.profile, shape=shape)))
    assert run("diff", "main", "default")[-2:] == [
        "  connections was 8 and is 9",
        "  rate was None and is 5.0",
    ]


def test_imports_are_compared_by_heading(root: Path, run: Run) -> None:
    (root / "old.md").write_text(document())
    (root / "new.md").write_text(document().replace("31896.61", "30301.78"))
    run("import-wrk", "old.md", "--baseline=old")
    run("import-wrk", "new.md", "--baseline=new")
    lines = run("diff", "old", "new")
    at = lines.index("old.md: How fast is the site? / Gunicorn with gevent / sync/json")
    assert lines[at + 1 : at + 6] == [
        "new.md: How fast is the site? / Gunicorn with gevent / sync/json",
        "          requests/s    mean  p50  p99  CPU/req.  timeouts  errors",
        "  A         31896.61  57.1ms    -    -         -     2,301       0  imported",
        "  B         30301.78  57.1ms    -    -         -     2,301       0  imported",
        "  change       -5.0%   +0.0%    -    -         -        +0      +0",
    ]
    assert sum("change" in line for line in lines) == 18
    assert not any("only in" in line for line in lines)


@pytest.mark.parametrize("turned", [False, True])
def test_an_import_is_compared_with_the_burst_of_its_endpoint(
    root: Path, run: Run, turned: bool
) -> None:
    stored = store(root, RESULT)
    (root / "notes.md").write_text(
        f"# Granian\n{PRINTED.replace('/json?page=2', '/json')}# Uvicorn\n{PRINTED}"
    )
    run("import-wrk", "notes.md")
    sides = [".djworkers/default/imported.json", str(stored)]
    lines = run("diff", *(reversed(sides) if turned else sides))
    assert "notes.md: Granian" in lines
    assert "test_json[granian] GET /json" in lines
    assert "  wrk corrects its latencies, so their change says nothing about the site" in lines
    assert lines[-1] == f"only in {'B' if turned else 'A'}: notes.md: Uvicorn"


def test_two_imports_of_an_endpoint_are_both_compared_with_its_burst(root: Path, run: Run) -> None:
    stored = store(root, RESULT)
    for name in ("old.md", "new.md"):
        (root / name).write_text(f"# Granian\n{PRINTED.replace('/json?page=2', '/json')}")
        run("import-wrk", name, "--baseline=wrk")
    lines = run("diff", "wrk", str(stored))
    assert [line for line in lines if "Granian" in line] == ["new.md: Granian", "old.md: Granian"]
    assert sum("change" in line for line in lines[2:]) == 4


def test_two_reports_are_compared_burst_by_burst(root: Path, run: Run) -> None:
    used = replace(RESULT, usage=USED)
    (root / "a.json").write_text(as_json(report(record(result=used), record(test="test_gone"))))
    now = report(record(result=replace(FASTER, usage=USED)))
    (root / "b.json").write_text(as_json(replace(now, run=replace(now.run, machine=OTHER))))
    assert run("diff", "a.json", "b.json") == [
        "A  a.json",
        "B  b.json",
        "two machines: CPU was AMD EPYC 7763 64-Core Processor and is Another CPU, logical CPUs was"
        " 2 and is 4, CPU quota was unlimited and is 1.5",
        "",
        "test_site.py::test_json[granian] GET /json",
        "          requests/s    mean    p50    p99  CPU/req.  timeouts  errors",
        "  A              100  24.5ms    1ms  300ms    3.73ms        10       0  2026-01-02",
        "  B              149  24.5ms    1ms  300ms     2.5ms         0       0  2026-01-02",
        "  change      +49.0%   +0.0%  +0.0%  +0.0%    -32.9%       -10      +0",
        "",
        "only in A: test_site.py::test_gone[granian] GET /json",
    ]


def test_a_report_is_compared_with_a_baseline_by_the_same_names(root: Path, run: Run) -> None:
    store(root, RESULT, test="test_site.py::test_json[granian]")
    shape = replace(RESULT.profile.shape, connections=9)
    other = replace(FASTER, profile=replace(RESULT.profile, shape=shape))
    (root / "b.json").write_text(as_json(report(record(result=other))))
    lines = run("diff", "default", "b.json")
    assert sum("change" in line for line in lines) == 1
    assert lines[-1] == "  connections was 8 and is 9"


def test_a_report_that_cannot_be_compared_is_named(root: Path, refused: Callable[..., str]) -> None:
    (root / "new.json").write_text('{"schema": 99, "run": {}}')
    said = refused("diff", "new.json", "new.json")
    assert said.startswith("report new.json has schema 99, and this version reads up to 1")


# import-wrk


def test_eighteen_runs_are_imported_with_every_digit(root: Path, run: Run) -> None:
    (root / "docs").mkdir()
    (root / "docs" / "wrk.md").write_text(document())
    assert run("import-wrk", "docs/wrk.md", "--baseline", "notes") == [
        "imported 18 runs of wrk into .djworkers/notes/imported.json: 9 of gunicorn-gevent, 9 of"
        " granian"
    ]
    shown = "\n".join(run("show", "notes"))
    for server, rows in SERVERS.items():
        for endpoint, rps, timeouts, _ in rows:
            block = shown.split(f"docs/wrk.md: How fast is the site? / {server} / {endpoint}\n")[1]
            block = block.split("\n\n")[0]
            assert f"requests/s    {rps}:" in block
            assert (f"timeout {timeouts}" if timeouts else "errors        none") in block


def test_output_alone_is_imported_from_anywhere(
    root: Path, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("elsewhere") / "wrk.txt"
    file.write_bytes(b"\xef\xbb\xbf" + PRINTED.encode())
    assert run("import-wrk", str(file)) == [
        "imported 1 run of wrk into .djworkers/default/imported.json: 1 of no backend"
    ]
    assert "wrk.txt: wrk" in run("show")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# Notes\n", "notes.md contains no output of wrk; nothing was imported"),
        (b"", "notes.md contains no output of wrk; nothing was imported"),
        (b"\xff", "notes.md can't be read: it is not UTF-8 ("),
        (
            PRINTED[:300].encode(),
            "notes.md, line 1: the run of wrk that begins here can't be read: it has no line '..."
            " requests in ...'; nothing was imported",
        ),
    ],
)
def test_a_file_that_cannot_be_imported_is_an_error_and_nothing_is_written(
    root: Path, refused: Callable[..., str], content: bytes, said: str
) -> None:
    (root / "notes.md").write_bytes(content)
    assert refused("import-wrk", "notes.md").startswith(said)
    assert refused("import-wrk", "no.md") == "no.md can't be read: No such file or directory"
    assert not (root / ".djworkers").exists()


def test_a_run_beside_an_import_is_shown_and_not_compared(site: Site) -> None:
    site.test("def test_json(burst):\n    burst('/json')")
    text = f"# Granian\n{PRINTED.replace('/json?page=2', '/json')}"
    site.write("notes.md", text)
    assert command("import-wrk", "notes.md", "--baseline=wrk", folder=site.folder).returncode == 0
    result = steady(site, 100, "--djworkers-baseline=wrk")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "djworkers: baseline 'wrk' with 0 bursts and 1 imported, tolerance 10%",
            "  granian *100 *not compared*",
            "    baseline *31,897 *2,301 *13",
            "    imported: Granian",
            "not compared: test_site.py::test_json*: imported from wrk's printed output:"
            " no windows",
        ]
    )


# The command line.


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pytest_djworkers", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["list"], "invalid choice: 'list'"),
        (["diff", "a"], "the following arguments are required: B"),
        (["show", "--all"], "unrecognized arguments: --all"),
        (["import-wrk"], "the following arguments are required: FILE"),
        (
            ["import-wrk", "x", "--baseline=a/b"],
            "'a/b' is not a name of up to 100 letters, digits,",
        ),
        (["--root=no-such-folder", "show"], "'no-such-folder' is not a folder that exists"),
    ],
)
def test_a_command_line_that_cannot_be_used_exits_with_2(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_an_unknown_name_is_an_error_that_lists_the_known_names(
    root: Path, refused: Callable[..., str]
) -> None:
    assert refused("show") == (
        f"default is neither a file nor a baseline: {root / '.djworkers'} has none"
    )
    store(root, RESULT)
    for arguments in (["show", "x"], ["diff", "default", "x"], ["diff", "x", "default"]):
        assert refused(*arguments).endswith("has default")


def test_the_command_and_python_m_print_the_same(root: Path) -> None:
    store(root, RESULT)
    below = root / "below"
    below.mkdir()
    by_module = command("baselines", folder=below)
    program = Path(sys.executable).with_name("djworkers")
    by_name = subprocess.run(
        [program, "baselines"], cwd=below, capture_output=True, text=True, check=True
    )
    assert MACHINE.key in by_module.stdout
    assert (by_name.stdout, by_name.stderr) == (by_module.stdout, "")
    assert command("--root", str(root), "baselines", folder=Path("/")).stdout == by_module.stdout


def test_a_closed_pipe_is_not_an_error(root: Path) -> None:
    for number in range(20):
        store(root, RESULT, test=f"test_{number}{'x' * 5000}[granian]")
    with subprocess.Popen(
        [sys.executable, "-m", "pytest_djworkers", "show"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_it_imports_neither_pytest_nor_django_nor_a_server(root: Path) -> None:
    store(root, RESULT)
    script = (
        "import sys; from pytest_djworkers.cli import main; main(['show'])\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    for name in ("pytest", "django", "gevent", "granian", "gunicorn", "numpy", "psutil"):
        assert f"'{name}'" not in said.stderr
    assert "'hdrh'" in said.stderr


def test_no_escape_sequence_of_a_file_reaches_the_terminal(root: Path, run: Run) -> None:
    orders = "\x1b]0;title\x07\x1b[2J\u202e"
    machine = replace(MACHINE, cpu=f"A CPU{orders}\nverdict: ok")
    file = store(root, RESULT, FASTER, test=f"{orders}[x]", saved=orders, machine=machine)
    file.rename(file.with_name(f"{orders.replace('/', '')}.json"))
    other = store(root, RESULT, name="other", test=orders, commit=orders)
    for arguments in (("baselines",), ("show",), ("diff", "default", "other")):
        lines = run(*arguments)
        assert all(line.isprintable() for line in lines), lines
        assert any(r"\x1b]0;title\x07\x1b[2J" in line for line in lines)
        assert "verdict: ok" not in lines
    assert other.exists()


@pytest.mark.parametrize(
    ("where", "said", "code"),
    [
        ("PYTHONIOENCODING=ascii {command} --root={root} show", "", 0),
        (
            "{command} --root={root} show > /dev/full",
            "the output can't be written: No space left",
            1,
        ),
        (
            "cd {gone} && rmdir {gone} && {command} show",
            "the current folder can't be used: No such",
            1,
        ),
        ("cd {gone} && rmdir {gone} && {command} --root={root} show", "", 0),
    ],
    ids=["ascii", "full", "no folder", "a root"],
)
def test_an_unusable_terminal_disk_or_folder_is_an_error_without_a_traceback(
    where: str, said: str, code: int, tmp_path: Path
) -> None:
    root, gone = tmp_path / "r\u00fc", tmp_path / "gone"
    gone.mkdir()
    sessions = {"test GET /ü": burst_of(RESULT)}
    save(root, "default", Machine("A CPU", 2, None), sessions)
    command = f"{sys.executable} -P -m pytest_djworkers"
    found = subprocess.run(
        ["sh", "-c", where.format(command=command, root=root, gone=gone)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == code, found.stderr
    assert "Traceback" not in found.stderr
    assert said in found.stderr


def test_reports_are_made_again(root: Path, run: Run) -> None:
    made = report(record())
    (root / "load.json").write_text(as_json(made))
    said = run("report", "load.json", "-o", "again.json", "-o", "load.md")
    assert said == ["report: again.json", "report: load.md"]
    assert (root / "again.json").read_text() == (root / "load.json").read_text()
    assert (root / "load.md").read_text() == render(made)
    assert run("report", "load.json", "-o", "text", "--format=md") == ["report: text"]
    assert (root / "text").read_text() == render(made)


def test_a_report_whose_packages_are_missing_names_the_extra(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "load.json").write_text(as_json(report(record())))

    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert main(["report", "load.json", "-o", "load.md", "-o", "load.html"]) == 1
    assert capsys.readouterr().err == (
        "djworkers: a report in html needs jinja2 and vl-convert-python, which are not installed:"
        " pip install 'pytest-djworkers[report]'\n"
    )
    assert not (root / "load.md").exists()


def test_a_file_of_stacks_that_would_be_empty_is_not_written(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "load.json").write_text(as_json(report(record())))
    assert main(["report", "load.json", "-o", "load.md", "-o", "load.folded"]) == 1
    assert capsys.readouterr().err == (
        "djworkers: no report of stacks can be written: nothing was profiled: that is done after a"
        " comparison that finds a change, and always with --djworkers-profile\n"
    )
    assert not (root / "load.md").exists()


def test_a_report_that_cant_be_made_says_why(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "gone.json", "-o", "load.md"]) == 1
    assert "report gone.json can't be read: No such file" in capsys.readouterr().err
    (root / "load.json").write_text(as_json(report(record())))
    assert main(["report", "load.json", "-o", "load.txt"]) == 1
    assert "'load.txt' ends in none of .json, .md, .html, .csv" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["report", "load.json", "-o", "gone/load.md"])
    assert "'gone/load.md' is not a file in a folder that exists" in capsys.readouterr().err
    assert not (root / "load.txt").exists()
