"""Django's development server on our entry: ``python -m djworkers_runserver HOST PORT``. What
``manage.py runserver --noreload`` starts, without its checks and its log."""

import logging
import sys
from wsgiref.handlers import BaseHandler


def main(host: str, port: str) -> None:
    """Serve until killed."""
    from djworkers_wsgi import application

    # Django's logging is configured by now.
    logging.getLogger("django.server").setLevel(logging.ERROR)
    from django.core.servers.basehttp import run

    # It would make a header of each variable that begins with HTTP_, and HTTPS of HTTPS.
    BaseHandler.os_environ = {}
    run(host, int(port), application, threading=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
