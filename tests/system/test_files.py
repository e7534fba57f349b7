"""Files for the user's eyes only."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_djworkers.system.files import write_private


def test_a_private_file_can_be_read_by_its_user_only(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("something longer, for everybody")
    file.chmod(0o666)
    before = os.umask(0)
    try:
        write_private(file, b"\0secret")
    finally:
        os.umask(before)
    assert file.read_bytes() == b"\0secret"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    other, file = tmp_path / "other", tmp_path / "file"
    other.write_text("theirs")
    file.symlink_to(other)
    write_private(file, b"secret")
    assert other.read_text() == "theirs"
    assert not file.is_symlink()
