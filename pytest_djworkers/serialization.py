"""Our dataclasses as JSON's simple types, and back: for files, reports and processes.

msgspec does the work: it reads each field's annotation, takes no ``"5"`` and no ``true`` for a
number, and knows the JSON Schema of a type. cattrs was tried too: it takes both, has no schema,
and imports in 28 ms of CPU time instead of 9.
"""

from __future__ import annotations

import re
from array import array
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_MESSAGE = re.compile(r"(?P<problem>.*?)(?: - at `(?P<place>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<key>.*)`")
_WRONG_TYPE = re.compile(r"Expected `(?P<types>.*)`, got `.*`")
_OUT_OF_BOUNDS = re.compile(r"Expected `(?P<type>.*)` (?P<sign>>=|<=|>|<) (?P<bound>.*)")
_LENGTH = re.compile(r"Expected `array` of length (?P<length>.*?)(?:, got .*)?")
_ANY_KEY = "[...]"
_TYPES = {
    "object": "a JSON object",
    "array": "a list",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}


def to_simple(value: Any) -> Any:
    """Return a dataclass, and all in it, as the simple types that JSON has.

    Tuples stay tuples, which JSON and pytest-xdist write as lists and tuples; bytes become
    base64, keys text.
    """
    return msgspec.to_builtins(value, str_keys=True, enc_hook=_simple)


def to_line(value: Any) -> bytearray:
    """Return what ``to_simple`` gives as one line of JSON, for another process.

    A body of 100 MB is in it once, and not in several copies on the way.
    """
    line = bytearray()
    msgspec.json.Encoder(enc_hook=_simple).encode_into(value, line)
    line += b"\n"
    return line


def _simple(value: Any) -> Any:
    """Return a value of a class that derives from str as plain text, and an array as a list."""
    if isinstance(value, array):
        return value.tolist()
    # A backend's option may be a File, which is text that knows its absolute path.
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def from_simple(data: Any, type_: type[T]) -> T:
    """Return the value that ``to_simple`` was given. Raises ValueError, in words, for other data.

    Keys that the type has no field for are ignored, so that a later version may add some.
    """
    try:
        return msgspec.convert(data, type_, str_keys=True, dec_hook=_array)
    except msgspec.ValidationError as error:
        raise ValueError(_in_words(str(error))) from None


def _array(type_: Any, data: Any) -> array[int]:
    """Return the array that was written as a list of whole numbers."""
    assert type_ is array, type_
    try:
        return array("q", data)
    except (OverflowError, TypeError):
        raise ValueError("must be a list of whole numbers") from None


def _in_words(message: str) -> str:
    """Return what msgspec says in the words of someone who has the file before them.

    Its own words are kept where they are not known, as those of a later version may be.
    """
    match = _MESSAGE.fullmatch(message)
    assert match is not None
    problem = match["problem"]
    # "$" is the whole; ".name" and "[0]" lead down.
    place = (match["place"] or "$").removeprefix("$").removeprefix(".")
    if missing := _MISSING.fullmatch(problem):
        return f"missing key '{missing['key']}'{f' in {place}' if place else ''}"
    return f"{_subject(place)} {_demand(problem)}"


def _subject(place: str) -> str:
    """Return the value at a place: ``"ok" in sessions[0].windows[0]``."""
    if not place:
        return "it"
    if place.endswith(_ANY_KEY):  # msgspec doesn't say which
        return f"a value in {place.removesuffix(_ANY_KEY)}"
    above, _, key = place.rpartition(".")
    shown = key if key.endswith("]") else f'"{key}"'
    return f"{shown} in {above}" if above else shown


def _demand(problem: str) -> str:
    """Return what a value must be, of msgspec's words for what it is not."""
    if wrong := _WRONG_TYPE.fullmatch(problem):
        types = wrong["types"].split(" | ")
        return f"must be {' or '.join(_TYPES.get(one, one) for one in types)}"
    if length := _LENGTH.fullmatch(problem):
        empty = length["length"] == ">= 1"
        return "must not be empty" if empty else f"must have {length['length']} entries"
    if outside := _OUT_OF_BOUNDS.fullmatch(problem):
        if outside["sign"].startswith("<"):
            return "is too large"
        least = f"{float(outside['bound']):g}"
        return f"must be {f'above {least}' if outside['sign'] == '>' else f'{least} or more'}"
    if problem == "Number out of range":
        return "is too large"
    return f"is wrong: {problem}"
