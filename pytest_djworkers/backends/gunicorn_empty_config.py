"""Given to gunicorn as its configuration, so that it does not load a ``gunicorn.conf.py`` that
lies in the current folder. Deliberately without a setting: ours are on the command line."""
