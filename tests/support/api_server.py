"""A server that answers as the parts of GitHub's and GitLab's APIs do which comments need."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Comment = dict[str, Any]


@dataclass
class Api:
    """The state of a repository, and what was done to it."""

    author: Comment
    """The fields of a comment by which its author is known."""
    pulls: list[Comment] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    done: list[tuple[str, str]] = field(default_factory=list)
    """The method and the path of each request that changed something."""
    tokens: set[str] = field(default_factory=set)
    url: str = ""
    page_size: int = 2

    def add(self, body: str, **author: Any) -> Comment:
        """Add a comment, by default one of ours."""
        made = {"id": len(self.comments) + 1, "body": body, **(author or self.author)}
        self.comments.append(made)
        return made

    def get(self, path: str, query: dict[str, str]) -> Any:
        if path.endswith("/user"):
            return {"id": 7}
        if path.endswith("/pulls"):
            return [one for one in self.pulls if one["head"]["label"] == query["head"]]
        # Small pages, so that tests see those who read the first one only.
        first = (int(query.get("page", 1)) - 1) * self.page_size
        return self.comments[first : first + self.page_size]

    def change(self, method: str, path: str, body: str) -> Any:
        self.done.append((method, path))
        if method == "POST":
            return self.add(body)
        (found,) = (one for one in self.comments if one["id"] == int(path.rpartition("/")[2]))
        found["body"] = body
        return found


@contextmanager
def serving(api: Api) -> Iterator[Api]:
    """Serve the API on a port of this machine while entered."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self, data: Any) -> None:
            text = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            api.tokens.add(self.headers["PRIVATE-TOKEN"])
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            self.answer(api.get(url.path, query))

        def do_POST(self) -> None:
            api.tokens.add(self.headers["PRIVATE-TOKEN"])
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = parse_qs(sent, strict_parsing=True)["body"][0]
            self.answer(api.change(self.command, urlsplit(self.path).path, body))

        def do_PUT(self) -> None:
            self.do_POST()

        def do_PATCH(self) -> None:
            self.do_POST()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


GH = f"""#!{sys.executable} -I
# As `gh api` does: a path, fields, and of a list all its pages, one JSON text after another.
import argparse, json, os, urllib.parse, urllib.request
parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["api"])
parser.add_argument("path")
parser.add_argument("--method")
parser.add_argument("--paginate", action="store_true")
parser.add_argument("--silent", action="store_true")
parser.add_argument("-f", action="append", default=[])
parser.add_argument("-F")
options = parser.parse_args()
fields = dict(one.split("=", 1) for one in options.f)
if options.F:
    name, _, file = options.F.partition("=@")
    fields[name] = open(file).read()
# With fields, it is a POST unless told otherwise.
method = options.method or ("POST" if fields else "GET")
page = 1
while True:
    url = os.environ["API"] + "/" + options.path
    data = urllib.parse.urlencode({{**fields, "page": page}} if method == "GET" else fields)
    if method == "GET":
        url, data = url + "?" + data, None
    headers = {{"PRIVATE-TOKEN": os.environ["GH_TOKEN"]}}
    asked = urllib.request.Request(url, data and data.encode(), headers, method=method)
    with urllib.request.urlopen(asked) as response:
        text = response.read().decode()
    if not options.silent:
        print(text, end="")
    if not options.paginate or not json.loads(text):
        break
    page += 1
"""
"""A stand-in for GitHub's command, which asks the server above."""
