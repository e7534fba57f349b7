"""The WSGI entry, which the server imports in each worker."""

import djworkers_entry

application = djworkers_entry.load("wsgi")
