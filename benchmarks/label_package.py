"""Two versions of a small package, and an environment with each: the second version is slower."""

from __future__ import annotations

import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

from pytest_djworkers.system.run_command import run_command

VERSIONS = ("1.0", "1.1")
_INSTALLED_WITHIN_S = 120.0
_FAST = '''
def label_of(text):
    """Return a text as it is printed on a label."""
    return text.upper()
'''
_SLOW = '''
def label_of(text):
    """Return a text as it is printed on a label."""
    return "".join(_printed(one) for one in text * 40)[: len(text)]


def _printed(one):
    return one.upper() if one.isascii() else "?"
'''
_METADATA = "Metadata-Version: 2.1\nName: labels\nVersion: {version}\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def environments(folder: Path) -> tuple[str, ...]:
    """Make an environment for each version, the older one first; return their folders.

    Each has what the benchmark's own environment has, too.
    """
    made = []
    for version, code in zip(VERSIONS, (_FAST, _SLOW), strict=True):
        environment = folder / f"labels-{version}"
        venv.create(environment, symlinks=True)
        python = environment / "bin" / "python"
        packages = next(environment.glob("lib/python3*/site-packages"))
        (packages / "outer.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
        wheel = _wheel(folder, version, code)
        options = ("--quiet", "--no-index", "--no-deps", "--disable-pip-version-check")
        command = [sys.executable, "-m", "pip", "--python", str(python), "install", *options]
        run_command([*command, str(wheel)], within_s=_INSTALLED_WITHIN_S).check_returncode()
        made.append(str(environment))
    return tuple(made)


def _wheel(folder: Path, version: str, code: str) -> Path:
    """Write a wheel, for which no build tool is needed."""
    wheel = folder / f"labels-{version}-py3-none-any.whl"
    about = f"labels-{version}.dist-info"
    files = {
        "labels/__init__.py": code,
        f"{about}/METADATA": _METADATA.format(version=version),
        f"{about}/WHEEL": _WHEEL,
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    with ZipFile(wheel, "w") as archive:
        for name, text in (*files.items(), (f"{about}/RECORD", record)):
            archive.writestr(name, text)
    return wheel
