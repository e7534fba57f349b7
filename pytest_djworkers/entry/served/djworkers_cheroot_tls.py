"""cheroot over TLS: its command line, after the files of a certificate and of its key."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from cheroot import cli, wsgi
    from cheroot.ssl.builtin import BuiltinSSLAdapter

    certificate, key = sys.argv[1:3]
    del sys.argv[1:3]
    # The command line makes a server of this class, which looks here.
    wsgi.Server.ssl_adapter = BuiltinSSLAdapter(certificate, key)
    cli.main()
