"""An unexpected response is answered with what to do about it."""

from __future__ import annotations

import pytest

from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.server.response_advice import advice_on

HTTPS = "The site redirects HTTP to HTTPS"


@pytest.mark.parametrize(
    ("path", "location", "is_https"),
    [
        ("/json", "https://127.0.0.1:8000/json", True),
        ("/json?a=1", "https://shop.example/json?a=1", True),
        ("/", "https://shop.example", True),
        ("/json", "http://shop.example/json", False),
        ("/json", "/json/", False),
        ("/json", "https://login.example/authorize?next=/json", False),
        ("/json", "https://[::1/json", False),
    ],
)
def test_a_redirect_to_the_same_path_in_https_has_the_setting(
    path: str, location: str, is_https: bool
) -> None:
    assert advice_on(SentRequest(path), 301, location=location).startswith(HTTPS) is is_https


def test_over_tls_it_leads_to_another_host() -> None:
    said = advice_on(SentRequest("/json"), 301, location="https://www.shop/json", is_tls=True)
    assert said.startswith("Use the path that it leads to")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_another_redirect_can_be_expected(status: int) -> None:
    assert advice_on(SentRequest("/a"), status, location="/b").endswith(
        f"expect the redirect: expect={status}"
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "ALLOWED_HOSTS"),
        (401, 'Log in: burst(..., user="NAME"), a user whom djworkers_seed makes, or send a token'),
        (403, "or expect this status: expect=403"),
        (404, "djworkers_seed"),
        (405, "method="),
        (429, "turn that off"),
    ],
)
def test_a_status_has_its_advice(status: int, said: str) -> None:
    assert said in advice_on(SentRequest("/"), status)


@pytest.mark.parametrize("as_user", [False, True])
def test_a_websocket_can_expect_no_other_status(as_user: bool) -> None:
    said = advice_on(SentRequest("/ws", websocket="text", as_user=as_user), 403)
    assert "expect=" not in said
    assert "or an Origin header" in said


def test_a_missing_csrf_token_is_known_by_what_page_or_log_say() -> None:
    assert "X-CSRFToken" in advice_on(
        SentRequest("/"), 403, said="Forbidden (CSRF cookie not set.): /"
    )


@pytest.mark.parametrize("status", [200, 418, 500, 999])
def test_nothing_is_made_up_for_other_statuses(status: int) -> None:
    assert advice_on(SentRequest("/"), status, said="csrf") == ""


@pytest.mark.parametrize(
    ("location", "is_login"),
    [
        ("/accounts/login/?next=/me", True),
        ("https://sso.example/Sign-In", True),
        ("/welcome?next=", True),
        ("/users/sign_in", True),
        ("/userlogin", True),
        ("/oauth2/start", True),
        ("/me/", False),
        # Words with those of a login inside, and the pages that forms lead to.
        ("/lessons/3/", False),
        ("/designing/", False),
        ("/blogindex/", False),
        ("/accounts/5/", False),
        ("http://[::1/login", False),
    ],
)
def test_a_redirect_to_a_login_asks_for_a_user(location: str, is_login: bool) -> None:
    said = advice_on(SentRequest("/me"), 302, location=location)
    assert said.startswith('Log in: burst(..., user="NAME")') is is_login
    assert said.endswith("expect the redirect: expect=302")


def test_users_of_another_server_log_in_by_hand() -> None:
    said = advice_on(SentRequest("/me"), 303, location="/login", is_ours=False)
    assert said.startswith("Log in: send the session with cookies=, or a token with headers=")


@pytest.mark.parametrize(("status", "location"), [(302, "/login?next=/me"), (403, "")])
def test_a_user_who_is_logged_in_needs_rights(status: int, location: str) -> None:
    said = advice_on(SentRequest("/me", as_user=True), status, location=location)
    assert said.startswith("The user is logged in, and may not see this page: give the user the")
