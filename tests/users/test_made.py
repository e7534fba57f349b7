"""Sessions and tokens that Django has made, and what a Django site takes them for.

The tests inside are those of a site, in one run of pytest with its settings and its test database.
"""

from __future__ import annotations

from tests.support.site import CONFTEST, WITH_SESSIONS, Site

MORE_SETTINGS = """
INSTALLED_APPS.append("people")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "c"},
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "dummy": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
    "table": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cached"},
}
"""
PEOPLE = """
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.backends.db import SessionStore as Database
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import models


class Person(AbstractBaseUser):
    email = models.EmailField(unique=True)
    objects = BaseUserManager()
    USERNAME_FIELD = "email"


class Member(AbstractBaseUser):
    number = models.CharField(max_length=9, unique=True)
    objects = models.Manager()
    USERNAME_FIELD = "number"


class NoUsers:
    pass


class Own(ModelBackend):
    pass


class SessionStore(Database):
    pass


class OwnSessions(SessionMiddleware):
    pass
"""
INNER_URLS = """
from django.http import HttpResponse, JsonResponse
from django.urls import path


def me(request):
    backend = request.session.get("_auth_user_backend", "")
    return HttpResponse(f"{request.user.pk} {backend} {request.POST.get('a', '')}")


urlpatterns = [path("me", me)]
"""
INNER = """
import pytest
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.management import call_command
from django.test import Client
from django.utils.functional import SimpleLazyObject

from people.models import Member, Person
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.users.credentials import Credentials
from pytest_djworkers.users.find import find_users
from pytest_djworkers.users.make import make_credentials, repeat_sessions
from pytest_djworkers.users.wanted import GivenUsers

pytestmark = pytest.mark.django_db
MODEL = "django.contrib.auth.backends.ModelBackend"
SESSIONS = "django.contrib.sessions.backends."


@pytest.fixture
def alice():
    return User.objects.create_user("alice", password="x")


def found(connections=2, **given):
    return find_users(GivenUsers(**given).wanted(connections))


def seen(credentials, number=0, **form):
    client = Client(enforce_csrf_checks=True)
    token = credentials.csrf
    cookies = credentials.cookies[number : number + 1]
    for name, value in (*cookies, *((token.cookie,) if token and token.cookie else ())):
        client.cookies[name] = value
    if not form:
        return client.get("/me").content.decode()
    response = client.post("/me", dict([token.field], **form))
    assert response.status_code == 200
    # The header does without the field.
    headers = dict([token.header])
    assert client.post("/me", form, headers=headers).status_code == 200
    return response.content.decode()


@pytest.mark.parametrize(
    ("engine", "more"),
    [
        ("db", {}),
        ("cached_db", {}),
        ("cached_db", {"SESSION_CACHE_ALIAS": "memory"}),
        ("file", {}),
        ("cache", {}),
        ("cache", {"SESSION_CACHE_ALIAS": "table"}),
        ("signed_cookies", {"SESSION_COOKIE_NAME": "other", "SECRET_KEY": "another"}),
        (None, {"MIDDLEWARE_0": "people.models.OwnSessions"}),
    ],
    ids=str,
)
def test_engines(alice, settings, engine, more, tmp_path):
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.SESSION_ENGINE = "people.models" if engine is None else SESSIONS + engine
    call_command("createcachetable")
    for name, value in more.items():
        if name == "MIDDLEWARE_0":
            settings.MIDDLEWARE = [value, *settings.MIDDLEWARE[1:]]
        else:
            setattr(settings, name, value)
    made = make_credentials(found(user="alice"), csrf=True)
    assert made.cookies[0][0] == settings.SESSION_COOKIE_NAME
    assert made.are_in_cache == (engine == "cache")
    assert seen(made) == f"{alice.pk} {MODEL} "
    assert seen(made, a="b") == f"{alice.pk} {MODEL} b"


@pytest.mark.parametrize("in_session", [False, True])
def test_tokens(settings, in_session):
    settings.CSRF_USE_SESSIONS = in_session
    settings.CSRF_COOKIE_NAME = "own"
    settings.CSRF_HEADER_NAME = "HTTP_X_OWN_TOKEN"
    made = make_credentials((), csrf=True)
    assert made.csrf.header[0] == "X-Own-Token"
    assert bool(made.cookies) == in_session
    assert (made.csrf.cookie is None) == in_session
    assert seen(made, a="b") == "None  b"


def test_no_tokens(settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "Csrf" not in one]
    assert make_credentials((), csrf=True) == Credentials()


def test_objects_are_read_again(alice):
    old = User.objects.get()
    alice.delete()
    new = User.objects.create(pk=old.pk + 7, username="alice")
    (user,) = found(user=old)
    assert seen(make_credentials([user], csrf=False)) == f"{new.pk} {MODEL} "
    # A user who has another name now.
    User.objects.update(username="bob")
    assert found(user=User.objects.get()) == found(user="bob")


def test_functions(alice):
    lazy = SimpleLazyObject(lambda: alice)
    assert found(user=lazy) == found(user="alice")
    assert found(user=lambda: alice) == found(user=lambda: "alice") == found(user="alice")
    names = ["alice", "bob"]
    User.objects.create(username="bob")
    made = make_credentials(found(users=names.__getitem__), csrf=False)
    assert [seen(made, number).split()[0] for number in (0, 1)] == [
        str(User.objects.get(username=name).pk) for name in names
    ]

    async def get():
        return alice

    for function, said in [
        (get, "user= is an async function: use asgiref.sync.async_to_sync"),
        (lambda: 5, "user=: the function returns int, not the name of a user or a user object"),
    ]:
        with pytest.raises(BurstArgumentError, match=said):
            found(user=function)


def test_any_users(alice):
    User.objects.create(username="gone", is_active=False)
    bob = User.objects.create(username="bob")
    assert [user.key for user in found(users=2)] == [str(alice.pk), str(bob.pk)]
    with pytest.raises(BurstArgumentError) as refusal:
        found(users=3)
    assert str(refusal.value) == (
        "users=3: the test database has 2 active users. Users are made by the function that the"
        " fixture djworkers_seed returns"
    )


def test_unknown_users(alice):
    for given, said in [
        ({"user": "zora"}, "user=: no auth.User has this username. The test database has 1 user. "),
        ({"users": ["alice", "zora"]}, "users=: no auth.User has this username"),
        ({"user": User(pk=99, username="zora")}, "user=: this auth.User is not in the database"),
    ]:
        with pytest.raises(BurstArgumentError) as refusal:
            found(**given)
        assert said in str(refusal.value)
        assert "zora" not in str(refusal.value)


def test_backends(alice, settings):
    settings.AUTHENTICATION_BACKENDS = ["people.models.NoUsers", "people.models.Own", MODEL]
    assert seen(make_credentials(found(user="alice"), csrf=False)).split()[1] == "people.models.Own"
    alice.backend = MODEL
    assert seen(make_credentials(found(user=alice), csrf=False)).split()[1] == MODEL
    settings.AUTHENTICATION_BACKENDS = ["people.models.NoUsers"]
    with pytest.raises(BurstArgumentError, match="none of the site's AUTHENTICATION_BACKENDS has"):
        make_credentials(found(user="alice"), csrf=False)


def test_inactive(alice):
    User.objects.update(is_active=False)
    said = f"user=: {MODEL} does not take this auth.User, since it is not active"
    with pytest.raises(BurstArgumentError, match=said):
        make_credentials(found(user="alice"), csrf=False)


def test_custom_model(settings):
    settings.AUTH_USER_MODEL = "people.Person"
    person = Person.objects.create(email="ann@example.com")
    made = make_credentials(found(user="ann@example.com"), csrf=False)
    assert seen(made).split()[0] == str(person.pk)
    assert found(users=1) == found(user=person)


def test_manager_without_natural_keys(settings):
    settings.AUTH_USER_MODEL = "people.Member"
    member = Member.objects.create(number="7")
    made = make_credentials(found(user="7"), csrf=False)
    assert seen(made).split()[0] == str(member.pk)
    assert found(users=1) == found(user=member)
    with pytest.raises(BurstArgumentError, match="no people.Member has this number"):
        found(user="8")


def test_signals(alice):
    said = []
    def note(sender, request, user, **_):
        said.append((user.username, request.session.session_key))
    user_logged_in.connect(note)
    made = make_credentials(found(user="alice"), csrf=False)
    user_logged_in.disconnect(note)
    assert said == [("alice", made.cookies[0][1])]
    alice.refresh_from_db()
    assert alice.last_login


def without(settings, part):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if part not in one]


def uses_cache(settings, alias):
    settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS = SESSIONS + "cache", alias


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda settings: without(settings, "Session"), "MIDDLEWARE has no session middleware"),
        (lambda settings: without(settings, "Authe"), "has no authentication middleware"),
        (lambda settings: uses_cache(settings, "memory"), "the cache 'memory', a LocMemCache"),
        (lambda settings: uses_cache(settings, "dummy"), "the cache 'dummy', a DummyCache"),
        (
            lambda settings: settings.INSTALLED_APPS.remove("django.contrib.sessions"),
            "but INSTALLED_APPS has no django.contrib.sessions, so there is no table for sessions",
        ),
    ],
)
def test_unusable_sites(alice, settings, change, said):
    users = found(user="alice")
    settings.INSTALLED_APPS = list(settings.INSTALLED_APPS)
    change(settings)
    settings.INSTALLED_APPS = settings.INSTALLED_APPS
    with pytest.raises(BurstArgumentError) as refusal:
        make_credentials(users, csrf=False)
    assert said in str(refusal.value)


def test_tokens_in_unusable_sessions(settings):
    settings.CSRF_USE_SESSIONS = True
    uses_cache(settings, "memory")
    with pytest.raises(BurstArgumentError, match="^a CSRF token: sessions are kept in the cache"):
        make_credentials((), csrf=True)


def test_no_users_at_all(settings):
    settings.AUTH_USER_MODEL = "nowhere.User"
    with pytest.raises(BurstArgumentError, match="user=: the site has no users .AUTH_USER_MODEL"):
        found(user="alice")


def test_sessions_again(alice, settings):
    settings.CSRF_USE_SESSIONS = True
    users = found(user="alice")
    made = make_credentials(users, csrf=True)
    from django.contrib.sessions.models import Session

    Session.objects.all().delete()
    repeat_sessions(users, made)
    assert Session.objects.count() == 1
    assert seen(made, a="b") == f"{alice.pk} {MODEL} b"
    settings.SESSION_ENGINE = SESSIONS + "signed_cookies"
    made = make_credentials(users, csrf=True)
    with pytest.raises(BurstArgumentError, match="signed_cookies can't be made under a given key"):
        repeat_sessions(users, made)


def test_json(alice, settings):
    from dataclasses import asdict
    import json
    from pytest_djworkers.users.find import FoundUser

    users = found(user="alice")
    made = make_credentials(users, csrf=True)
    assert Credentials.from_json(json.loads(json.dumps(asdict(made)))) == made
    assert FoundUser.from_json(json.loads(json.dumps(asdict(users[0])))) == users[0]
"""


def test_what_django_makes_is_what_the_site_takes(site: Site) -> None:
    site.write("settings.py", WITH_SESSIONS + MORE_SETTINGS)
    site.write("people/__init__.py", "")
    site.write("people/models.py", PEOPLE)
    site.write("urls.py", INNER_URLS)
    site.write("conftest.py", CONFTEST)
    site.test(INNER)
    result = site.pytest("--nomigrations", "-q")
    assert result.ret == 0, result.outlines
    assert result.parseoutcomes()["passed"] == 29
