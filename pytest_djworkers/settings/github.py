"""The step of a GitHub Actions workflow that runs pytest: the places for its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.options import BY_NAME
from pytest_djworkers.report_format import GITHUB
from pytest_djworkers.settings.values import Value

_SUMMARY = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, slots=True)
class GitHubStep:
    """The places that GitHub gives to a step."""

    summary: Path
    """The file to add Markdown to, which GitHub shows on the page of the run."""
    workspace: Path | None
    """The folder of the checkout, which paths in annotations are relative to."""


def github_step(reports: Value, environment: Mapping[str, str]) -> GitHubStep | None:
    """Return the step to report to; None outside of GitHub Actions.

    Raises SettingsError if a flag asks for it there. (A configuration file may, since it is also
    read where people work.)
    """
    summary, workspace = environment.get(_SUMMARY), environment.get("GITHUB_WORKSPACE")
    if summary:
        return GitHubStep(Path(summary), Path(workspace) if workspace else None)
    if GITHUB in reports.parsed and reports.is_flag:
        raise SettingsError(
            f"{BY_NAME['report'].flag}={GITHUB}: this is no step of GitHub Actions, since"
            f" {_SUMMARY} is not set: name a file, such as load.md"
        )
    return None
