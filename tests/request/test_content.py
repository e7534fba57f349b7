"""Forms and files as bodies: what a server reads of them, and what is refused."""

from __future__ import annotations

import email
from email import policy
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.request.build import make_request
from pytest_djworkers.request.content import Content, form_content

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def parts_of(content: Content) -> list[tuple[str, str | None, str, bytes]]:
    """Return the name, the file name, the type and the value of each part, read by email's code."""
    head = f"Content-Type: {content.type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + content.body, policy=policy.HTTP)
    assert not message.defects
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename(),
            part.get_content_type(),
            bytes(part.get_payload(decode=True) or b""),
        )
        for part in message.iter_parts()
    ]


def test_a_form_is_posted_urlencoded() -> None:
    request = make_request("/", form={"name": "Zoë & co", "tags": ["a", "b"], "n": 5, "none": []})
    assert request == SentRequest(
        "/",
        "POST",
        (("Content-Type", "application/x-www-form-urlencoded"),),
        b"name=Zo%C3%AB+%26+co&tags=a&tags=b&n=5",
    )


def test_a_method_and_a_content_type_of_ones_own_stay() -> None:
    request = make_request("/", "put", form={"a": "b"}, headers={"content-type": "x/y"})
    assert (request.method, request.headers) == ("PUT", (("content-type", "x/y"),))


def test_files_are_sent_with_the_fields_of_the_form(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n--pytest-djworkers-boundary\r\n")
    with picture.open("rb") as opened:
        content = form_content(
            {"title": "Zoë"},
            {
                "avatar": picture,
                "again": [str(picture), opened],
                "bytes": ("a.unknown", b"\r\n\r\n"),
                "typed": ("b", b"", "text/x-own"),
                "unnamed": BytesIO(b"io"),
            },
        )
    data = picture.read_bytes()
    assert parts_of(content) == [
        ("title", None, "text/plain", "Zoë".encode()),
        ("avatar", "picture.png", "image/png", data),
        ("again", "picture.png", "image/png", data),
        ("again", "picture.png", "image/png", data),
        ("bytes", "a.unknown", "application/octet-stream", b"\r\n\r\n"),
        ("typed", "b", "text/x-own", b""),
        ("unnamed", "unnamed", "application/octet-stream", b"io"),
    ]
    # The boundary is none of a picture's lines.
    assert content.type.removeprefix("multipart/form-data; boundary=").encode() not in data


def test_the_same_form_has_the_same_bytes() -> None:
    first, second = (form_content({"a": 1}, {"f": ("f", b"x")}) for _ in range(2))
    assert (first.body, first.type) == (second.body, second.type)


@given(st.dictionaries(TEXTS, TEXTS, max_size=3), TEXTS, TEXTS)
def test_a_field_is_added_to_any_form(form: dict[str, str], name: str, value: str) -> None:
    urlencoded = form_content(form, None).with_field("token", "t0")
    assert parse_qsl(urlencoded.body.decode(), keep_blank_values=True) == [
        ("token", "t0"),
        *form.items(),
    ]
    multipart = form_content(form, {name: ("file", value.encode())}).with_field("token", "t0")
    values = [value for _, _, _, value in parts_of(multipart)]
    assert values == [b"t0", *(one.encode() for one in form.values()), value.encode()]


def test_a_name_cannot_end_its_line() -> None:
    content = form_content({}, {'a"\r\nX: y': ('b"\n.txt', b"")})
    assert b'name="a%22%0D%0AX: y"; filename="b%22%0A.txt"\r\n' in content.body


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"form": "a=b"}, "form= is str, not a mapping of names to values (text that is encoded"),
        ({"form": {1: "a"}}, "form=: 1 is not the name of a field"),
        ({"form": {"a": None}}, "form=: the value of a is None: leave the field out"),
        ({"form": {"a": BytesIO()}}, "form=: a is a file: give it with files="),
        ({"form": {"a": {"b": 1}}}, "form=: the value of a is dict, not text or a number"),
        ({"form": {"a": "\ud800"}}, "the value of a has a character that can't be encoded"),
        ({"form": {"\ud800": ""}}, "form= has a character that can't be encoded"),
        ({"form": {}, "json": 1}, "json= and form= can't be combined"),
        ({"form": {}, "files": {}, "body": ""}, "body= and form= and files= can't be combined"),
        ({"files": {}, "json": 1}, "json= and files= can't be combined"),
        ({"form": {}, "method": "GET"}, "form= is sent in the body, and a GET has none: the"),
        ({"files": {}, "method": "HEAD"}, "files= is sent in the body, and a HEAD has none"),
        ({"files": [b"a"]}, "files= is list, not a mapping of names to files: a path, (filename,"),
        ({"files": {1: ("a", b"")}}, "files=: 1 is not the name of a field"),
        ({"files": {"f": b"abc"}}, "files=: f is bytes, not a path, (filename, bytes), (filename"),
        ({"files": {"f": ("a",)}}, "files=: f is tuple, not a path"),
        ({"files": {"f": ("a/b", b"")}}, "files=: f has no file name that can be sent: 'a/b'"),
        ({"files": {"f": ("\ud800", b"")}}, "the file name of f has a character that can't be"),
        ({"files": {"f": ("a", "text")}}, "files=: f has str, not bytes: open it with 'rb'"),
        ({"files": {"f": StringIO("a")}}, "files=: f has str, not bytes: open it with 'rb'"),
        ({"files": {"f": ("a", b"", "x\r\ny")}}, "files=: f has no content type that can be sent"),
        ({"files": {"f": "no/such.png"}}, "no/such.png (No such file or directory)"),
        ({"files": {"f": "/"}}, "files=: f can't be read: / (Is a directory)"),
    ],
)
def test_what_cannot_be_sent_is_an_error_that_says_why(
    arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(BurstArgumentError) as refusal:
        make_request("/", **arguments)
    assert said in str(refusal.value)


def test_files_of_more_than_100_mib_are_refused_before_they_are_read(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(100 * 2**20)
    assert len(make_request("/", files={"f": large}).body) > 100 * 2**20
    said = r"files=: g has 3B beside 105MB of other files, and a request has 100 MiB \(105MB\)"
    with pytest.raises(BurstArgumentError, match=said):
        make_request("/", files={"f": large, "g": ("g", b"abc")})
    with large.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(BurstArgumentError, match=r"files=: f has 8\.59GB, and a request has"):
        make_request("/", files={"f": large})
