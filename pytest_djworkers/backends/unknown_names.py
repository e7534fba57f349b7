"""Names that no backend has: typing errors, families of backends, and other programs."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

_SIMILAR_FROM = 0.7
"""The similarity, from 0 to 1, from which a name may be a typing error: nginx is none of uwsgi."""
_PROXIES = ("apache", "caddy", "haproxy", "nginx", "traefik")
_GENERATORS = ("asyncio", "wrk")
_DJANGO = ("django", "manage", "manage.py", "dev", "devserver")


def explain_unknown(name: str, known: Collection[str]) -> str:
    """Return what to say about a name that is none of the known ones."""
    return f"unknown backend {name!r}{_hint(name, known)} (known: {', '.join(sorted(known))})"


def _hint(name: str, known: Collection[str]) -> str:
    plain = name.strip().lower().replace("_", "-").replace("+", "-")
    if plain in _DJANGO:
        return "; Django's own server is 'runserver'"
    if plain in _PROXIES:
        return (
            "; a proxy serves no site by itself: start both, and measure them with"
            " --djworkers-url=http://HOST:PORT"
        )
    if plain in _GENERATORS:
        return f"; it is a load generator: --djworkers-generator={plain}"
    nearest = _family(plain, known) or _closest(plain, known)
    # A part of a name may be misspelt, too.
    if not nearest and (parts := _closest(plain, {part for one in known for part in _parts(one)})):
        nearest = _family(parts[0], known)
    return f"; did you mean {_either(nearest)}?" if nearest else ""


def _family(name: str, known: Collection[str]) -> list[str]:
    """Return the backends with this part: "gunicorn" is that of several, "gevent" of one."""
    if name in known:
        return [name]
    return sorted(one for one in known if name in _parts(one))


def _parts(name: str) -> list[str]:
    return name.split("-")


def _closest(name: str, names: Collection[str]) -> list[str]:
    return get_close_matches(name, sorted(names), n=1, cutoff=_SIMILAR_FROM)


def _either(names: Collection[str]) -> str:
    *others, last = (repr(name) for name in names)
    return f"{', '.join(others)} or {last}" if others else last
