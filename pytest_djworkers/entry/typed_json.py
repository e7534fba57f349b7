"""Encodes plain Python data as JSON that keeps the types: tuples stay tuples, and paths paths."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePath
from typing import Any

_TAG = "is"
"""The key of the type in an encoded value. (A dict of the user's is encoded as a list of pairs.)"""


class NotPlainError(Exception):
    """Raised for a value that is not plain data; the message is its type."""


_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    tuple: ("tuple", lambda value: [encoded(one) for one in value]),
    set: ("set", lambda value: _in_order(value)),
    frozenset: ("frozenset", lambda value: _in_order(value)),
    dict: ("dict", lambda value: _pairs(value)),
    OrderedDict: ("dict", lambda value: _pairs(value)),
    bytes: ("bytes", bytes.hex),
    float: ("float", repr),
    Decimal: ("decimal", str),
    dt.timedelta: (
        "timedelta",
        lambda value: [value.days, value.seconds, value.microseconds],
    ),
    dt.datetime: ("datetime", lambda value: [value.isoformat(), value.fold]),
    dt.date: ("date", dt.date.isoformat),
    dt.time: ("time", lambda value: [value.isoformat(), value.fold]),
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "tuple": lambda data: tuple(decoded(one) for one in data),
    "set": lambda data: {decoded(one) for one in data},
    "frozenset": lambda data: frozenset(decoded(one) for one in data),
    "dict": lambda data: {decoded(key): decoded(one) for key, one in data},
    "bytes": bytes.fromhex,
    "float": float,
    "decimal": Decimal,
    "timedelta": lambda data: dt.timedelta(*data),
    "datetime": lambda data: dt.datetime.fromisoformat(data[0]).replace(fold=data[1]),
    "date": dt.date.fromisoformat,
    "time": lambda data: dt.time.fromisoformat(data[0]).replace(fold=data[1]),
    "path": Path,
}


def encoded(value: Any) -> Any:
    """Return a value that ``json`` can write. Raises NotPlainError if it isn't plain data."""
    if value is None or type(value) in {bool, int, str}:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is list:
        return [encoded(one) for one in value]
    if isinstance(value, PurePath):
        return {_TAG: "path", "value": str(value)}
    if isinstance(value, str) and not isinstance(value, Enum):
        return str(value)  # a subclass of str, such as text that is marked as safe for HTML
    if (writer := _WRITERS.get(type(value))) is None:
        raise NotPlainError(f"{type(value).__module__}.{type(value).__qualname__}")
    name, write = writer
    return {_TAG: name, "value": write(value)}


def decoded(data: Any) -> Any:
    """Return the value that ``encoded`` gave this data for."""
    if isinstance(data, list):
        return [decoded(one) for one in data]
    if isinstance(data, dict):
        return _READERS[data[_TAG]](data["value"])
    return data


def digest(value: Any) -> str | None:
    """Return a digest that equal values share, in any process; None if it isn't plain data."""
    try:
        text = json.dumps(encoded(value))
    except (NotPlainError, RecursionError):
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def _pairs(values: dict[Any, Any]) -> list[Any]:
    return [[encoded(key), encoded(one)] for key, one in values.items()]


def _in_order(values: Any) -> list[Any]:
    return sorted((encoded(one) for one in values), key=json.dumps)
