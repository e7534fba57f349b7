"""The end of the report: how to read it, and what was measured where, when and with what."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_details import details, noise_in_words
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.markdown.blocks import fenced, folded, heading, item
from pytest_djworkers.report.markdown.endpoints import endpoint
from pytest_djworkers.report.reasons import other_settings
from pytest_djworkers.report.session_facts import commit_of, machine_in_words, saved_at
from pytest_djworkers.units import counted, format_share, format_size


def section(document: Document) -> list[str]:
    """Return the lines of the section."""
    lines = [line for about, text in _facts(document) for line in item(text, about=about)]
    how = [line for record in document.records for line in _how_it_was_compared(record)]
    return [
        *heading("How it was measured"),
        *lines,
        "",
        *(folded("the windows and blocks of each comparison", how) if how else ()),
        *([""] if how else []),
        *folded("the command", fenced([shlex.join(document.run.command)])),
    ]


def _facts(document: Document) -> Iterator[tuple[str, str]]:
    run, records = document.run, document.records
    yield "commit", commit_of(run.commit) if run.commit else "none: not in a git repository"
    if compared := next((one.against_base for one in records if one.against_base), None):
        base, head = compared.labels
        arms = f"{'each server' if compared.of_backends else head} with {base}"
        yield "compared", f"{arms}, seed {compared.seed}, tolerance {format_share(run.tolerance)}"
        if compared.is_judged:
            yield "visible from", "the smallest change that a comparison could tell from none"
    yield "date", f"{saved_at(run.began)} UTC"
    yield "machine", _machine(document)
    for server in dict.fromkeys(map(_server, records)):
        if server:
            yield "server", server
    yield "versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())
    for settings in other_settings(records):
        about, _, text = settings.partition(": ")
        yield about, text
    if noise := noise_in_words(one.against_base for one in records if one.against_base):
        yield "noise", noise


def _machine(document: Document) -> str:
    around = document.run.surroundings
    memory = around.get("memory_bytes")
    parts = [
        machine_in_words(document.run.machine),
        f"{format_size(memory)} of memory" if isinstance(memory, int) else "",
        str(around.get("platform", "")),
    ]
    return ", ".join(filter(None, parts))


def _server(record: BurstRecord) -> str:
    server = record.result.server
    if server is None:
        return ""
    options = "".join(f", {key} {value}" for key, value in server.options.items())
    return f"{server.backend} {server.version}, {counted(server.workers, 'worker')}{options}"


def _how_it_was_compared(record: BurstRecord) -> list[str]:
    compared = record.against_base
    found = details(compared) if compared is not None else []
    about = f"{endpoint(record)}, {record.backend}"
    return item(*found, about=about) if found else []
