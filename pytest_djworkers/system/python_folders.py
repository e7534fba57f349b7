"""Lists the folders of an interpreter's own modules: standard library and installed packages.

Run as a script, it prints the folders of the interpreter that runs it, one a line.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from functools import cache
from pathlib import Path

_ASKED_WITHIN_S = 10.0


def python_folders(python: str = sys.executable) -> tuple[str, ...]:
    """Return the folders of an interpreter's standard library and of its packages, in the order in
    which it searches them; none if it can't be run."""
    return _here() if python == sys.executable else _asked(python)


def _here() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    standard = {paths["stdlib"], paths["platstdlib"]}
    packages = {paths["purelib"], paths["platlib"], *site.getsitepackages()}
    if site.ENABLE_USER_SITE:
        packages.add(site.getusersitepackages())
    known = {
        *standard,
        *packages,
        *(str(Path(one) / "lib-dynload") for one in standard),
        *(str(Path(one).with_name(_ZIP)) for one in standard),
    }
    return tuple(one for one in sys.path if one in known)


_ZIP = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"


@cache
def _asked(python: str) -> tuple[str, ...]:
    # Not at the top: as a script, this file runs in an interpreter that may not have this package.
    from pytest_djworkers.system.run_command import run_command

    try:
        said = run_command([python, "-E", "-P", __file__], within_s=_ASKED_WITHIN_S)
    except OSError:
        return ()
    return () if said.returncode else tuple(said.stdout.splitlines())


if __name__ == "__main__":
    print("\n".join(python_folders()))
