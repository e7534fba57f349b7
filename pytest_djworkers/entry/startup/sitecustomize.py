"""Found in place of the user's own, which is run as well, when a Python of the server's starts."""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from os.path import dirname, realpath

# In front of the site's modules, not among them.
_HERE = realpath(dirname(__file__))
sys.path[:] = [path for path in sys.path if realpath(path) != _HERE]

# This copy of the package, whatever other one the interpreter has.
sys.path.insert(0, dirname(dirname(dirname(_HERE))))
try:
    from pytest_djworkers.entry.startup_hook import install
finally:
    del sys.path[0]

install()

if _own := PathFinder.find_spec(__name__, sys.path):
    # The user's, which finds itself where it expects to be.
    sys.modules[__name__] = module_from_spec(_own)
    assert _own.loader is not None
    _own.loader.exec_module(sys.modules[__name__])
