"""The functions in a source text, by the names that Python gives them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceFunction:
    """A function in a source text. Lines count from 1."""

    name: str
    """As ``__qualname__`` has it: ``Shop.get``, ``outer.<locals>.inner``."""
    first: int
    """Its first line: that of a decorator if it has some."""
    last: int
    body: str
    """Its arguments and its code as text, without its name, comments and places."""

    @property
    def lines(self) -> range:
        """All of its lines."""
        return range(self.first, self.last + 1)


def functions_in(source: str) -> tuple[SourceFunction, ...]:
    """Return the functions in a source text, each before those inside of it; none if it can't be
    read."""
    try:
        return tuple(_functions(ast.parse(source), ""))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # The latter two are of expressions that are nested too deeply.
        return ()


def _functions(parent: ast.AST, prefix: str) -> Iterator[SourceFunction]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}{node.name}"
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield SourceFunction(name, first, node.end_lineno or node.lineno, _body(node))
            yield from _functions(node, f"{name}.<locals>.")
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")
        else:
            yield from _functions(node, prefix)


def _body(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return "\n".join(ast.dump(one) for one in (node.args, *node.body))
