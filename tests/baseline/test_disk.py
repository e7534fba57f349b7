"""Disks that are full and trees that are read-only, for real: a line, and nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.stored_baselines import store

ROOT = Path(__file__).parents[2]

TRY = """
import json
import os
import sys
from pathlib import Path

from pytest_djworkers.baseline.imported import save_imported
from pytest_djworkers.baseline.store import load
from pytest_djworkers.errors import BaselineError
from tests.support.stored_baselines import MACHINE, RUNS, store


def files():
    return {str(file): file.read_text() for file in Path().rglob("*.json*")}


def everything():
    return sorted(str(one) for one in Path().rglob("*"))


def fill():
    "Take all there is, down to the last byte."
    with open("filler", "wb", buffering=0) as filler:
        for size in (65536, 4096, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                pass


def become_nobody():
    "Permissions don't bind root."
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def refused(call, *arguments):
    try:
        call(Path(), *arguments)
    except BaselineError as error:
        return str(error)
    return "done"


BEFORE
was, were = files(), everything()
said = [
    refused(store),
    refused(store, "fresh"),
    refused(save_imported, "default", "notes.md", RUNS),
    refused(load, "default", MACHINE),
]
print(json.dumps({"said": said, "same": files() == was, "left": everything() == were,
                   "held": len(was)}))
"""

UNSHARE = ("unshare", "--map-root-user", "--mount")
"""A namespace of its own: what is mounted in it is gone with it."""


@pytest.fixture
def can_mount() -> None:
    """Skips where nothing may be mounted, not even in a namespace of our own."""
    try:
        tried = subprocess.run(
            [*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
        )
    except OSError:
        pytest.skip("needs unshare")
    if tried.returncode:
        pytest.skip("needs a mount in a namespace of its own")


def outcome(folder: Path, before: str, *prefix: str) -> dict[str, Any]:
    """The results of trying to save and to load in a folder, and its content afterwards."""
    found = subprocess.run(
        [*prefix, sys.executable, "-c", TRY.replace("BEFORE", before)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 0, found.stderr
    said: dict[str, Any] = json.loads(found.stdout)
    return said


def expected(why: str) -> dict[str, Any]:
    """A line for each try, nothing changed, and nothing left beside it."""
    return {
        "said": [
            *(
                f"baseline .djworkers/{name} can't be written: {why}; nothing was changed"
                for name in ("default", "fresh", "default")
            ),
            "done",
        ],
        "same": True,
        "left": True,
        "held": 1,
    }


@pytest.mark.usefixtures("can_mount")
@pytest.mark.parametrize(
    ("then", "why"),
    [
        ("fill()", "No space left on device"),
        ("os.system('mount -o remount,ro .')", "Read-only file system"),
    ],
)
def test_a_disk_that_takes_no_more(tmp_path: Path, then: str, why: str) -> None:
    mount = ("sh", "-c", 'mount -t tmpfs -o size=256k none . && cd "$PWD" && exec "$@"', "sh")
    before = f"store(Path())\n{then}"
    assert outcome(tmp_path, before, *UNSHARE, *mount) == expected(why)


def test_a_tree_that_may_not_be_written(tmp_path: Path) -> None:
    store(tmp_path)
    folders = [folder for folder in (tmp_path, *tmp_path.rglob("*")) if folder.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert outcome(tmp_path, "become_nobody()") == expected("Permission denied")
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path) -> None:
    file = store(tmp_path)
    tmp_path.chmod(0o755)
    file.parent.chmod(0)
    try:
        found = outcome(tmp_path, "become_nobody()")
    finally:
        file.parent.chmod(0o755)
    denied = "Permission denied"
    assert found["said"][0] == expected(denied)["said"][0]
    assert found["said"][3] == (f"baseline .djworkers/default/{file.name} can't be read: {denied}")
