"""The command ``djworkers``: stored baselines, looked at outside of pytest.

Exit codes: 0 when it was done, 1 when something can't be read or written, 2 for a command line
that can't be used. What differs between two baselines is no failure.
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
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.load.wrk_document import runs_in_document
from pytest_djworkers.parsers import parse_baseline_name
from pytest_djworkers.printable import printable
from pytest_djworkers.report.baseline_details import describe_baseline
from pytest_djworkers.report.baseline_difference import describe_differences
from pytest_djworkers.report.baseline_listing import list_baselines
from pytest_djworkers.units import counted

DONE, FAILED = 0, 1
DEFAULT = "default"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and give its exit code. A command line that can't be used exits with 2."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is stored may have letters that the terminal has not.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        root = (options.root or find_root(_here())).resolve()
        code: int = options.run(options, root)
        sys.stdout.flush()
    except BaselineError as error:
        return _failed([str(error)])
    except OSError as error:
        # Nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            return _failed([f"the output can't be written: {error.strerror}"])
        # Else whoever read the output has enough.
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
        runs = runs_in_document(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BaselineError(f"{file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BaselineError(f"{file} can't be read: it is no text in UTF-8 ({error})") from None
    except ValueError as error:
        raise BaselineError(f"{file}, {error}; nothing was imported") from None
    if not runs:
        raise BaselineError(f"{file} has no output of wrk in it: nothing was imported")
    full = file.resolve()
    document = str(full.relative_to(root)) if full.is_relative_to(root) else full.name
    into, added = save_imported(root, options.baseline, document, runs)
    backends = Counter(one.backend or "no backend" for one in added)
    of = ", ".join(f"{number:,} of {backend}" for backend, number in backends.items())
    _print([f"imported {counted(len(added), 'run')} of wrk into {shortened(into)}: {of}"])
    return DONE


def _failed(problems: Iterable[str]) -> int:
    for problem in problems:
        print(printable(f"djworkers: {problem}"), file=sys.stderr)
    return FAILED


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(printable(line).replace("\n", " "))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="djworkers",
        description="Stored baselines of pytest-djworkers, looked at outside of pytest.",
        epilog="Exit codes: 0 done, 1 something can't be read or written, 2 a command line that"
        " can't be used.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--root",
        type=_folder,
        metavar="DIR",
        help=f"pytest's root, where {FOLDER} is; default: the nearest folder upwards that has it or"
        " a configuration of pytest",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    one = commands.add_parser("baselines", help="list what is stored")
    one.set_defaults(run=_baselines)

    one = commands.add_parser("show", help="print the figures of each burst, and their history")
    one.add_argument("what", metavar="NAME|FILE", nargs="?", default=DEFAULT, help=_WHAT)
    one.set_defaults(run=_show)

    one = commands.add_parser(
        "diff", help="print the change from one to the other, burst by burst, without any verdict"
    )
    for name in ("a", "b"):
        one.add_argument(name, metavar=name.upper(), help=_WHAT)
    one.set_defaults(run=_diff)

    one = commands.add_parser(
        "import-wrk",
        help="put what wrk printed into a baseline, from a file of it or a Markdown document",
    )
    one.add_argument("file", metavar="FILE", type=Path, help="wrk's output, or Markdown with it")
    one.add_argument(
        "--baseline", metavar="NAME", type=_name, default=DEFAULT, help="default: %(default)s"
    )
    one.set_defaults(run=_import_wrk)
    return parser


_WHAT = f"a baseline's name, or one of the files in {FOLDER}"


def _folder(text: str) -> Path:
    folder = Path(text)
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder that exists")
    return folder


def _name(text: str) -> str:
    try:
        return parse_baseline_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
