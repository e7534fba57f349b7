"""The ASGI entry, which the server imports in each worker."""

import djworkers_entry

application = djworkers_entry.load("asgi")
