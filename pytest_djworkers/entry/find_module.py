"""Finds a module without importing it, or the packages that it is in."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path


def spec_of(name: str) -> ModuleSpec | None:
    """Return the spec of the module that would be imported by a name; None if there is none."""
    # importlib.util.find_spec imports the packages above a module.
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
    """Return the folder that contains a module's file, or a package's folder."""
    if spec.origin is None or not spec.has_location:
        return None
    file = Path(spec.origin)
    return file.parent.parent if spec.submodule_search_locations is not None else file.parent


def binds(spec: ModuleSpec, name: str) -> bool:
    """Return True if a module's source assigns or imports a name, or if that can't be told."""
    if spec.origin is None or not spec.origin.endswith(".py"):
        return True
    try:
        tree = ast.parse(Path(spec.origin).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True  # the import will show it
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
