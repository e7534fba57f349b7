"""Requests that get the sessions of users and CSRF tokens, once Django has made them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Order, Part, SentRequest
from pytest_djworkers.request.build import make_draft
from pytest_djworkers.request.login import Login, completed, login_of, with_room_for
from pytest_djworkers.users.credentials import Credentials, CsrfToken
from pytest_djworkers.users.made import MadeLogin
from pytest_djworkers.users.wanted import GivenUsers, WantedUsers

ALICE = GivenUsers("alice").wanted(1)
TOKEN = CsrfToken(("X-CSRFToken", "masked"), ("csrfmiddlewaretoken", "masked"), ("csrf", "secret"))
ONE = Credentials((("sessionid", "s0"),), TOKEN)


def complete(
    credentials: Credentials = ONE, users: WantedUsers | None = ALICE, **arguments: Any
) -> Part:
    """Return the part of these arguments, completed with the credentials that they need."""
    draft = make_draft("/", **arguments)
    login = login_of(draft.request, users, form_type=draft.form_type)
    part = with_room_for(users, Part("GET /", (draft.request,)))
    return completed(part, login, MadeLogin(csrf=login.csrf, credentials=credentials))


def only(part: Part) -> SentRequest:
    (request,) = part.requests
    return request


def test_a_user_adds_the_cookie_of_the_session() -> None:
    assert only(complete()) == SentRequest("/", headers=(("Cookie", "sessionid=s0"),), as_user=True)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_method_that_django_checks_gets_a_token(method: str) -> None:
    request = only(complete(method=method, json={}))
    assert request.headers == (
        ("Content-Type", "application/json"),
        ("X-CSRFToken", "masked"),
        ("Cookie", "csrf=secret; sessionid=s0"),
    )
    assert request.body == b"{}"
    assert ("Referer", "http://example.com/") in request.header_lines("example.com")


def test_a_form_gets_the_token_as_a_field_too() -> None:
    request = only(complete(form={"a": 1}))
    assert request.body == b"csrfmiddlewaretoken=masked&a=1"
    request = only(complete(files={"f": ("f", b"x")}))
    assert request.body.count(b'name="csrfmiddlewaretoken"\r\n\r\nmasked\r\n') == 1


def test_a_token_in_the_session_has_no_cookie() -> None:
    token = CsrfToken(TOKEN.header, TOKEN.field)
    request = only(complete(Credentials(ONE.cookies, token), users=None, form={}))
    assert request.headers[-2:] == (("X-CSRFToken", "masked"), ("Cookie", "sessionid=s0"))
    assert not request.as_user


def test_what_the_user_sends_stays() -> None:
    own = {"sessionid": "mine", "csrf": "own"}
    request = only(complete(method="POST", cookies=own, headers={"x-csrftoken": "own"}))
    assert request.headers == (("x-csrftoken", "own"), ("Cookie", "sessionid=mine; csrf=own"))
    request = only(complete(form={"csrfmiddlewaretoken": "own"}, cookies=own))
    assert request.body == b"csrfmiddlewaretoken=own"
    assert "Referer" not in dict(request.header_lines("example.com"))


@pytest.mark.parametrize(
    "arguments",
    [{}, {"method": "POST"}, {"method": "OPTIONS"}, {"method": "PUT", "body": "a"}, {"json": 1}],
    ids=str,
)
def test_a_request_without_user_and_form_needs_nothing(arguments: dict[str, Any]) -> None:
    draft = make_draft("/", **arguments)
    assert not login_of(draft.request, None, form_type=draft.form_type).is_needed


def test_a_site_that_checks_no_tokens_gets_none() -> None:
    request = only(complete(Credentials(ONE.cookies), form={"a": 1}))
    assert request.body == b"a=1"
    assert request.headers[-1] == ("Cookie", "sessionid=s0")


def test_each_user_has_a_request_and_all_share_the_body() -> None:
    three = GivenUsers(users=3).wanted(8)
    cookies = tuple(("sessionid", f"s{number}") for number in range(3))
    part = complete(Credentials(cookies, TOKEN), three, form={"a": 1})
    assert part.order is Order.CONNECTION
    sent = [dict(request.headers)["Cookie"] for request in part.requests]
    assert sent == [f"csrf=secret; sessionid=s{number}" for number in range(3)]
    assert len({id(request.body) for request in part.requests}) == 1


def test_one_user_sends_all_requests_of_a_part() -> None:
    part = Part("books", (SentRequest("/1"), SentRequest("/2")))
    done = completed(part, Login(ALICE), MadeLogin(credentials=ONE))
    assert [(one.path, one.headers) for one in done.requests] == [
        (path, (("Cookie", "sessionid=s0"),)) for path in ("/1", "/2")
    ]
    with pytest.raises(BurstArgumentError, match="books: users= can't be combined with requests"):
        with_room_for(GivenUsers(users=2).wanted(1), part)


def test_users_do_not_send_more_than_an_agent_holds() -> None:
    part = Part("picture", (SentRequest("/", "POST", body=bytes(2**20)),))
    assert with_room_for(GivenUsers(users=100).wanted(1), part).variants == 100
    said = r"picture: 101 users send 106MB together, and a burst holds 100 MiB \(105MB\) at most"
    with pytest.raises(BurstArgumentError, match=said):
        with_room_for(GivenUsers(users=101).wanted(1), part)


def test_a_page_that_a_proxy_has_got_by_https_is_the_origin() -> None:
    headers = {"X-Forwarded-Proto": "https", "Host": "shop.example"}
    request = only(complete(method="DELETE", headers=headers))
    assert ("Referer", "https://shop.example/") in request.header_lines("127.0.0.1:8000")


def test_no_secret_is_shown() -> None:
    part = complete(form={"a": 1})
    shown = f"{part} {MadeLogin(credentials=ONE)} {ONE} {TOKEN} {part.without_values()}"
    for secret in ("s0", "masked", "secret"):
        assert secret not in shown
