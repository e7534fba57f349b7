"""A configuration of gunicorn without settings: ours are on the command line.

With ``--config``, gunicorn does not load the ``gunicorn.conf.py`` of the current folder.
"""
