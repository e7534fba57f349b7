"""Settings that tests have changed, on top of those of the server's settings module."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_djworkers.entry.changed_settings import ChangedSettings
from pytest_djworkers.entry.typed_json import digest

CHANGES = ChangedSettings(
    module="site.settings",
    overridden={"BOTH": "test's", "OVERRIDDEN": (1, {"a": Path("b")})},
    deleted=("GONE",),
    changed={"CHANGED": 2, "SAME": 2},
    added={"NEW": {1}},
    digests={"CHANGED": digest(1), "SAME": digest(1), "ODD": None, "BOTH": digest("module's")},
)


def test_changes_are_the_same_after_json() -> None:
    assert ChangedSettings.from_json(json.loads(json.dumps(CHANGES.to_json()))) == CHANGES


def test_all_changes_are_made_to_the_tests_own_module() -> None:
    wanted = {"CHANGED": 2, "SAME": 2, "BOTH": "test's", "OVERRIDDEN": (1, {"a": Path("b")})}
    assert CHANGES.to_apply("site.settings", {"CHANGED": 1, "SAME": 7}) == wanted


def test_settings_for_the_served_site_keep_what_they_say_themselves() -> None:
    values = {"CHANGED": "for load", "SAME": 1, "BOTH": "for load"}
    made = CHANGES.to_apply("site.settings_load", values)
    assert made == {"SAME": 2, "BOTH": "test's", "OVERRIDDEN": (1, {"a": Path("b")})}


def test_settings_that_differ_in_the_server_are_named() -> None:
    here = {"CACHES": "dummy", "ODD": object(), "FINE": [1], "ONLY_HERE": 1, "SECRET_KEY": "x"}
    changes = ChangedSettings("s", digests={name: digest(value) for name, value in here.items()})
    there = {"CACHES": "redis", "ODD": 1, "FINE": [1], "ONLY_THERE": 1, "SECRET_KEY": "y"}
    there |= {"DEBUG": True}
    assert changes.differing("s", there) == {
        "CACHES": digest("redis"),
        "ONLY_HERE": None,
        "ONLY_THERE": digest(1),
    }
    assert changes.differing("s", {**here, "ODD": object()}) == {}
    assert changes.differing("for_load", there) == {}
