"""Django's development server on our entry: ``python -m pytest_djworkers.entry.runserver HOST
PORT``. What ``manage.py runserver --noreload`` starts, without its checks and its log."""

from __future__ import annotations

import logging
import sys


def main(host: str, port: str) -> None:
    """Serve until killed."""
    from pytest_djworkers.entry.wsgi import application

    # Django's logging is configured by now.
    logging.getLogger("django.server").setLevel(logging.ERROR)
    from django.core.servers.basehttp import run

    run(host, int(port), application, threading=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
