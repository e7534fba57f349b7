"""Prints facts about the interpreter that runs this script, as JSON.

The arguments are names of distributions, whose installed versions are among the facts. It must run
in any Python: a version that is too old is to be named, and not to fail.
"""

# No functions: their annotations would be errors of syntax in Python 2.
import json
import platform
import sys
import sysconfig

if __name__ == "__main__":
    found = {}
    try:
        from importlib.metadata import PackageNotFoundError, version
    except ImportError:
        pass
    else:
        for name in sys.argv[1:]:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
    facts = {
        "number": list(sys.version_info[:2]),
        "version": platform.python_version() + getattr(sys, "abiflags", ""),
        "tag": getattr(getattr(sys, "implementation", None), "cache_tag", None),
        "platform": sysconfig.get_platform(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": getattr(sys, "base_prefix", sys.prefix),
        "packages": found,
    }
    print(json.dumps(facts))
