"""The site on PostgreSQL: `pytest --ds=example.settings_postgres`.

Where it is, libpq's own variables say: PGHOST, PGPORT, PGUSER, PGPASSWORD.
"""

import os

from example.settings import *  # noqa: F403  # settings are extended so

# Connections of each worker process, of which there are as many as CPUs: together they must stay
# below the server's max_connections, which is 100 by default. 0 switches the pool off.
POOL_SIZE = int(os.environ.get("EXAMPLE_POOL_SIZE", "20"))

# Under gevent each request in flight is a thread to Django, with a connection of its own. With the
# pool the request waits for one instead, for as long as it takes to get through all that wait.
POOL = {"min_size": 2, "max_size": POOL_SIZE, "timeout": 60}

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "example",
        "CONN_MAX_AGE": 0,  # a connection that is kept is one that the pool can't give to others
        "OPTIONS": {"pool": POOL} if POOL_SIZE else {},
    }
}
