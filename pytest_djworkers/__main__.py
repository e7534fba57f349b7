"""``python -m pytest_djworkers``: the same as the command ``djworkers``."""

from __future__ import annotations

import sys

from pytest_djworkers.cli import main

if __name__ == "__main__":
    sys.exit(main())
