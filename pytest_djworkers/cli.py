"""The command ``djworkers``: shows baselines, and makes reports again, without running pytest.

Exit codes: 0 if the command succeeded, 1 if something can't be read or written, 2 if the command
line is wrong. A difference between two baselines is not a failure.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from pytest_djworkers.baseline.files import FOLDER
from pytest_djworkers.baseline.imported import save_imported
from pytest_djworkers.baseline.locate import file_named, files_named, find_root, shortened
from pytest_djworkers.errors import BaselineError, BurstArgumentError, ReportError
from pytest_djworkers.load.wrk_document import runs_in_document
from pytest_djworkers.mix_command import DEFAULT_PARTS, EXCLUDED, mix_of_log
from pytest_djworkers.parsers import parse_baseline_name
from pytest_djworkers.printable import printable
from pytest_djworkers.report.baseline_details import describe_baseline
from pytest_djworkers.report.baseline_listing import list_baselines
from pytest_djworkers.report.difference import describe_differences
from pytest_djworkers.report_format import ReportFormat, format_by_suffix, why_not_installed
from pytest_djworkers.request.mix import MOST_PARTS
from pytest_djworkers.units import counted, parse_whole

DONE, FAILED = 0, 1
DEFAULT = "default"
_NAME_OR_FILE = f"name of a baseline, or path of a file in {FOLDER}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. Raises SystemExit(2) for a wrong command line."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A stored name may have characters that the terminal's encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        root = (options.root or find_root(_here())).resolve()
        code: int = options.run(options, root)
        sys.stdout.flush()
    except (BaselineError, BurstArgumentError, ReportError) as error:
        return _failed([str(error)])
    except OSError as error:
        # Python flushes stdout at exit, and would fail once more with a message of its own. The
        # Python documentation advises this (library/signal, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            return _failed([f"the output can't be written: {error.strerror}"])
        # A broken pipe is no failure: the reader, such as head, has read enough.
    else:
        return code
    return DONE


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise BaselineError(f"the current folder can't be used: {error.strerror}") from None


def _baselines(options: argparse.Namespace, root: Path) -> int:  # noqa: ARG001  # as every command
    lines, problems = list_baselines(root)
    _print(lines or [f"no baselines in {root / FOLDER}"] if not problems else lines)
    return _failed(problems) if problems else DONE


def _show(options: argparse.Namespace, root: Path) -> int:
    for number, file in enumerate(files_named(root, options.what)):
        _print(["", *describe_baseline(file)] if number else describe_baseline(file))
    return DONE


def _diff(options: argparse.Namespace, root: Path) -> int:
    a, b = (file_named(root, what) for what in (options.a, options.b))
    _print(describe_differences(a, b))
    return DONE


def _import_wrk(options: argparse.Namespace, root: Path) -> int:
    file: Path = options.file
    try:
        # With "-sig", the byte order mark that some editors write is ignored.
        runs = runs_in_document(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BaselineError(f"{file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BaselineError(f"{file} can't be read: it is not UTF-8 ({error})") from None
    except ValueError as error:
        raise BaselineError(f"{file}, {error}; nothing was imported") from None
    # An empty import would look like a success.
    if not runs:
        raise BaselineError(f"{file} contains no output of wrk; nothing was imported")
    full = file.resolve()
    document = str(full.relative_to(root)) if full.is_relative_to(root) else full.name
    into, added = save_imported(root, options.baseline, document, runs)
    backends = Counter(run.backend or "no backend" for run in added)
    counts = ", ".join(f"{number:,} of {backend}" for backend, number in backends.items())
    _print([f"imported {counted(len(added), 'run')} of wrk into {shortened(into)}: {counts}"])
    return DONE


def _report(options: argparse.Namespace, root: Path) -> int:  # noqa: ARG001  # as every command
    from pytest_djworkers.report.document_file import read_document
    from pytest_djworkers.report.formats import why_left_out, write_report

    document = read_document(options.file)
    try:
        # Before anything is written.
        formats = [options.format or format_by_suffix(file) for file in options.output]
    except ValueError as error:
        return _failed([f"{error}: choose another name, or the format with --format"])
    if missing := list(filter(None, map(why_not_installed, dict.fromkeys(formats)))):
        return _failed(missing)
    if lacking := list(filter(None, (why_left_out(one, document) for one in formats))):
        return _failed(
            dict.fromkeys(f"no report of stacks can be written: {why}" for why in lacking)
        )
    for file, format_ in zip(options.output, formats, strict=True):
        try:
            write_report(file, format_, document)
        except OSError as error:
            return _failed([str(error)])
        _print([f"report: {shortened(file.resolve())}"])
    return DONE


def _mix(options: argparse.Namespace, root: Path) -> int:  # noqa: ARG001  # as every command
    excluded = tuple(options.exclude or EXCLUDED)
    try:
        lines = mix_of_log(options.log, options.output, most_parts=options.parts, excluded=excluded)
    except OSError as error:
        return _failed([f"{options.output} can't be written: {error.strerror or error}"])
    _print(lines)
    return DONE


def _failed(problems: Iterable[str]) -> int:
    for problem in problems:
        print(printable(f"djworkers: {problem}"), file=sys.stderr)
    return FAILED


def _print(lines: Iterable[str]) -> None:
    # Names in a committed file may be anybody's: they must neither control the terminal nor begin a
    # line of their own.
    for line in lines:
        print(printable(line).replace("\n", " "))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="djworkers",
        description="Show the baselines and reports of pytest-djworkers without running pytest.",
        epilog="Exit codes: 0 if the command succeeded, 1 if something can't be read or written,"
        " 2 if the command line is wrong.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--root",
        type=_folder,
        metavar="DIR",
        help=f"pytest's root, where {FOLDER} is; default: the nearest folder upwards that has"
        f" {FOLDER} or a configuration of pytest",
    )
    _add_commands(parser)
    return parser


def _add_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    command = commands.add_parser("baselines", help="list the stored baselines")
    command.set_defaults(run=_baselines)

    command = commands.add_parser("show", help="show the figures of each burst and their history")
    command.add_argument(
        "what", metavar="NAME|FILE", nargs="?", default=DEFAULT, help=_NAME_OR_FILE
    )
    command.set_defaults(run=_show)

    command = commands.add_parser(
        "diff", help="show the changes from A to B, burst by burst, without a verdict"
    )
    for name in ("a", "b"):
        command.add_argument(
            name, metavar=name.upper(), help=f"{_NAME_OR_FILE}, or of a report in JSON"
        )
    command.set_defaults(run=_diff)

    _add_report(commands)
    _add_mix(commands)
    command = commands.add_parser(
        "import-wrk",
        help="import what wrk printed into a baseline",
    )
    command.add_argument(
        "file", metavar="FILE", type=Path, help="file with output of wrk, such as Markdown notes"
    )
    command.add_argument(
        "--baseline",
        metavar="NAME",
        type=_name,
        default=DEFAULT,
        help="baseline to import into; default: %(default)s",
    )
    command.set_defaults(run=_import_wrk)


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("report", help="make reports again from one in JSON")
    command.add_argument(
        "file", metavar="FILE.json", type=Path, help="file that --djworkers-report wrote as JSON"
    )
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=_report_file,
        action="append",
        required=True,
        help="file to write, such as load.html, load.md or load.csv; repeatable",
    )
    command.add_argument(
        "--format",
        choices=list(ReportFormat),
        type=ReportFormat,
        help="format of what is written; default: by the ending of the file's name",
    )
    command.set_defaults(run=_report)


def _add_mix(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("mix", help="make the file of a mix from an access log")
    command.add_argument(
        "log",
        metavar="LOG",
        type=Path,
        help="access log in the combined format or alike, may be compressed (.gz); - for stdin",
    )
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE.json",
        type=_report_file,
        required=True,
        help="file to write",
    )
    command.add_argument(
        "--parts",
        metavar="N",
        type=_number_of_parts,
        default=DEFAULT_PARTS,
        help="the most parts, by the number of their requests; default: %(default)s",
    )
    command.add_argument(
        "--exclude",
        metavar="PREFIX",
        type=_path_prefix,
        action="append",
        help="beginning of paths to leave out, repeatable; default: " + " ".join(EXCLUDED),
    )
    command.set_defaults(run=_mix)


def _number_of_parts(text: str) -> int:
    try:
        number = parse_whole(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if number > MOST_PARTS:
        raise argparse.ArgumentTypeError(f"{number} is more than {MOST_PARTS} parts")
    return number


def _path_prefix(text: str) -> str:
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} must start with /, as paths do")
    return text


def _folder(text: str) -> Path:
    folder = Path(text)
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder that exists")
    return folder


def _report_file(text: str) -> Path:
    file = Path(text)
    if not file.parent.is_dir() or (file.exists() and not file.is_file()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a file in a folder that exists")
    return file


def _name(text: str) -> str:
    try:
        return parse_baseline_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
