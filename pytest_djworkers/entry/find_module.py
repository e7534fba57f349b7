"""Where a module is, without importing it or the packages that it is in."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path


def spec_of(name: str) -> ModuleSpec | None:
    """What the process would import by that name; None where there is nothing."""
    path: Sequence[str] | None = None
    spec = None
    parts = name.split(".")
    for number in range(1, len(parts) + 1):
        one = ".".join(parts[:number])
        spec = getattr(sys.modules.get(one), "__spec__", None) or _found(one, path)
        if spec is None:
            return None
        path = spec.submodule_search_locations
        if path is None and number < len(parts):
            return None
    return spec


def folder_of(spec: ModuleSpec) -> Path | None:
    """The folder that a module's file is in, or that holds a package's folder."""
    if spec.origin is None or not spec.has_location:
        return None
    file = Path(spec.origin)
    return file.parent.parent if spec.submodule_search_locations is not None else file.parent


def binds(spec: ModuleSpec, name: str) -> bool:
    """Whether a module's source gives a name a value, as far as that can be told by reading."""
    if spec.origin is None or not spec.origin.endswith(".py"):
        return True
    try:
        tree = ast.parse(Path(spec.origin).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True  # importing it will tell
    return any(_binds(node, name) for node in ast.walk(tree))


def _binds(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=found, ctx=ast.Store()):
            return found == name
        case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found):
            return found == name
        case ast.ClassDef(name=found):
            return found == name
        case ast.alias(name=found, asname=renamed):
            return (renamed or found) in {name, "*"}
    return False


def _found(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find and find(name, path, None)
        if spec is not None:
            return spec
    return None
