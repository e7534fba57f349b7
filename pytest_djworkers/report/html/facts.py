"""The facts about a run at the end of the HTML report: machine, versions and servers."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_djworkers.report.document import Document
from pytest_djworkers.report.reasons import other_settings
from pytest_djworkers.report.session_facts import commit_of, machine_in_words, saved_at
from pytest_djworkers.units import format_share, format_size


def facts_of(document: Document) -> list[tuple[str, str]]:
    """Return the names of the facts and what they are."""
    return [(name, text) for name, text in _facts(document) if text]


def _facts(document: Document) -> Iterator[tuple[str, str]]:
    run = document.run
    yield "began", f"{saved_at(run.began)} UTC"
    yield "ended", f"{saved_at(run.ended)} UTC"
    yield "commit", commit_of(run.commit) if run.commit else ""
    yield "machine", machine_in_words(run.machine)
    for name, value in run.surroundings.items():
        yield _in_words(name, value)
    for name, version in run.versions.items():
        yield name, version
    yield from _servers(document)
    generators = {record.result.generator for record in document.records}
    yield "generator", ", ".join(sorted({f"{one.name} {one.version}" for one in generators}))
    for settings in other_settings(document.records):
        about, _, text = settings.partition(": ")
        yield about, text
    yield "tolerance", format_share(run.tolerance)
    yield "baseline", run.baseline


def _in_words(name: str, value: int | str) -> tuple[str, str]:
    if name == "memory_bytes" and isinstance(value, int):
        return "memory", format_size(value)
    return name, str(value)


def _servers(document: Document) -> Iterator[tuple[str, str]]:
    # Each burst has a server of its own; those of one backend differ in nothing that is shown.
    servers = {record.backend: record.result.server for record in document.records}
    for backend, server in servers.items():
        if server is not None:
            options = ", ".join(f"{key} {value}" for key, value in server.options.items())
            known = ("version " + server.version, f"{server.workers} workers", options)
            yield backend, ", ".join(filter(None, known))
