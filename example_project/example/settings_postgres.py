"""The site on PostgreSQL: `pytest --ds=example.settings_postgres`.

libpq's own variables say where PostgreSQL is: PGHOST, PGPORT, PGUSER, PGPASSWORD.
"""

import os

from example.settings import *  # noqa: F403  # this is how settings are extended

# The connections of each worker process. There are as many workers as CPUs, and all connections
# together must stay below the server's max_connections, 100 by default. 0 switches the pool off.
POOL_SIZE = int(os.environ.get("EXAMPLE_POOL_SIZE", "20"))

# Under gevent Django takes each request in flight for a thread, with a connection of its own. With
# the pool a request waits for a connection instead, until all that wait before it have had one.
POOL = {"min_size": 2, "max_size": POOL_SIZE, "timeout": 60}

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "example",
        "CONN_MAX_AGE": 0,  # the pool can't give a kept connection to others
        "OPTIONS": {"pool": POOL} if POOL_SIZE else {},
    }
}
