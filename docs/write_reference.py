"""Write the parts of the reference that say what the code says: ``make reference``.

They are kept in the repository, so that whoever reads it there finds them. A page of the reference
has text by hand around lists that are written here: from ``.. generated NAME: ARGUMENTS`` up to
``.. end of NAME``. The page of each server is written as a whole. A test fails while what is there
is not what the code says.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest_djworkers
from pytest_djworkers.backends.protocol import Backend, LaunchPlan, workers_of
from pytest_djworkers.backends.registry import BACKENDS, how_to_install
from pytest_djworkers.backends.spec import settings_of
from pytest_djworkers.legend import Sign
from pytest_djworkers.options import (
    BY_NAME,
    INI_SWITCHES,
    MARKERS,
    OPTIONS,
    SWITCHES,
    Option,
    destination_of,
)

FOLDER = Path(__file__).with_name("reference")
_SERVERS = FOLDER / "servers"
_PACKAGE = Path(pytest_djworkers.__file__).parent
_REGION = re.compile(
    r"^(\.\. generated (?P<name>\w+)(?:: (?P<arguments>[^\n]*))?)\n.*?^\.\. end of (?P=name)$",
    re.MULTILINE | re.DOTALL,
)
_CODE = re.compile(r"--[a-z][a-z0-9-]*(?:=[a-z]+)?|https?://[A-Z:]+")
"""The flags and addresses in a help text."""
_NAMES = ("--", "wrk")
"""The beginnings of texts that no capital letter begins."""


def pages() -> dict[Path, str]:
    """Return the text of each page that is written, or has a list that is written."""
    texts = {file: with_lists(file.read_text()) for file in _pages_with_lists()}
    return texts | {_SERVERS / f"{name}.rst": server_page(one) for name, one in BACKENDS.items()}


def with_lists(page: str) -> str:
    """Return a page with its lists as the code has them.

    Raises KeyError for a list or an option of an unknown name.
    """
    named = {
        name for region in _REGION.finditer(page) for name in (region["arguments"] or "").split()
    }

    def region(match: re.Match[str]) -> str:
        lines = "\n".join(_LISTS[match["name"]]((match["arguments"] or "").split(), named))
        return f"{match[1]}\n\n{lines.strip()}\n\n.. end of {match['name']}"

    return _REGION.sub(region, page)


def server_page(backend: Backend) -> str:
    """Return the page of a server, from the facts that ``--djworkers-list`` prints."""
    return "\n".join(_server_lines(backend)) + "\n"


def _pages_with_lists() -> Iterator[Path]:
    return (file for file in sorted(FOLDER.rglob("*.rst")) if _REGION.search(file.read_text()))


def _options(arguments: list[str], named: set[str]) -> Iterator[str]:
    """Yield the options with these names, or those that no list of the page names."""
    rest = (option for option in OPTIONS if (option.name or "djworkers") not in named)
    chosen = (BY_NAME["" if name == "djworkers" else name] for name in arguments)
    for option in chosen if arguments else rest:
        yield from (_option_head(option), f"   {_sentence(option.help)}", "")


def _option_head(option: Option) -> str:
    flag = f"``{option.flag}={option.metavar}``"
    ini = f"``{option.ini}``"
    if option.ini_only:
        return f"{ini} (in a configuration file only)"
    return f"{flag} (a flag only)" if option.flag_only else f"{flag}, {ini}"


def _switches(_arguments: list[str], _named: set[str]) -> Iterator[str]:
    for flag, text in SWITCHES.items():
        twin = f", ``{destination_of(flag)} = true``" if flag in INI_SWITCHES else " (a flag only)"
        yield f"``{flag}``{twin}"
        yield from (f"   {_sentence(text)}", "")


def _markers(_arguments: list[str], _named: set[str]) -> Iterator[str]:
    for marker in MARKERS:
        signature, _, text = marker.partition("): ")
        yield from (f"``@pytest.mark.{signature})``", f"   {_sentence(text)}", "")


def _signs(_arguments: list[str], _named: set[str]) -> Iterator[str]:
    for sign in Sign:
        yield from (
            f"``{sign.shown}``",
            f"   {_sentence(sign.meaning)} {_sentence(sign.to_do)}",
            "",
        )


def _servers(_arguments: list[str], _named: set[str]) -> Iterator[str]:
    yield from (".. list-table::", "   :header-rows: 1", "")
    yield from _row("server", "interface", "workers", "settings")
    for name, backend in BACKENDS.items():
        about = backend.about
        workers = "one per CPU" if about.max_workers is None else str(about.max_workers)
        settings = ", ".join(f"``{setting}``" for setting in settings_of(backend))
        yield from _row(f"`{name} <{name}.rst>`__", about.interface, workers, settings)


def _row(*cells: str) -> Iterable[str]:
    return (f"   {'  -' if number else '* -'} {cell}" for number, cell in enumerate(cells))


def _server_lines(backend: Backend) -> Iterator[str]:
    about = backend.about
    yield from (f".. Written by docs/{Path(__file__).name}: make reference", "")
    yield from (about.name, "=" * len(about.name), "")
    yield from (f"Serves {about.interface}. Install it with:", "")
    yield from (".. code-block:: console", "", f"   $ {how_to_install(backend)}", "")
    yield from ("In a burst", "----------", "")
    yield from (f"- {literal(text)}" for text in about.notes)
    yield from ("", f"Raised for a burst: {literal(about.raised_limits)}.", "")
    yield from (_ways(backend), "")
    if about.max_workers == 1:
        yield from ("It is a single process, whatever ``--djworkers-workers`` says.", "")
    yield from ("Settings", "--------", "")
    for setting, its in settings_of(backend).items():
        yield from (f"``{about.name}:{setting}=``", f"   {literal(its.help)}.", "")
    yield from ("Command", "-------", "", "For 2000 connections and, where it can, 2 workers:", "")
    plan = LaunchPlan("127.0.0.1", 8000, workers_of(backend, 2), 2000)
    yield from (".. code-block:: text", "", f"   {_command(backend, plan)}")


def _ways(backend: Backend) -> str:
    """Return a line on TLS and Unix sockets."""
    about = backend.about
    ways = (
        ("TLS", "--djworkers-tls", about.tls),
        ("Unix sockets", "--djworkers-unix-socket", about.unix_socket),
    )
    return " ".join(f"{way} (``{flag}``): {'yes' if has else 'no'}." for way, flag, has in ways)


def _command(backend: Backend, plan: LaunchPlan) -> str:
    """Return a server's command line, with files of the package by their names alone."""
    command = shlex.join(backend.command("python", plan))
    return re.sub(rf"{re.escape(str(_PACKAGE))}/(\w+/)*", "", command)


def _sentence(text: str) -> str:
    """Return a help text as a sentence."""
    is_name = text.startswith(_NAMES)
    return literal(text if is_name else text[0].upper() + text[1:]).rstrip(".") + "."


def literal(text: str) -> str:
    """Return the text with flags and addresses marked as code, and asterisks as they are."""
    return _CODE.sub(r"``\g<0>``", text.replace("*", r"\*"))


_LISTS: dict[str, Callable[[list[str], set[str]], Iterator[str]]] = {
    "options": _options,
    "switches": _switches,
    "markers": _markers,
    "signs": _signs,
    "servers": _servers,
}


def main() -> None:
    """Write the pages."""
    _SERVERS.mkdir(exist_ok=True)
    for file, text in pages().items():
        file.write_text(text)


if __name__ == "__main__":
    main()
