"""Files that only the user can read: what is in them is nobody else's business."""

from __future__ import annotations

import os
from pathlib import Path


def write_privately(file: Path, data: bytes) -> None:
    """Write a file anew, so that nobody else can read it from its first byte on."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(data)
